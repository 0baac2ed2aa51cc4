"""focus_forecast and focus_forecast_accuracy against numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from helpers.planning import Plan

FORECAST = """
SELECT yearmonth, x_Actual, x_Forecast, x_Fixed, x_Status FROM focus_forecast
WHERE x_Scope = 'service' ORDER BY yearmonth
"""


@pytest.fixture
def monthly() -> Plan:
    """10 a day since August, and 500 on the 20th of each month; January is known to the 14th."""
    plan = Plan("2026-01-14")
    plan.charge("2025-08-01", "2026-01-14", "10")
    for month in ("2025-08", "2025-09", "2025-10", "2025-11", "2025-12"):
        plan.charge(f"{month}-20", f"{month}-20", "500")
    return plan


def test_a_monthly_charge_is_expected_on_its_day(monthly):
    rows = [tuple(row.values()) for row in monthly.rows(FORECAST)]
    assert rows == [
        ("202601", D(140), D(810), D(500), "forecast"),
        ("202602", None, D(780), D(500), "forecast"),
        ("202603", None, D(810), D(500), "forecast"),
        ("202604", None, D(800), D(500), "forecast"),
    ]


def test_it_is_no_anomaly_once_it_is_known(monthly):
    found = monthly.rows("SELECT x_FirstDay FROM focus_cost_anomalies WHERE x_Scope = 'service'")
    assert [str(row["x_FirstDay"]) for row in found] == ["2025-09-20"]


def test_the_record_says_what_would_have_been_forecast(monthly):
    rows = monthly.rows(
        "SELECT x_KnownDays, x_Forecast, x_Came, x_Error FROM focus_forecast_accuracy "
        "WHERE x_Scope = 'service' AND yearmonth = '202512' ORDER BY x_KnownDays"
    )
    # December has 31 days: 310 and the 500 of the 20th, which was known to come.
    assert [tuple(row.values()) for row in rows] == [
        (5, D(810), D(810), 0),
        (10, D(810), D(810), 0),
        (20, D(810), D(810), 0),
    ]


def test_four_same_weekdays_make_a_day():
    plan = Plan("2026-01-31")
    plan.charge("2025-12-01", "2026-01-31", "10")
    for day, more in (("05", "90"), ("12", "10"), ("19", "20"), ("26", "30")):
        plan.charge(f"2026-01-{day}", f"2026-01-{day}", more)
    row = plan.rows(FORECAST)[1]
    # The last four Mondays cost 100, 20, 30 and 40: their median is 35. 24 other days, 10 each.
    assert (row["yearmonth"], row["x_Forecast"]) == ("202602", D(4 * 35 + 24 * 10))


def test_a_level_that_moved_moves_the_days_ahead():
    plan = Plan("2026-01-14")
    plan.charge("2025-11-01", "2026-01-07", "10")
    plan.charge("2026-01-08", "2026-01-14", "20")
    # Of the last four same weekdays three cost 10, one 20: usual is 10, the last week twice that.
    assert plan.rows(FORECAST)[0]["x_Forecast"] == 70 + 140 + 17 * 20


def test_less_than_four_weeks_give_no_forecast_and_say_so():
    plan = Plan("2026-01-14")
    plan.charge("2025-12-20", "2026-01-14", "10")
    rows = plan.rows(FORECAST)
    assert {(row["x_Forecast"], row["x_Status"]) for row in rows} == {(None, "not enough history")}


def test_a_day_that_is_not_complete_is_unknown(monthly):
    monthly.charge("2026-01-15", "2026-01-15", "0.5")
    assert monthly.rows(FORECAST)[0]["x_Forecast"] == D(810)
