"""Charges by day: sums as the line items', days in the provider's own zone, on every engine."""

from __future__ import annotations

import csv
from decimal import Decimal as D
from pathlib import Path

import pytest

from focus_lake import resources
from focus_lake.spec import daily

pytestmark = pytest.mark.thorough

COSTS = "SUM(BilledCost), SUM(EffectiveCost), SUM(ListCost), SUM(ContractedCost)"
BY = "x_Provider, yearmonth, BillingCurrency"


def test_the_sums_of_every_month_and_currency_are_those_of_the_line_items(told):
    days = told.query(f"SELECT {BY}, {COSTS}, SUM(x_RowCount) FROM focus_daily GROUP BY {BY}")
    rows = told.query(f"SELECT {BY}, {COSTS}, COUNT(*) FROM focus_unified GROUP BY {BY}")
    assert len(days) == 3
    assert set(days) == set(rows)


def test_the_day_is_the_providers_own_and_the_date_is_utc(told):
    found = told.query(
        "SELECT CAST(x_ChargeDay AS varchar), CAST(x_ChargeDate AS varchar), BilledCost "
        "FROM focus_daily WHERE SubAccountId IS NULL"
    )
    # 16:00 UTC is midnight in Beijing.
    assert found == [("2026-01-01", "2025-12-31", D("2.5"))]


def test_a_group_holds_charges_that_agree_in_every_key(told):
    found = told.query(
        "SELECT x_Owner, ServiceName, batch_ts, BilledCost, ContractedCost, x_RowCount "
        "FROM focus_daily WHERE yearmonth = '202601' AND x_Owner = 'Mei'"
    )
    assert found == [("Mei", "Object, 'Storage'\n", "20260131173000", D("0.1"), None, 1)]


def test_every_column_is_of_the_column_table_or_has_a_type_and_a_description():
    text = resources.data("spec", "daily.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        assert bool(row["type"]) == bool(row["description"]), row
        assert row["role"] in ("key", "sum", "count"), row
    assert len({column.name for column in daily.table()}) == len(daily.table())


def test_the_view_has_the_columns_that_others_build_on():
    path = Path(__file__).parents[2] / "sql" / "contract.csv"
    with path.open(encoding="utf-8", newline="") as file:
        found = {
            row["column"]: row["type"]
            for row in csv.DictReader(file)
            if row["view"] == "focus_daily"
        }
    for name in ("x_Provider", "yearmonth", "x_BillingMonth", "batch_ts", "BillingCurrency"):
        assert found[name] == "string"
    for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity"):
        assert found[name] == "decimal(38,18)"
    assert (found["x_ChargeDay"], found["x_ChargeDate"]) == ("date", "date")
    assert found["x_RowCount"] == "bigint"
