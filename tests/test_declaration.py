"""Provider declarations: Alibaba's facts, a user's own file over it, and every wrong key named."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from focus_lake import columns, declaration
from focus_lake.errors import DeclarationError

MINIMAL = """
name = "tiny"
title = "Tiny"
focus_version = "1.2"
delivery = "increment"

[layout]
path = '(?P<yearmonth>[0-9]{6})/(?P<batch_ts>[0-9]{14})/(?P<file>.+)'
file = '(?P<account>[0-9]+)[.]csv'
export = "{account}"
data_extensions = [".csv"]
batch_ts_zone = "UTC"

[format]
null_texts = [""]
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd'T'HH:mm:ss"]
"""


@pytest.fixture(scope="module")
def alibaba():
    return declaration.load("alibaba")


@pytest.fixture
def user_file(tmp_path):
    """Writes a file into the user's folder of declarations and gives the folder."""

    def write(text: str, name: str = "alibaba"):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("name", declaration.names())
def test_a_packaged_declaration_loads_and_cites_what_it_was_written_from(name):
    loaded = declaration.load(name)
    assert loaded.name == name
    assert loaded.documentation
    for document in loaded.documentation:
        assert document.url.startswith("https://")
        assert isinstance(document.read, date)


@pytest.mark.parametrize(
    "path, yearmonth, batch_ts, file",
    [
        ("202601/20260131173000/a.zip", "202601", "20260131173000", "a.zip"),
        ("bills/focus/202601/20260131173000/a", "202601", "20260131173000", "a"),
        ("202512/202601/20260131173000/a.csv", "202601", "20260131173000", "a.csv"),
    ],
)
def test_month_and_batch_are_the_last_two_folders(alibaba, path, yearmonth, batch_ts, file):
    match = alibaba.layout.path.fullmatch(path)
    assert (match["yearmonth"], match["batch_ts"], match["file"]) == (yearmonth, batch_ts, file)


@pytest.mark.parametrize(
    "path",
    [
        "202601/a.zip",
        "20260131173000/a.zip",
        "202613/20260131173000/a.zip",
        "202601/20260131/a.zip",
        "202601/20260131173000/deeper/a.zip",
        "x202601/20260131173000/a.zip",
    ],
)
def test_a_path_of_another_shape_is_no_batch(alibaba, path):
    assert alibaba.layout.path.fullmatch(path) is None


@pytest.mark.parametrize(
    "name, export, kind, yearmonth, part",
    [
        ("1500_2_X_202601.zip", "1500_2", "X", "202601", None),
        ("1500_2_X_202601_part_001.zip", "1500_2", "X", "202601", "001"),
        ("1500_2_X_202601_part_1000.ZIP", "1500_2", "X", "202601", "1000"),
        ("1500_2_X_202601.csv", "1500_2", "X", "202601", None),
        ("1500_2_X_202601", "1500_2", "X", "202601", None),
        ("1500_2_X_202601_part_002", "1500_2", "X", "202601", "002"),
        ("1500_2688801000001_Cost_Details_202601.zip", "1500_2688801000001", "Cost_Details",
         "202601", None),
        ("1500_2_202601.zip", "1500_2", None, "202601", None),
        ("20260101_2_X_202601.zip", "20260101_2", "X", "202601", None),
    ],
)  # fmt: skip
def test_a_file_name_tells_export_month_and_part(alibaba, name, export, kind, yearmonth, part):
    match = alibaba.layout.file.fullmatch(name)
    assert alibaba.layout.export.format(**match.groupdict()) == export
    assert (match["kind"], match["yearmonth"], match["part"]) == (kind, yearmonth, part)
    assert not any(refusal.pattern.search(name) for refusal in alibaba.layout.refuse)


@pytest.mark.parametrize(
    "name",
    [
        "1500_2_X_20260131.zip",
        "1500_2_X_20260131",
        "1500_2_X_20260131.csv",
        "1500_2_X_20260131_part_001.zip",
        "1500_2_X_202601_20260131.zip",
    ],
)
def test_a_file_of_one_day_is_refused_by_its_name(alibaba, name):
    (refusal,) = (one for one in alibaba.layout.refuse if one.pattern.search(name))
    assert refusal.reason == "daily_file_name"


def test_alibabas_times_are_beijing_whatever_letter_ends_them(alibaba):
    assert (alibaba.time.zone, alibaba.time.literal_z) == ("Asia/Shanghai", "zone")
    assert alibaba.time.formats == ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss")
    assert alibaba.layout.batch_ts_zone == "Asia/Shanghai"


def test_alibabas_null_has_five_spellings(alibaba):
    assert alibaba.format.null_texts == ("", "-", "null", "NULL", "\\N")


def test_alibabas_push_replaces_the_one_before_it(alibaba):
    assert alibaba.delivery == "snapshot"


def test_alibabas_numbers_for_names_are_repaired_where_a_name_is_known(alibaba):
    repairs = {name: (one.kind, one.value, one.table) for name, one in alibaba.repairs.items()}
    assert repairs == {
        "ProviderName": ("numeric_name", "Alibaba Cloud", {}),
        "PublisherName": ("numeric_name", "Alibaba Cloud", {}),
        "InvoiceIssuerName": ("numeric_name", None, {}),
    }


@pytest.mark.parametrize(
    "header, column",
    [
        ("X_CommodityCode", "x_CommodityCode"),
        ("X_CommodityName", "x_CommodityName"),
        ("X_BillingItemCode", "x_BillingItemCode"),
        ("X_BillingItemName", "x_BillingItemName"),
        ("X_InstanceID", "x_InstanceID"),
        ("BilledCost", "BilledCost"),
        ("BILLEDCOST", "BilledCost"),
        ("x_Provider", None),
        ("Surprise", None),
    ],
)
def test_a_header_fills_a_column_whatever_its_case(alibaba, header, column):
    assert alibaba.headers.get(header.casefold()) == column


def test_a_normalized_table_ends_with_the_providers_own_columns(alibaba):
    assert alibaba.columns[: len(columns.table())] == columns.table()
    own = alibaba.columns[len(columns.table()) :]
    assert [(one.name, one.origin, one.stored) for one in own] == [
        ("x_CommodityCode", "alibaba", "string"),
        ("x_CommodityName", "alibaba", "string"),
        ("x_BillingItemCode", "alibaba", "string"),
        ("x_BillingItemName", "alibaba", "string"),
        ("x_InstanceID", "alibaba", "string"),
    ]
    assert all(20 <= len(one.description) <= 255 for one in own)


def test_each_tag_attribute_asks_for_its_own_name_first(alibaba):
    firsts = {name: keys[0] for name, keys in alibaba.tags.attributes.items()}
    assert firsts == {
        "x_Brand": "Brand",
        "x_Project": "Project",
        "x_Owner": "Owner",
        "x_CostCenter": "CostCenter",
        "x_Environment": "Environment",
        "x_Application": "Application",
    }


def test_no_tag_key_belongs_to_two_attributes(alibaba):
    keys = [key.casefold() for keys in alibaba.tags.attributes.values() for key in keys]
    assert len(set(keys)) == len(keys)


def test_a_declaration_travels_to_the_executors(alibaba):
    assert pickle.loads(pickle.dumps(alibaba)) == alibaba


def test_a_users_file_changes_the_keys_it_names_and_no_other(alibaba, user_file):
    folder = user_file(
        'title = "Aliyun"\n'
        '[repairs.InvoiceIssuerName.table]\n"4711" = "Alibaba Europe Ltd."\n'
        '[tags.attributes]\nx_Brand = ["Marke"]\n'
    )
    loaded = declaration.load("alibaba", folder)
    assert loaded.title == "Aliyun"
    assert loaded.repairs["InvoiceIssuerName"].table == {"4711": "Alibaba Europe Ltd."}
    assert loaded.repairs["ProviderName"] == alibaba.repairs["ProviderName"]
    assert loaded.tags.attributes == {**alibaba.tags.attributes, "x_Brand": ("Marke",)}
    assert (loaded.layout, loaded.time) == (alibaba.layout, alibaba.time)


def test_a_user_can_declare_a_provider_of_their_own(user_file):
    folder = user_file(MINIMAL, "tiny")
    assert "tiny" in declaration.names(folder) and "alibaba" in declaration.names(folder)
    tiny = declaration.load("tiny", str(folder))
    assert (tiny.delivery, tiny.format.max_decimals) == ("increment", "reject")
    assert tiny.columns == columns.table()


def test_an_older_header_is_renamed_to_its_focus_column(user_file):
    folder = user_file(MINIMAL + '[renames]\nUsageQuantity = "ConsumedQuantity"\n', "tiny")
    headers = declaration.load("tiny", folder).headers
    assert headers["usagequantity"] == headers["consumedquantity"] == "ConsumedQuantity"


def test_a_users_extra_column_joins_the_table_with_its_type(user_file):
    extra = (
        "[extra_columns.x_Paid]\nsource = 'paid at'\ntype = 'timestamp'\ndescription = 'Paid.'\n"
    )
    tiny = declaration.load("tiny", user_file(MINIMAL + extra, "tiny"))
    last = tiny.columns[-1]
    assert (last.name, last.data_type, last.stored) == ("x_Paid", "datetime", "timestamp")
    assert tiny.headers["paid at"] == "x_Paid"


def test_the_fingerprint_moves_with_a_setting_but_not_with_a_title_or_comment(alibaba, user_file):
    def fingerprint(text):
        return declaration.load("alibaba", user_file(text)).fingerprint

    assert len(alibaba.fingerprint) == 16
    assert fingerprint("# nothing\n") == alibaba.fingerprint
    assert fingerprint('title = "Aliyun"\n') == alibaba.fingerprint
    assert fingerprint('[time]\nliteral_z = "utc"\n') != alibaba.fingerprint


# A user's line -> what the error must say. The file named is always the user's.
WRONG = [
    ("time = 3", "time: 3 is not a table"),
    ("[time]\nzones = 'UTC'", "time.zones: unknown key; did you mean 'zone'?"),
    ("[tiem]\nzone = 'UTC'", "tiem: unknown key; did you mean 'time'?"),
    ("[time]\nzone = 'Asia/Peking'", "time.zone: 'Asia/Peking' is no time zone"),
    ("[time]\nzone = '/etc/passwd'", "time.zone: '/etc/passwd' is no time zone"),
    ("[time]\nliteral_z = 'UTC'", "time.literal_z: 'UTC' is none of zone, utc; did you mean 'utc'"),
    ("[time]\nformats = 'yyyy'", "time.formats: 'yyyy' is not a list"),
    ("[time]\nformats = []", "time.formats: is empty"),
    ("[time]\nformats = ['YYYY-MM-dd']", "time.formats[0]: 'YYYY-MM-dd': Y is none of yMdHmsS"),
    ("[layout]\npath = '('", "layout.path: '(' is not a regular expression"),
    ("[layout]\npath = '(?P<yearmonth>.)(?P<file>.)'", "layout.path: has no group (?P<batch_ts>"),
    ("[layout]\nexport = '{acount}'", "layout.export: 'acount' is no group of path or file; did"),
    ("[layout]\nexport = '{account'", "layout.export: '{account' is not a text with {group}s"),
    ("[layout]\nexport = '{}'", "layout.export: '' is no group of path or file"),
    ("[layout]\ndata_extensions = [1]", "layout.data_extensions[0]: 1 is not a text"),
    ("[[layout.refuse]]\npattern = 'x'\nreason = 'x'", "layout.refuse[0].message: missing key"),
    ("[layout]\nbatch_ts_zone = 'Bejing'", "layout.batch_ts_zone: 'Bejing' is no time zone"),
    ("[format]\nrequired = ['BiledCost']", "format.required[0]: 'BiledCost' is no FOCUS column; did"
     " you mean 'BilledCost'?"),
    ("[format]\nrequired = ['billedcost']", "'billedcost' is no FOCUS column; did you mean"),
    ("[format]\nencoding = 'utf-9'", "format.encoding: 'utf-9' is no encoding"),
    ("[format]\nencoding = 'base64'", "format.encoding: 'base64' is no encoding"),
    ("[format]\nmax_decimals = 'cut'", "format.max_decimals: 'cut' is none of reject, round"),
    ("[renames]\nCost = 'BiledCost'", "renames.Cost: 'BiledCost' is no FOCUS column; did you mean"),
    ("[renames]\nx_commodityCODE = 'SkuId'", "renames.x_commodityCODE: this header already fills"),
    ("[repairs.ProvidrName]\nkind = 'numeric_name'", "repairs.ProvidrName: 'ProvidrName' is no"
     " FOCUS column; did you mean 'ProviderName'?"),
    ("[repairs.RegionName]\nvalue = 'x'", "repairs.RegionName.kind: missing key"),
    ("[repairs.InvoiceIssuerName]\ntable = {Ltd = 'x'}", "repairs.InvoiceIssuerName.table.Ltd: is "
     "not a number"),
    ("[extra_columns.x_New]\nsource = 'N'\ntype = 'string'", "extra_columns.x_New.description: miss"
     "ing key"),
    ("[extra_columns.x_InstanceID]\ntype = 'double'", "extra_columns.x_InstanceID.type: 'double' is"
     " none of string, decimal, timestamp, map"),
    ("[extra_columns.New]\nsource = 'N'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.New: is not x_ and then"),
    ("[extra_columns.x_brand]\nsource = 'N'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.x_brand: is already a column"),
    ("[extra_columns.x_New]\nsource = 'x_instanceid'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.x_New.source: 'x_instanceid' already fills x_InstanceID"),
    ("[tags.attributes]\nx_Barnd = ['b']", "tags.attributes.x_Barnd: 'x_Barnd' is no column for a "
     "tag; did you mean 'x_Brand'?"),
    ("[tags.attributes]\nx_Provider = ['p']", "tags.attributes.x_Provider: 'x_Provider' is no col"),
    ("[tags.attributes]\nx_Brand = []", "tags.attributes.x_Brand: is empty"),
    ("[gaps]\nalways_null = ['SkuID']", "gaps.always_null[0]: 'SkuID' is no FOCUS column; did you"),
    ("name = 'aws'", "name: 'aws' is not the file's name, 'alibaba'"),
    ("delivery = 'snapshots'", "delivery: 'snapshots' is none of snapshot, increment; did you"),
    ("focus_version = '1.5'", "focus_version: '1.5' is none of 1.0, 1.1, 1.2, 1.3, 1.4"),
    ("focus_version = 1.0", "focus_version: 1.0 is none of"),
    ("fingerprint = 'x'", "fingerprint: unknown key"),
    ("title = ", "not a TOML file"),
    ("[[documentation]]\nurl = 'u'\nread = 2026-11-21T10:00:00", "documentation[0].read: "),
]  # fmt: skip


@pytest.mark.parametrize("text, message", WRONG, ids=[text.split("\n")[-1] for text, _ in WRONG])
def test_a_wrong_key_is_named_with_its_file_and_what_would_be_right(user_file, text, message):
    folder = user_file(text)
    with pytest.raises(DeclarationError) as caught:
        declaration.load("alibaba", folder)
    assert str(caught.value).startswith(f"{folder / 'alibaba.toml'}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("line", [line for line in MINIMAL.splitlines() if " = " in line])
def test_a_provider_of_ones_own_needs_every_key_that_has_no_default(user_file, line):
    folder = user_file(MINIMAL.replace(f"\n{line}\n", "\n"), "tiny")
    with pytest.raises(DeclarationError, match=rf"tiny.toml: (\w+\.)?{line.split()[0]}: missing"):
        declaration.load("tiny", folder)


def test_a_provider_name_must_do_for_a_table_name(user_file):
    folder = user_file(MINIMAL.replace('"tiny"', '"My-Bills"'), "My-Bills")
    with pytest.raises(DeclarationError, match="'My-Bills' is not lower-case"):
        declaration.load("My-Bills", folder)


def test_a_provider_nobody_declared_is_answered_with_the_nearest_one():
    with pytest.raises(DeclarationError, match="'alibab'; did you mean 'alibaba'"):
        declaration.load("alibab")


def test_a_file_that_is_no_utf_8_is_named(tmp_path):
    (tmp_path / "alibaba.toml").write_bytes('title = "阿里云"'.encode("gbk"))
    with pytest.raises(DeclarationError, match="alibaba.toml: not UTF-8"):
        declaration.load("alibaba", tmp_path)


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_declarations_is_a_mistake(tmp_path, made):
    folder = tmp_path / "declarations"
    if made:
        (folder / "deeper").mkdir(parents=True)
        (folder / "deeper" / "alibaba.toml").write_text("title = 'too deep'")
    with pytest.raises(DeclarationError, match="declarations: no file NAME.toml"):
        declaration.load("alibaba", folder)
    with pytest.raises(DeclarationError, match="declarations: no file NAME.toml"):
        declaration.names(folder)
