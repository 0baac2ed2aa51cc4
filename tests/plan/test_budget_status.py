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
    steady.allocated("202512", "Marketing", "cc-1", "2540")
    steady.allocated("202601", "Sales", "cc-1", "1120")
    steady.budget("department", "Marketing", "202512", "9000", name="m")
    steady.budget("department", "Sales", "202601", "9000", name="s")
    rows = steady.rows(f"{STATUS} ORDER BY x_Budget")
    assert [row["x_Actual"] for row in rows] == [2540, 1120]


def test_departments_bear_what_allocation_gives_them():
    # Compute is Marketing's own, 10 a day. The platform, 9 a day, is shared one to two; a fee on
    # the 3rd is for Sales alone, which has no charges of its own.
    plan = Plan("2026-01-14")
    plan.insert("focus_cost_centers", "cc-1", "Marketing", "Retail", None, None)
    plan.insert("focus_cost_centers", "cc-2", "Sales", "Retail", None, None)
    plan.charge("2025-11-01", "2026-01-14", "10", x_CostCenter="cc-1")
    plan.charge("2025-11-01", "2026-01-14", "9", ServiceName="Platform")
    plan.charge("2026-01-03", "2026-01-03", "5", ServiceName="Fee", x_CostCenter="cc-1")
    for month, days in (("202511", 30), ("202512", 31), ("202601", 14)):
        plan.allocated(month, "Marketing", "cc-1", f"{10 * days}")
        plan.allocated(month, "Marketing", "cc-1", f"{3 * days}", "shared", service="Platform")
        plan.allocated(month, "Sales", "cc-2", f"{6 * days}", "shared", service="Platform")
    plan.allocated("202601", "Sales", "cc-2", "5", service="Fee")
    plan.budget("department", "Marketing", "202601", "350", name="Marketing")
    plan.budget("department", "Sales", "202601", "250", name="Sales")
    plan.budget("business_unit", "Retail", "202512", "590", name="Retail")
    plan.budget("cost_center", "cc-2", "202601", "500", name="cc-2")
    said = {
        name: (row["x_Actual"], round(row["x_Projection"], 4), row["x_Level"])
        for name, row in by_name(plan).items()
    }
    assert said == {
        "Marketing": (13 * 14, 13 * 31, "warning"),
        "Sales": (6 * 14 + 5, 6 * 31 + 5, "ok"),
        "Retail": (19 * 31, 19 * 31, "ok"),
        "cc-2": (6 * 14 + 5, 6 * 31 + 5, "ok"),
    }
    days = "SELECT x_Cost FROM focus_allocated_days WHERE yearmonth = '202601' AND x_Payer = 'cc-1'"
    rests = [row["x_Cost"] for row in plan.rows(f"{days} ORDER BY x_ChargeDay")]
    assert [round(rest, 4) for rest in rests] == [3, 3, 3 - 5, *[3] * 11]
    assert sum(rests) == 14 * 3 - 5


def by_name(plan: Plan) -> dict[str, dict]:
    return {row["x_Budget"]: row for row in plan.rows(STATUS)}


def test_what_is_not_known_is_never_ok(steady):
    steady.budget("all", None, "202510", "5", name="before the lake")
    steady.budget("all", None, "202512", "5", name="in euros", currency="EUR")
    steady.budget("all", None, "202602", "9000", name="next month")
    steady.budget("all", None, "2027", "9000", name="next year")  # forecast to December 2026
    rows = by_name(steady)
    said = {n: (row["x_Actual"], row["x_Level"], row["x_Reason"]) for n, row in rows.items()}
    assert said == {
        "before the lake": (None, None, "nothing was charged"),
        "in euros": (None, None, "no rate from USD to EUR"),
        "next month": (None, "ok", "the period has not begun"),
        "next year": (None, None, "the period is further ahead than the forecast"),
    }
    assert rows["next month"]["x_Projection"] == 20 * 100 + 8 * 30
    assert rows["next year"]["x_Projection"] is None


def test_of_a_year_that_is_forecast_in_part_there_is_no_projection():
    plan = Plan("2026-06-14")
    plan.charge("2026-04-01", "2026-06-14", "10")
    plan.budget("all", None, "2027", "2000", name="2027")  # January to May are forecast
    plan.budget("all", None, "202705", "200", name="May")
    rows = by_name(plan)
    assert (rows["2027"]["x_Projection"], rows["2027"]["x_Level"]) == (None, None)
    assert (rows["May"]["x_Projection"], rows["May"]["x_Level"]) == (310, "critical")


def test_each_provider_is_projected_from_its_own_last_day():
    # aws is known to 14 January, oci to 20 December; gcp fell silent in October.
    plan = Plan("2026-01-14")
    plan.connection.execute("DELETE FROM focus_complete_days")
    plan.known("aws", "2026-01-14", open_month="2025-12-01")
    plan.known("oci", "2025-12-20", horizon="2026-01-14", open_month="2025-12-01")
    plan.known("gcp", "2025-10-20", horizon="2026-01-14", open_month="2025-12-01", ended=True)
    plan.charge("2025-10-01", "2026-01-14", "10")
    plan.charge("2025-10-01", "2025-12-20", "20", x_Provider="oci")
    plan.charge("2025-08-01", "2025-10-20", "40", x_Provider="gcp")
    plan.budget("all", None, "202512", "900", name="December")
    plan.budget("all", None, "202601", "931", name="January")
    plan.budget("provider", "aws", "202512", "310", name="aws")
    plan.budget("provider", "gcp", "202601", "1", name="gcp")
    plan.budget("all", None, "2025", "9000", name="2025")
    rows = by_name(plan)
    said = {
        name: (row["x_Actual"], row["x_Projection"], row["x_Level"], str(row["x_KnownUntil"]))
        for name, row in rows.items()
    }
    assert said == {
        "December": (310 + 400, 930, "warning", "2025-12-20"),
        "January": (140, 930, "ok", "2025-12-20"),
        "aws": (310, 310, "ok", "2026-01-14"),
        "gcp": (None, None, None, "2025-12-20"),
        # 92 days of aws, 81 of oci and 81 of gcp; oci's last 11 days are to come.
        "2025": (920 + 1620 + 3240, 920 + 1620 + 3240 + 220, "ok", "2025-12-20"),
    }
    forecast = "SELECT yearmonth, x_Forecast FROM focus_forecast WHERE x_Scope = 'all' ORDER BY 1"
    months = [(row["yearmonth"], row["x_Forecast"]) for row in plan.rows(forecast)]
    days = {"202512": 31, "202601": 31, "202602": 28, "202603": 31, "202604": 30}
    assert months == [(month, count * 30) for month, count in days.items()]


def test_a_credit_near_the_end_lowers_the_projection():
    plan = Plan("2026-01-30")
    plan.charge("2025-11-01", "2026-01-30", "10")
    plan.charge("2026-01-30", "2026-01-30", "-100")
    plan.budget("all", None, "202601", "500")
    assert plan.row(STATUS)["x_Projection"] == 310 - 100
