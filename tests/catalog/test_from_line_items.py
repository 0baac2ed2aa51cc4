"""Each view over daily groups has the rows that the same view has over single charges."""

from __future__ import annotations

import re

import pytest

from focus_lake import declare
from focus_lake.catalog import render
from focus_lake.catalog.daily import charge_day
from focus_lake.spec import daily
from helpers.catalog import deploy
from helpers.lakes import Lake, charge, story

pytestmark = pytest.mark.thorough

VIEWS = [
    "focus_daily_cost",
    "focus_monthly_cost",
    "focus_cost_by_tag",
    "focus_tag_coverage",
    "focus_mapping_gaps",
    "focus_daily_converted",
    "focus_monthly_cost_converted",
    "focus_missing_rates",
]
ALIBABA = declare.load("alibaba")
FILLED = "x_SourceChanges LIKE '%ServiceCategory: by catalogue from %'"


def bill(lake: Lake) -> dict:
    """The story, rates, and charges whose rules are about single rows: purchases, credits, tax."""
    sums = story(lake)
    path = lake.root / "reference" / "fx_rates" / "rates.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("from,to,valid_from,rate\nCNY,USD,2025-01-01,0.14\n")
    note = "ServiceCategory: by catalogue from ServiceName"
    kept = {"CommitmentDiscountId": "ri-1", "CommitmentDiscountType": "Reserved"}
    lake.batch(
        "alibaba",
        "202603",
        "20260331173000",
        [
            charge("2026-03-01", "100", ChargeCategory="Purchase", EffectiveCost="0", **kept),
            charge("2026-03-01", "0", EffectiveCost="40", ListCost="60", **kept),
            charge("2026-03-01", "0", EffectiveCost="-40", ListCost="-60", **kept),
            charge("2026-03-01", "5", x_Owner="Mei", x_SourceChanges=note),
            charge("2026-03-01", "-5", x_Owner="Mei", ServiceCategory="Compute"),
            charge("2026-03-01T17:00", "7", EffectiveCost=None, BillingCurrency="EUR"),
            charge("2026-03-02", "3", ChargeCategory="Tax", x_Owner=" "),
            charge("2026-03-02", "-3", ChargeCategory="Credit", x_Owner="Mei"),
        ],
    )
    return sums


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def billed(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, bill, "line_items")


def by_charge(view: str, database: str) -> str:
    """The query of a view, in which each charge is a group of its own."""
    place = render.CatalogPlace(database, "/lake")
    made = {one.name: one.sql for one in render.shared_views([ALIBABA], place)}
    own = {
        "x_ChargeDay": charge_day(ALIBABA.time.zone),
        "x_ChargeDate": "CAST(ChargePeriodStart AS date)",
        "x_CategoryFilled": f"COALESCE({FILLED}, FALSE)",
        "x_CostSigns": "''",
        "x_RowCount": "CAST(1 AS bigint)",
    }
    names = [column.name for column in daily.table() if not column.name.startswith("x_Allocated")]
    names.remove("x_Tags")
    shown = ", ".join(f"{own[name]} AS {name}" if name in own else name for name in names)
    rows = f"(SELECT {shown}, yearmonth FROM {database}.focus_unified)"

    def body(name: str) -> str:
        sql = made[name].split(" AS\n", 1)[1]
        sql = re.sub(rf"\b{database}\.focus_daily\b", f"{rows} AS charged", sql)
        sql = sql.replace("AS charged AS charges", "AS charges")
        for below in VIEWS:
            if f"{database}.{below}\n" in sql:
                sql = sql.replace(f"{database}.{below}\n", f"({body(below)}) AS below\n")
        return sql

    return body(view)


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "focus_daily_converted"])
def test_a_view_over_days_has_the_rows_of_the_same_view_over_charges(billed, view):
    expected = billed.query(by_charge(view, billed.database))
    found = billed.query(f"SELECT * FROM {view}")
    assert len(found) > 1 or view == "focus_missing_rates"
    assert sorted(found, key=str) == sorted(expected, key=str)
