"""Parquet: wrong schemas, types, cut and damaged files; doubles; rejected rows."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal as D
from decimal import localcontext

import duckdb
import pyarrow as pa
import pytest

from helpers.format_bills import (
    GCP,
    PART,
    START,
    as_bytes,
    table,
)

pytestmark = pytest.mark.thorough


def test_parquet_of_another_schema_is_refused_with_the_columns_it_has(bills):
    bills.put("aws", PART, pa.table({"line_item_unblended_cost": [1.0], "bill_type": ["A"]}))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, message = bills.reason("aws")
    assert (code, file) == ("no_focus_header", PART)
    assert "no BilledCost and no BillingPeriodStart; the columns are line_item_unblended" in message


WRONG_TYPES = {
    "a list as cost": ("BilledCost", pa.array([[1.5]])),
    "a truth value as cost": ("BilledCost", pa.array([True])),
    "a time as cost": ("BilledCost", pa.array([START])),
    "a number as time": ("BillingPeriodStart", pa.array([20260101])),
    "a record as time": ("ChargePeriodStart", pa.array([{"seconds": 1}])),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_a_column_of_a_type_that_cannot_be_meant_is_refused(bills, case):
    name, values = WRONG_TYPES[case]
    given = table()
    at = given.schema.get_field_index(name)
    bills.put("aws", PART, given.set_column(at, name, values))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, message = bills.reason("aws")
    assert (code, file) == ("wrong_type", PART)
    assert message.startswith(f"{name}: a column of ")
    assert not bills.is_stored("aws")


@pytest.mark.parametrize("keep", [slice(0, -30), slice(0, 6), slice(0, 4)])
def test_truncated_parquet_is_refused(bills, keep):
    bills.put("aws", PART, as_bytes(table([1.5] * 5000))[keep])
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    assert bills.reason("aws")[:2] == ("broken_parquet", PART)


def test_parquet_whose_pages_are_damaged_is_refused(bills):
    data = bytearray(as_bytes(table(pa.array([n / 7 for n in range(5000)]))))
    data[2000:4000] = os.urandom(2000)
    bills.put("aws", PART, bytes(data))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, _ = bills.reason("aws")
    assert (code, file) == ("broken_parquet", PART)
    assert not bills.is_stored("aws")


DOUBLES = [0.1, 0.2, 0.1 + 0.2, 1e-7, 1e-18, 2.5e-19, -0.0, 123456789012.34567, 1e17, -3.3, 5e-324]


def test_doubles_become_the_decimal_of_their_shortest_text(bills):
    bills.put("aws", PART, table(DOUBLES))
    bills.manifest(PART)
    assert bills.run("aws").code == 0
    with localcontext(prec=60):
        expected = [D(repr(value)).quantize(D("1e-18")) for value in DOUBLES]
    assert [cost for (cost,) in bills.rows("aws", "BilledCost")] == sorted(expected)
    assert bills.rows("aws", "BilledCost", "WHERE BilledCost BETWEEN 0.05 AND 0.15") == [
        (D("0.1"),)
    ]
    (line,) = bills.lines("aws")
    with localcontext(prec=60):
        total = sum(expected)
    assert D(line["cost_sums"][0]["BilledCost"]) == total
    noted = bills.rows("aws", "x_SourceChanges", "WHERE x_SourceChanges LIKE '%rounded%'")
    assert noted == [
        ("BilledCost: 2.5e-19 rounded to 18 decimals",),
        ("BilledCost: 5e-324 rounded to 18 decimals",),
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e20, -1e300])
def test_a_double_that_is_no_amount_rejects_its_row(bills, value):
    bills.put("aws", PART, table([1.0, value]))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    assert bills.reason("aws")[0] == "rejected_rows"
    bills.run("aws", max_rejected_rows=1)
    assert bills.rows("aws", "BilledCost") == [(D(1),)]
    (line,) = [line for line in bills.lines("aws") if line["status"] == "published"]
    assert (line["rows_in"], line["rows_out"], line["rows_rejected"]) == (2, 1, 1)


def test_a_rejected_row_of_parquet_is_kept_whole_as_text(bills):
    labels = pa.array([None, [{"Key": "team", "Value": "zoë"}]])
    given = table([1.0, float("nan")], x_Labels=labels, x_Flag=[True, False])
    bills.put("gcp", GCP, given)
    assert bills.run("gcp", max_rejected_rows=1).code == 0
    files = f"{bills.job.lake}/rejected/gcp/*/*/*/*.parquet"
    select = "SELECT line, column_name, value, record FROM"
    (row,) = duckdb.sql(f"{select} read_parquet('{files}')").fetchall()
    assert row == (
        2,
        "BilledCost",
        "nan",
        {
            "BilledCost": "nan",
            "BillingCurrency": "USD",
            "BillingPeriodStart": "2026-01-01 00:00:00.000",
            "ChargePeriodStart": "2026-01-01 00:00:00.000",
            "ServiceName": "Amazon S3",
            "x_Labels": '{"team":"zoë"}',
            "x_Flag": "false",
        },
    )


TYPED = {  # month -> the cost 0.1 and a time, typed in another way each month
    "01": (pa.array([0.1]), pa.timestamp("ms"), pa.array([[("a", "b")]], pa.map_(*["string"] * 2))),
    "02": (pa.array(["0.1"]), pa.timestamp("us", "UTC"), pa.array(['{"a": "b"}'])),
    "03": (pa.array([D("0.10")]), pa.timestamp("ns"), pa.array([[{"key": "a", "value": "b"}]])),
    "04": (pa.array(["0.1"]).dictionary_encode(), pa.date32(), pa.array(["{}"])),
    "05": (pa.array([0.1], pa.float64()), pa.timestamp("s"), pa.nulls(1)),
}


def test_a_column_that_changes_its_type_between_months_is_one_column(bills):
    for month, (cost, time, tags) in TYPED.items():
        start = datetime(2026, int(month), 1)
        starts = pa.array([start]).cast(pa.timestamp("us")).cast(time)
        folder = f"focus/data/BILLING_PERIOD=2026-{month}/focus-00001.parquet"
        columns = {"BillingPeriodStart": starts, "ChargePeriodStart": starts, "Tags": tags}
        bills.put("aws", folder, table(cost, **columns))
    assert bills.run("aws").code == 0
    found = bills.rows("aws", "yearmonth, BilledCost, ChargePeriodStart, CAST(Tags AS VARCHAR)")
    assert found == [
        (f"2026{month}", D("0.1"), datetime(2026, int(month), 1), tags)
        for month, tags in zip(TYPED, ["{a=b}", "{a=b}", "{a=b}", "{}", None], strict=True)
    ]
