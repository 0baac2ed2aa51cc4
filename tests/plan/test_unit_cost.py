"""focus_unit_cost against charges, allocated cost and outcomes typed by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from helpers.planning import Plan

UNIT = "SELECT * FROM focus_unit_cost ORDER BY yearmonth, x_Outcome, x_Value"


@pytest.fixture
def plan() -> Plan:
    plan = Plan("2026-01-31")
    plan.charge("2025-12-01", "2025-12-10", "12", x_Application="shop")
    plan.charge("2026-01-01", "2026-01-10", "15", x_Application="shop")
    plan.charge("2026-01-01", "2026-01-10", "5", x_Application="blog")
    return plan


def outcome(plan: Plan, month: str, name: str, quantity: str, **of) -> None:
    department, application = of.get("department"), of.get("application")
    plan.insert("focus_outcomes", month, name, department, application, D(quantity))


def test_an_applications_cost_by_what_it_brought_with_its_trend(plan):
    outcome(plan, "202512", "order", "60", application="shop")
    outcome(plan, "202601", "order", "100", application="shop")
    before, now = plan.rows(UNIT)
    assert (before["x_Cost"], before["x_UnitCost"], before["x_Change"]) == (120, 2, None)
    assert (now["x_Cost"], now["x_UnitCost"], now["x_Change"]) == (150, D("1.5"), D("-0.25"))


def test_with_neither_it_is_the_cost_of_all(plan):
    outcome(plan, "202601", "order", "100")
    assert plan.row(UNIT)["x_UnitCost"] == 2  # 150 and 50, by 100


def test_a_departments_cost_is_what_allocation_gives_it(plan):
    outcome(plan, "202601", "ticket", "300", department="Support")
    plan.allocated("202601", "Support", "cc-1", "20.5")
    plan.allocated("202601", "Support", "cc-2", "9.5", type="shared")  # its share of a pool
    plan.allocated("202601", "Sales", "cc-3", "70")
    row = plan.row(UNIT)
    assert (row["x_Cost"], row["x_UnitCost"]) == (30, D("0.1"))


def test_another_currency_is_converted_and_without_a_rate_there_is_no_number(plan):
    plan.charge("2026-01-02", "2026-01-02", "10", BillingCurrency="EUR", x_Application="shop")
    outcome(plan, "202601", "order", "100", application="shop")
    row = plan.row(UNIT)
    assert (row["x_UnitCost"], row["x_Cost"]) == (None, None)
    assert row["x_Reason"] == "no rate from EUR to USD"
    rate = ("EUR", "USD", date(2026, 1, 1), None, D("1.5"))
    plan.insert("focus_exchange_rates", *rate)
    assert plan.row(UNIT)["x_UnitCost"] == D("1.65")


@pytest.mark.parametrize(
    ("quantity", "of", "reason"),
    [
        ("0", {"application": "shop"}, "the quantity is 0"),
        ("5", {"application": "none"}, "nothing was charged to application none"),
        ("5", {"department": "none"}, "nothing was charged to department none"),
    ],
)
def test_what_cannot_be_divided_has_a_reason_and_no_number(plan, quantity, of, reason):
    outcome(plan, "202601", "order", quantity, **of)
    row = plan.row(UNIT)
    assert (row["x_UnitCost"], row["x_Reason"]) == (None, reason)


def test_a_model_costs_so_much_a_million_tokens(plan):
    tokens = {"ConsumedUnit": "Tokens", "ConsumedQuantity": D(2_500_000), "ServiceName": "m-1"}
    plan.charge("2026-01-03", "2026-01-03", "5", **tokens)
    row = plan.row(UNIT)
    assert (row["x_Outcome"], row["x_Scope"], row["x_Value"]) == ("million tokens", "model", "m-1")
    assert (row["x_Quantity"], row["x_UnitCost"]) == (D("2.5"), 2)
