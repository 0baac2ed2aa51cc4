"""focus_budget_status against numbers worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from helpers.planning import Plan

STATUS = "SELECT * FROM focus_budget_status"


@pytest.fixture
def steady() -> Plan:
    """100 a day on working days, 30 at weekends, since November; January is known to the 14th."""
    plan = Plan("2026-01-14")
    plan.charge("2025-11-01", "2026-01-14", "30")
    for day in range(-61, 14):
        when = date.fromordinal(date(2026, 1, 1).toordinal() + day)
        if when.weekday() < 5:
            plan.charge(str(when), str(when), "70")
    return plan


def test_planned_to_date_follows_the_weekdays(steady):
    steady.budget("account", "111", "202601", "2500")
    row = steady.row(STATUS)
    # January 2026 has 22 working days and 9 weekend days: 2200 + 270 = 2470. Up to the 14th there
    # are 10 working days and 4 others: 1000 + 120 = 1120.
    assert row["x_Actual"] == 1120
    assert row["x_Projection"] == 2470
    assert row["x_PlannedToDate"].quantize(D("0.01")) == D("1133.60")  # 2500 * 1120 / 2470
    assert row["x_BurnRate"] == D("0.988000")
    assert (row["x_Level"], row["x_Reason"], row["yearmonth"]) == ("ok", None, "202601")
    assert row["x_ExceededOn"] is None


@pytest.mark.parametrize(
    ("amount", "level", "day"),
    [
        ("2470", "ok", None),  # the projection is the budget itself
        ("2469", "ok", "2026-01-31"),  # above it, but less than half is used
        ("2230", "warning", "2026-01-28"),
        ("2050", "critical", "2026-01-27"),  # 2470 is 120.5 %
        ("1119", "exceeded", "2026-01-14"),
    ],
)
def test_levels(steady, amount, level, day):
    steady.budget("service", "Compute", "202601", amount)
    row = steady.row(STATUS)
    assert (row["x_Level"], row["x_ExceededOn"] and str(row["x_ExceededOn"])) == (level, day)


def test_a_partial_day_is_spent_and_is_no_low_day(steady):
    steady.charge("2026-01-15", "2026-01-15", "1")  # the 15th has only begun
    steady.budget("all", None, "202601", "2500")
    row = steady.row(STATUS)
    assert (row["x_Actual"], row["x_Projection"]) == (1121, 2470)


def test_an_account_is_its_own_or_the_payers(steady):
    steady.charge("2026-01-01", "2026-01-01", "5", SubAccountId="payer")
    steady.budget("account", "payer", "202601", "2500")
    assert steady.row(STATUS)["x_Actual"] == 5  # the payer's own charges, not those of all
    steady.connection.execute("DELETE FROM focus_daily WHERE SubAccountId = 'payer'")
    assert steady.row(STATUS)["x_Actual"] == 1120


def test_months_that_are_over_have_no_projection_to_fear(steady):
    steady.budget("all", None, "202512", "2000")
    row = steady.row(STATUS)
    # December 2025: 23 working days and 8 others.
    assert (row["x_Actual"], row["x_Projection"], row["x_PlannedToDate"]) == (2540, 2540, 2000)
    assert (row["x_Level"], row["x_BurnRate"]) == ("exceeded", D("1.27"))


def test_a_year_adds_its_months(steady):
    steady.budget("all", None, "2026", "30000")
    row = steady.row(STATUS)
    # 261 working days and 104 others in 2026.
    assert row["x_Projection"] == 261 * 100 + 104 * 30
    assert (row["x_Actual"], row["yearmonth"], row["x_Level"]) == (1120, "202601", "ok")


def test_another_currency_is_converted_and_without_a_rate_there_is_no_number(steady):
    steady.charge("2026-01-02", "2026-01-02", "10", BillingCurrency="EUR")
    steady.budget("all", None, "202601", "2500")
    row = steady.row(STATUS)
    assert (row["x_Actual"], row["x_Projection"], row["x_Level"]) == (None, None, None)
    assert row["x_Reason"] == "no rate from EUR to USD"
    rate = ("EUR", "USD", date(2026, 1, 1), None, D("1.075"))
    steady.insert("focus_exchange_rates", *rate)
    assert steady.row(STATUS)["x_Actual"] == D("1130.75")


def test_without_history_nothing_is_projected():
    plan = Plan("2026-01-14")
    plan.charge("2026-01-01", "2026-01-14", "10")
    plan.budget("all", None, "202601", "500")
    row = plan.row(STATUS)
    assert row["x_Actual"] == 140
    assert (row["x_Projection"], row["x_PlannedToDate"], row["x_BurnRate"]) == (None, None, None)
    assert (row["x_Level"], row["x_Reason"]) == (None, "not enough history")


def test_a_scope_that_nothing_was_charged_to_says_so(steady):
    steady.budget("account", "999", "202601", "500")
    row = steady.row(STATUS)
    assert (row["x_Actual"], row["x_Level"]) == (None, None)
    assert row["x_Reason"] == "nothing was charged to account 999"


def test_departments_are_those_of_cost_centers(steady):
    steady.connection.execute("UPDATE focus_daily SET x_CostCenter = 'cc-1'")
    steady.insert("focus_cost_centers", "cc-1", "Marketing", "Retail", None, "202512")
    steady.insert("focus_cost_centers", "cc-1", "Sales", "Retail", "202601", None)
    steady.budget("department", "Marketing", "202512", "9000", name="m")
    steady.budget("department", "Sales", "202601", "9000", name="s")
    rows = steady.rows(f"{STATUS} ORDER BY x_Budget")
    assert [row["x_Actual"] for row in rows] == [2540, 1120]
