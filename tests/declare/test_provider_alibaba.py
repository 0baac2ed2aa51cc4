"""What is known of Alibaba Cloud's export, as its declaration says it."""

from __future__ import annotations

import pytest

from focus_lake import declare
from focus_lake.spec import columns


@pytest.fixture(scope="module")
def alibaba():
    return declare.load("alibaba")


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


def test_alibaba_exports_focus_1_0_with_the_43_columns_of_that_version(alibaba):
    assert alibaba.focus_version == "1.0"
    assert len(columns.of_version(alibaba.focus_version)) == 43


def test_an_alibaba_file_is_a_zip_or_csv_or_has_no_extension_and_is_known_by_its_header(alibaba):
    assert alibaba.layout.data_extensions == (".zip", ".csv", "")
    assert alibaba.format.required == ("BilledCost", "BillingPeriodStart")
    assert alibaba.format.encoding == "utf-8"


def test_what_would_change_an_alibaba_value_silently_is_off_until_a_user_asks_for_it(alibaba):
    assert alibaba.format.max_decimals == "reject"
    assert alibaba.time.period_end == "exclusive"


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
