"""Google's sample: Parquet as BigQuery writes it out, NUMERIC costs and arrays of labels."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.sample_exports import COSTS, make, paths, rows_of

LAST = "billing/main/202601/20260204T094429Z"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("gcp"), "gcp", rows=4000, pushes=2)


@pytest.fixture(scope="module")
def rows(raw):
    return [row for path in sorted((raw / LAST).iterdir()) for row in rows_of(path)]


def test_each_export_of_a_month_has_a_folder_with_its_time(raw):
    times = ["202512/20251217T095718Z", "202512/20260104T093300Z"]
    times += ["202601/20260117T090847Z", "202601/20260204T094429Z"]
    assert paths(raw) == [
        f"billing/main/{time}/{part}.parquet"
        for time in times
        for part in ("000000000000", "000000000001")
    ]


def test_costs_are_numeric_with_nine_decimals_and_times_utc(raw):
    schema = pq.read_schema(raw / LAST / "000000000000.parquet")
    for name in (*COSTS, "ListUnitPrice", "PricingQuantity", "x_CostAtListConsumptionModel"):
        assert schema.field(name).type == pa.decimal128(38, 9), name
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us", "UTC")
    assert schema.field("x_CurrencyConversionRate").type == pa.float64()


def test_columns_are_those_of_googles_table(raw):
    names = pq.read_schema(raw / LAST / "000000000000.parquet").names
    assert len(names) == len(set(names))
    absent = {"Tags", "ChargeFrequency", "CommitmentDiscountId", "ServiceCategory", "InvoiceId"}
    assert not absent & set(names)
    assert {"BilledCost", "SubAccountId", "x_Credits", "x_Project", "x_Location"} < set(names)


def test_the_billing_month_begins_at_midnight_of_pacific_time(rows):
    assert {row["BillingPeriodStart"] for row in rows} == {datetime(2026, 1, 1, 8, tzinfo=UTC)}
    assert {row["BillingPeriodEnd"] for row in rows} == {datetime(2026, 2, 1, 8, tzinfo=UTC)}


def test_labels_are_arrays_of_key_and_value_and_empty_where_there_are_none(rows):
    names = ("x_Labels", "x_Tags", "x_ProjectLabels", "x_SystemLabels")
    for name in names:
        assert all(isinstance(row[name], list) for row in rows), name
    pairs = {(pair["key"], pair["value"]) for row in rows for pair in row["x_Labels"]}
    assert ("cost-center", "customer-success") in pairs
    assert ("cost-center", "cc-1001") in pairs  # labels have no capital letters
    assert ("owner", "li_wei_example_com") in pairs
    assert {pair["key"] for row in rows for pair in row["x_Tags"]} == {"brand", "project-name"}
    assert [] in [row["x_Labels"] for row in rows]


def test_only_charges_with_a_commitment_have_credits(rows):
    credits = [row["x_Credits"] for row in rows if row["x_Credits"]]
    assert 0 < len(credits) < len(rows) / 4
    assert {credit["type"] for each in credits for credit in each} == {"COMMITTED_USAGE_DISCOUNT"}
