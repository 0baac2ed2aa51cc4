"""focus_commitments, focus_waste and focus_top_reductions against charges typed by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal as D

import pytest

from helpers.planning import Plan

COMMITMENTS = "SELECT * FROM focus_commitments ORDER BY yearmonth, CommitmentDiscountId"
PLAN = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountCategory": "Spend"}
USED = {**PLAN, "CommitmentDiscountStatus": "Used", "PricingCategory": "Committed"}
UNUSED = {**PLAN, "CommitmentDiscountStatus": "Unused", "PricingCategory": "Committed"}


@pytest.fixture
def plan() -> Plan:
    return Plan("2026-01-31")


def test_used_and_unused_add_up_to_what_was_committed(plan):
    plan.charge("2026-01-05", "2026-01-05", "80", ListCost=D(120), **USED)
    plan.charge("2026-01-05", "2026-01-05", "20", ListCost=D(0), **UNUSED)
    plan.charge("2026-01-05", "2026-01-05", "60", ListCost=D(60))  # on demand, not covered
    row = plan.row(COMMITMENTS)
    assert (row["x_Committed"], row["x_Used"], row["x_Unused"]) == (100, 80, 20)
    assert row["x_Utilisation"] == D("0.8")
    assert (row["x_CoveredListCost"], row["x_EligibleListCost"]) == (120, 180)
    assert row["x_Coverage"] == D("0.666667")
    assert row["x_EffectiveSavingsRate"] == D("0.166667")  # 100 paid for 120 of list cost
    assert row["x_Reason"] == "the provider does not say when it ends"


def test_a_commitment_that_costs_more_than_it_saves_has_a_rate_below_zero(plan):
    plan.charge("2026-01-05", "2026-01-05", "30", ListCost=D(50), **USED)
    plan.charge("2026-01-05", "2026-01-05", "70", ListCost=D(0), **UNUSED)
    assert plan.row(COMMITMENTS)["x_EffectiveSavingsRate"] == -1  # 100 paid for 50


def test_without_a_status_nothing_looks_used(plan):
    plan.charge("2026-01-05", "2026-01-05", "80", ListCost=D(120), **PLAN)
    row = plan.row(COMMITMENTS)
    assert (row["x_Committed"], row["x_Used"], row["x_Utilisation"]) == (80, None, None)
    assert row["x_Reason"] == "the provider does not say what is used and what is not"


def test_a_purchase_of_a_year_says_when_it_ends(plan):
    plan.charge("2026-01-05", "2026-01-05", "80", ListCost=D(120), **USED)
    bought = {**PLAN, "ChargeCategory": "Purchase", "BilledCost": D(1200)}
    plan.charge("2026-01-01", "2026-01-01", "0", **bought)
    plan.connection.execute(
        "INSERT INTO focus_unified (x_Provider, yearmonth, ChargeCategory, CommitmentDiscountId, "
        "ChargePeriodStart, ChargePeriodEnd) VALUES ('aws', '202601', 'Purchase', 'sp-1', ?, ?)",
        [datetime(2026, 1, 1), datetime(2027, 1, 1)],
    )
    row = plan.row(COMMITMENTS)
    assert (row["x_ExpiresOn"], row["x_Purchased"]) == (date(2027, 1, 1), 1200)
    assert row["x_Reason"] is None


def test_a_commitment_that_no_usage_names_says_so(plan):
    bought = {**PLAN, "ChargeCategory": "Purchase"}
    plan.charge("2026-01-01", "2026-01-01", "100", **bought)
    row = plan.row(COMMITMENTS)
    assert (row["x_Utilisation"], row["x_Committed"]) == (None, None)
    assert row["x_Reason"] == "bought, and no charge names it as used or unused"


def unified(plan: Plan, month: str, cost: str, **others) -> None:
    row = {
        "x_Provider": "aws",
        "yearmonth": month,
        "BillingCurrency": "USD",
        "SubAccountId": "111",
        "ServiceName": "Compute",
        "EffectiveCost": D(cost),
        **others,
    }
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    plan.connection.execute(
        f"INSERT INTO focus_unified ({names}) VALUES ({marks})", list(row.values())
    )


@pytest.fixture
def wasteful(plan) -> Plan:
    plan.charge("2025-11-01", "2026-01-31", "1")
    unified(plan, "202601", "20", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Unused")
    unified(plan, "202601", "80", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Used")
    unified(plan, "202601", "7.5", CapacityReservationId="cr", CapacityReservationStatus="Unused")
    wasted = {"x-cog-classification": "Waste"}
    unified(plan, "202601", "3", x_Provider="ai_spend", x_Application="bot", Tags=wasted)
    unified(plan, "202601", "9", x_Provider="aws", Tags=wasted)  # no provider of AI calls
    saving = ("Off at night", "account", "222", "EUR", D(40), "low", "ana", None)
    plan.insert("focus_reductions", *saving)
    return plan


def test_waste_has_its_reason_and_its_money(wasteful):
    found = wasteful.rows("SELECT x_Reason, x_What, x_Cost FROM focus_waste ORDER BY x_Cost DESC")
    assert [tuple(row.values()) for row in found] == [
        ("reduction", "Off at night", D(40)),
        ("unused commitment", "sp-1", D(20)),
        ("unused reservation of capacity", "cr", D("7.5")),
        ("AI call classified as waste", "bot", D(3)),
    ]


TOP = """
SELECT x_What, x_SavingConverted FROM focus_top_reductions
WHERE x_Provider IS NULL OR x_Provider <> 'ai_spend' ORDER BY x_Rank
"""


def test_the_largest_saving_comes_first_and_one_without_a_rate_last(wasteful):
    found = [tuple(row.values()) for row in wasteful.rows(TOP)]
    assert found == [("sp-1", D(20)), ("cr", D("7.5")), ("Off at night", None)]
    rate = ("EUR", "USD", date(2026, 1, 1), None, D("1.1"))
    wasteful.insert("focus_exchange_rates", *rate)
    found = [tuple(row.values()) for row in wasteful.rows(TOP)]
    assert found == [("Off at night", D(44)), ("sp-1", D(20)), ("cr", D("7.5"))]
