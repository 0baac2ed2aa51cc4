"""Provider declarations: a user's own file over a packaged one, and every wrong key named."""

from __future__ import annotations

import pickle
import tomllib
from datetime import date

import pytest

from focus_lake import declare, storage
from focus_lake.errors import DeclarationError
from focus_lake.resources import data
from focus_lake.spec import columns

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
    return declare.load("alibaba")


@pytest.fixture
def user_file(tmp_path):
    """Writes a file into the user's folder of declarations and gives the folder."""

    def write(text: str, name: str = "alibaba"):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("name", declare.names())
def test_a_packaged_declaration_loads_and_cites_what_it_was_written_from(name):
    loaded = declare.load(name)
    assert loaded.name == name
    assert loaded.documentation
    for document in loaded.documentation:
        assert document.url.startswith("https://")
        assert isinstance(document.read, date)


def test_a_byte_order_mark_before_a_users_file_is_passed_over(user_file):
    folder = user_file("\ufeff" + MINIMAL, "tiny")
    assert declare.load("tiny", storage.at(str(folder))).title == "Tiny"


def test_a_declaration_travels_to_the_executors(alibaba):
    assert pickle.loads(pickle.dumps(alibaba)) == alibaba


def test_a_users_file_changes_the_keys_it_names_and_no_other(alibaba, user_file):
    folder = user_file(
        'title = "Aliyun"\n'
        '[repairs.InvoiceIssuerName.table]\n"4711" = "Alibaba Europe Ltd."\n'
        '[tags.attributes]\nx_Brand = ["Marke"]\n'
    )
    loaded = declare.load("alibaba", storage.at(str(folder)))
    assert loaded.title == "Aliyun"
    assert loaded.repairs["InvoiceIssuerName"].table == {"4711": "Alibaba Europe Ltd."}
    assert loaded.repairs["ProviderName"] == alibaba.repairs["ProviderName"]
    assert loaded.tags.attributes == {**alibaba.tags.attributes, "x_Brand": ("Marke",)}
    assert (loaded.layout, loaded.time) == (alibaba.layout, alibaba.time)


def test_a_user_can_declare_a_provider_of_their_own(user_file):
    folder = user_file(MINIMAL, "tiny")
    assert "tiny" in declare.names(storage.at(str(folder))) and "alibaba" in declare.names(
        storage.at(str(folder))
    )
    tiny = declare.load("tiny", storage.at(str(folder)))
    assert (tiny.delivery, tiny.format.max_decimals) == ("increment", "reject")
    assert tiny.columns == columns.table()


def test_an_older_header_is_renamed_to_its_focus_column(user_file):
    folder = user_file(MINIMAL + '[renames]\nUsageQuantity = "ConsumedQuantity"\n', "tiny")
    headers = declare.load("tiny", storage.at(str(folder))).headers
    assert headers["usagequantity"] == headers["consumedquantity"] == "ConsumedQuantity"


def test_a_rename_wins_over_the_column_that_has_the_headers_own_name(user_file):
    folder = user_file(MINIMAL + '[renames]\nProviderName = "ServiceProviderName"\n', "tiny")
    assert (
        declare.load("tiny", storage.at(str(folder))).headers["providername"]
        == "ServiceProviderName"
    )


def test_a_providers_own_column_can_be_renamed_to_and_repaired(user_file):
    folder = user_file(
        '[renames]\nInstance = "x_InstanceID"\n'
        '[repairs.x_CommodityName]\nkind = "numeric_name"\ntable = {"1" = "ECS"}\n'
    )
    loaded = declare.load("alibaba", storage.at(str(folder)))
    assert loaded.headers["instance"] == loaded.headers["x_instanceid"] == "x_InstanceID"
    assert loaded.repairs["x_CommodityName"].table == {"1": "ECS"}


def test_a_provider_with_one_export_can_name_it_outright(user_file):
    folder = user_file(MINIMAL.replace("{account}", "finance"), "tiny")
    assert declare.load("tiny", storage.at(str(folder))).layout.export == "finance"


def test_a_users_extra_column_joins_the_table_with_its_type(user_file):
    extra = (
        "[extra_columns.x_Paid]\nsource = 'paid at'\ntype = 'timestamp'\ndescription = 'Paid.'\n"
    )
    tiny = declare.load("tiny", storage.at(str(user_file(MINIMAL + extra, "tiny"))))
    last = tiny.columns[-1]
    assert (last.name, last.data_type, last.stored) == ("x_Paid", "datetime", "timestamp")
    assert tiny.headers["paid at"] == "x_Paid"


def test_the_fingerprint_moves_with_a_setting_but_not_with_a_title_or_comment(alibaba, user_file):
    def fingerprint(text):
        return declare.load("alibaba", storage.at(str(user_file(text)))).fingerprint

    assert len(alibaba.fingerprint) == 16
    assert fingerprint("# nothing\n") == alibaba.fingerprint
    assert fingerprint('title = "Aliyun"\n') == alibaba.fingerprint
    assert fingerprint('[time]\nliteral_z = "utc"\n') != alibaba.fingerprint
    ordered = fingerprint("[repairs.InvoiceIssuerName.table]\n1 = 'A'\n2 = 'B'\n")
    assert ordered == fingerprint("[repairs.InvoiceIssuerName.table]\n2 = 'B'\n1 = 'A'\n")


# A user's line -> what the error must say. The file named is always the user's.
WRONG = [
    ("time = 3", "time: 3 is not a table"),
    ("[time]\nzones = 'UTC'", "time.zones: unknown key; did you mean 'zone'?"),
    ("[tiem]\nzone = 'UTC'", "tiem: unknown key; did you mean 'time'?"),
    ("[time]\nzone = 'Asia/Peking'", "time.zone: 'Asia/Peking' is not a time zone"),
    ("[time]\nzone = '/etc/passwd'", "time.zone: '/etc/passwd' is not a time zone"),
    ("[time]\nliteral_z = 'UTC'", "time.literal_z: 'UTC' is not one of zone, utc; did you mean"),
    ("[time]\nformats = 'yyyy'", "time.formats: 'yyyy' is not a list"),
    ("[time]\nformats = []", "time.formats: is empty"),
    ("[time]\nformats = ['YYYY-MM-dd']", "time.formats[0]: 'YYYY-MM-dd': Y is not one of yMdHmsS"),
    ('[time]\nformats = ["yyyy\'"]', "time.formats[0]: \"yyyy'\": ' is not one of yMdHmsS"),
    ("[layout]\npath = '('", "layout.path: '(' is not a regular expression"),
    ("[layout]\npath = '(?P<yearmonth>.)(?P<file>.)'", "layout.path: has no group (?P<batch_ts>"),
    ("[layout]\nexport = '{acount}'", "layout.export: 'acount' is not a group of path or file"),
    ("[layout]\nexport = '{account'", "layout.export: '{account' is not a text with {group}s"),
    ("[layout]\nexport = '{}'", "layout.export: '' is not a group of path or file"),
    ("[layout]\ndata_extensions = [1]", "layout.data_extensions[0]: 1 is not a text"),
    ("[[layout.refuse]]\npattern = 'x'\nreason = 'x'", "layout.refuse[0].message: missing key"),
    ("[layout]\nbatch_ts_zone = 'Bejing'", "layout.batch_ts_zone: 'Bejing' is not a time zone"),
    ("[format]\nrequired = ['BiledCost']", "format.required[0]: 'BiledCost' is not a FOCUS column;"
     " did you mean 'BilledCost'?"),
    ("[format]\nrequired = ['billedcost']", "'billedcost' is not a FOCUS column; did you mean"),
    ("[format]\nencoding = 'utf-9'", "format.encoding: 'utf-9' is not an encoding"),
    ("[format]\nencoding = 'base64'", "format.encoding: 'base64' is not an encoding"),
    ("[format]\nmax_decimals = 'cut'", "format.max_decimals: 'cut' is not one of reject, round"),
    ("[renames]\nCost = 'BiledCost'", "renames.Cost: 'BiledCost' is not a FOCUS column; did you"),
    ("[renames]\nx_commodityCODE = 'SkuId'", "renames.x_commodityCODE: this header already fills"),
    ("[repairs.ProvidrName]\nkind = 'numeric_name'", "repairs.ProvidrName: 'ProvidrName' is not"
     " a FOCUS column; did you mean 'ProviderName'?"),
    ("[repairs.RegionName]\nvalue = 'x'", "repairs.RegionName.kind: missing key"),
    ("[repairs.InvoiceIssuerName]\ntable = {Ltd = 'x'}", "repairs.InvoiceIssuerName.table.Ltd: is "
     "not a number"),
    ("[extra_columns.x_New]\nsource = 'N'\ntype = 'string'", "extra_columns.x_New.description: miss"
     "ing key"),
    ("[extra_columns.x_InstanceID]\ntype = 'double'", "extra_columns.x_InstanceID.type: 'double' is"
     " not one of string, decimal, timestamp, map"),
    ("[extra_columns.New]\nsource = 'N'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.New: is not x_ and then"),
    ("[extra_columns.x_brand]\nsource = 'N'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.x_brand: is already a column"),
    ("[extra_columns.x_INSTANCEID]\nsource = 'N'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.x_INSTANCEID: is already a column"),
    ("[extra_columns.x_New]\nsource = 'x_instanceid'\ntype = 'string'\ndescription = 'n'",
     "extra_columns.x_New.source: 'x_instanceid' already fills x_InstanceID"),
    ("[tags.attributes]\nx_Barnd = ['b']", "tags.attributes.x_Barnd: 'x_Barnd' is not a column for "
     "a tag; did you mean 'x_Brand'?"),
    ("[tags.attributes]\nx_Provider = ['p']", "tags.attributes.x_Provider: 'x_Provider' is not a"),
    ("[tags.attributes]\nx_Brand = []", "tags.attributes.x_Brand: is empty"),
    ("[gaps]\nalways_null = ['SkuID']", "gaps.always_null[0]: 'SkuID' is not a FOCUS column; did"),
    ("name = 'aws'", "name: 'aws' is not the file's name, 'alibaba'"),
    ("delivery = 'snapshots'", "delivery: 'snapshots' is not one of snapshot, increment, upsert;"),
    ("focus_version = '1.5'", "focus_version: '1.5' is not one of 1.0, 1.1, 1.2, 1.3, 1.4"),
    ("focus_version = 1.0", "focus_version: 1.0 is not one of"),
    ("fingerprint = 'x'", "fingerprint: unknown key"),
    ("title = ", "not a TOML file"),
    ("[[documentation]]\nurl = 'u'\nread = 2026-11-21T10:00:00", "documentation[0].read: "),
]  # fmt: skip


def test_a_key_that_is_missing_is_explained(user_file):
    """By the words that stand with it in model.py, for somebody who copied half a declaration."""
    folder = user_file(MINIMAL.replace('export = "{account}"\n', ""), "tiny")
    with pytest.raises(DeclarationError) as caught:
        declare.load("tiny", storage.at(str(folder)))
    assert str(caught.value).endswith(
        "layout.export: missing key: what tells one export from another, made of groups, such as "
        '"{account}_{site}"; if there is one alone, any word, such as "all"'
    )


@pytest.mark.parametrize("text, message", WRONG, ids=[text.split("\n")[-1] for text, _ in WRONG])
def test_a_wrong_key_is_named_with_its_file_and_what_would_be_right(user_file, text, message):
    folder = user_file(text)
    with pytest.raises(DeclarationError) as caught:
        declare.load("alibaba", storage.at(str(folder)))
    assert str(caught.value).startswith(f"{folder / 'alibaba.toml'}: ")
    assert message in str(caught.value)


def every_key(tables: dict, above: tuple[str, ...] = ()):
    for name, value in tables.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from every_key(value, (*above, name))


ALIBABA = tomllib.loads(data("declare", "providers", "alibaba.toml").read_text(encoding="utf-8"))


@pytest.mark.thorough
@pytest.mark.parametrize("key", list(every_key(ALIBABA)), ids=".".join)
def test_nonsense_under_any_key_is_refused_by_name_and_never_a_stray_error(user_file, key):
    dotted = ".".join(f'"{part}"' for part in key)
    meant = ALIBABA
    for part in key:
        meant = meant[part]
    for nonsense in ("1", "1.5", "true", "[[1]]", "2026-11-21T10:00:00Z", "{nonsense = 1}"):
        if type(tomllib.loads(f"x = {nonsense}")["x"]) is type(meant) in (int, bool):
            continue
        folder = user_file(f"{dotted} = {nonsense}\n")
        with pytest.raises(DeclarationError) as caught:
            declare.load("alibaba", storage.at(str(folder)))
        assert str(caught.value).startswith(f"{folder / 'alibaba.toml'}: {'.'.join(key)}")


@pytest.mark.parametrize("line", [line for line in MINIMAL.splitlines() if " = " in line])
def test_a_provider_of_ones_own_needs_every_key_that_has_no_default(user_file, line):
    folder = user_file(MINIMAL.replace(f"\n{line}\n", "\n"), "tiny")
    with pytest.raises(DeclarationError, match=rf"tiny.toml: (\w+\.)?{line.split()[0]}: missing"):
        declare.load("tiny", storage.at(str(folder)))


@pytest.mark.parametrize("name", ["My_bills", "my-bills", "my bills", "1bills"])
def test_a_provider_name_must_do_for_a_table_name(user_file, name):
    folder = user_file(MINIMAL.replace('"tiny"', f'"{name}"'), name)
    with pytest.raises(DeclarationError, match=f"'{name}' is not lower-case"):
        declare.load(name, storage.at(str(folder)))


def test_a_provider_nobody_declared_is_answered_with_the_nearest_one():
    with pytest.raises(DeclarationError, match="'alibab'; did you mean 'alibaba'"):
        declare.load("alibab")


def test_a_file_that_is_no_utf_8_is_named(tmp_path):
    (tmp_path / "alibaba.toml").write_bytes('title = "阿里云"'.encode("gbk"))
    with pytest.raises(DeclarationError, match="alibaba.toml: not UTF-8"):
        declare.load("alibaba", storage.at(str(tmp_path)))


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_declarations_is_a_mistake(tmp_path, made):
    folder = tmp_path / "declarations"
    if made:
        (folder / "deeper").mkdir(parents=True)
        (folder / "deeper" / "alibaba.toml").write_text("title = 'too deep'")
    with pytest.raises(DeclarationError, match="declarations: no file NAME.toml"):
        declare.load("alibaba", storage.at(str(folder)))
    with pytest.raises(DeclarationError, match="declarations: no file NAME.toml"):
        declare.names(storage.at(str(folder)))


@pytest.mark.parametrize(
    "name, text, problem",
    [
        ("ConsumedQuantity", "one", "'one' is not a number"),
        ("ConsumedQuantity", "1e3", "'1e3' is not a number"),
        ("ListCost", "0.1234567890123456789", "18 after it"),
        ("ListCost", "123456789012345678901", "20 digits before"),
        ("ListCost", "１", "is not a number"),
        ("BillingPeriodStart", "2026-01-01", "is not a time with its zone"),
        ("BillingPeriodStart", "January", "is not a time with its zone"),
        ("Tags", "a", "cannot have a default"),
        ("ProviderName", " ", "an empty text is not a value"),
    ],
)
def test_a_default_that_its_column_cannot_hold_is_refused_before_any_task_runs(
    user_file, name, text, problem
):
    folder = user_file(f'[defaults]\n{name} = "{text}"\n')
    with pytest.raises(DeclarationError, match=f"alibaba.toml: defaults.{name}: .*{problem}"):
        declare.load("alibaba", storage.at(str(folder)))
