"""What one delivery changed: snapshots, increments, charges dated ahead; values by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
JANUARY = datetime(2026, 1, 1)


def everything(lake: Lake) -> None:
    fee = charge("2026-01-31", "5")
    grown = [charge("2026-01-08", "10"), charge("2026-01-09", "10"), fee]
    lake.batch("alibaba", "202601", "20260110000000", grown)
    lake.batch("alibaba", "202601", "20260111000000", [*grown, charge("2026-01-10", "10")])
    for day, (cost, effective) in enumerate((("10", None), ("12", None), ("12", "12")), 10):
        rows = [charge("2026-01-05", cost, EffectiveCost=effective)]
        lake.batch("datacenter", "202601", f"202601{day}000000", rows)
    for day, *costs in ((10, "10", "20"), (11, "15", "15")):
        teams = zip(("A", "B"), costs, strict=True)
        rows = [
            charge("2026-01-05", cost, SubAccountId=None, SubAccountName=team)
            for team, cost in teams
        ]
        lake.batch("ai_spend", "202601", f"202601{day}000000", rows)
    reports = [
        ("202601", "20260131", "2026-01-30", "30"),
        ("202602", "20260201", "2026-01-31", "31"),
    ]
    reports += [("202602", "20260202", "2026-01-15", "4")]
    for month, report, day, cost in reports:
        rows = [charge(day, cost, BillingPeriodStart=JANUARY)]
        lake.batch("oci", month, f"{report}000000", rows)


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, everything, "restatements")


def changes(told: Deployed, provider: str, columns: str) -> list[tuple]:
    return told.query(
        f"SELECT {columns} FROM focus_restatements WHERE x_Provider = '{provider}' "
        "ORDER BY batch_ts, SubAccountName"
    )


BILLED = "x_BilledCostBefore, BilledCost, x_BilledCostChange, x_BilledCostChangeInNewDays"


def test_a_charge_dated_ahead_makes_no_day_a_restated_one(told):
    assert changes(told, "alibaba", BILLED) == [(D(25), D(35), D(10), D(10))]


def test_a_cost_that_is_not_there_is_null_and_so_is_its_change(told):
    columns = "x_EffectiveCostBefore, EffectiveCost, x_EffectiveCostChange, "
    columns += "x_EffectiveCostChangeInNewDays, x_BilledCostChange"
    assert changes(told, "datacenter", columns) == [
        (None, None, None, None, D(2)),
        (None, D(12), None, None, D(0)),
    ]


def test_accounts_without_an_id_are_compared_by_name(told):
    columns = "SubAccountName, x_BilledCostChange"
    assert changes(told, "ai_spend", columns) == [("A", D(5)), ("B", D(-5))]


def test_increments_are_told_by_the_billing_month_they_add_to(told):
    columns = f"x_Delivery, yearmonth, x_BillingMonth, x_PreviousBatchTs, batch_ts, {BILLED}"
    jan31, feb1, feb2 = "20260131000000", "20260201000000", "20260202000000"
    assert changes(told, "oci", columns) == [
        ("increment", "202602", "202601", jan31, feb1, D(30), D(61), D(31), D(31)),
        ("increment", "202602", "202601", feb1, feb2, D(61), D(65), D(4), D(0)),
    ]
