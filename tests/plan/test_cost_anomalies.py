"""focus_cost_anomalies: events, money, driver, status, against charges typed by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from helpers.planning import Plan

EVENTS = "SELECT * FROM focus_cost_anomalies WHERE x_Scope = 'service' ORDER BY x_FirstDay"


@pytest.fixture
def spiked() -> Plan:
    """100 a day in two regions since October; 300 more on 10 and 11 January in one of them."""
    plan = Plan("2026-01-20")
    usage = {"ConsumedUnit": "Hours", "ConsumedQuantity": D(10)}
    plan.charge("2025-10-01", "2026-01-20", "60", **usage)
    plan.charge("2025-10-01", "2026-01-20", "40", RegionName="Tokyo", **usage)
    more = {"ConsumedUnit": "Hours", "ConsumedQuantity": D(75)}
    plan.charge("2026-01-10", "2026-01-11", "300", RegionName="Tokyo", **more)
    return plan


def test_days_in_a_row_are_one_event_with_its_money(spiked):
    row = spiked.row(EVENTS)
    assert (str(row["x_FirstDay"]), str(row["x_LastDay"]), row["x_Days"]) == (
        "2026-01-10",
        "2026-01-11",
        2,
    )
    assert (row["x_Actual"], row["x_Expected"], row["x_Impact"]) == (800, 200, 600)
    assert (row["x_Kind"], row["x_Status"]) == ("rise", "ended")


def test_the_driver_is_the_part_that_moved_and_whether_by_quantity(spiked):
    row = spiked.row(EVENTS)
    assert row["x_Driver"] == "quantity of Compute in account 111, Tokyo"
    assert (row["x_DriverAccount"], row["x_DriverService"]) == ("111", "Compute")


def test_a_price_that_jumps_is_told_from_a_quantity():
    plan = Plan("2026-01-20")
    usage = {"ConsumedUnit": "Hours", "ConsumedQuantity": D(10)}
    plan.charge("2025-10-01", "2026-01-17", "100", **usage)
    plan.charge("2026-01-18", "2026-01-20", "170", **usage)
    row = plan.row(EVENTS)
    assert (row["x_DriverCause"], row["x_Status"], row["x_Impact"]) == ("price", "open", 210)


def test_a_known_job_is_suppressed_and_another_day_is_not(spiked):
    spiked.insert("focus_suppressions", "service", "Compute", date(2026, 1, 10), None)
    rows = spiked.rows(EVENTS)
    assert [(str(row["x_FirstDay"]), row["x_Status"]) for row in rows] == [
        ("2026-01-10", "suppressed"),
        ("2026-01-11", "ended"),
    ]


def test_an_accounts_suppression_silences_the_events_it_drives(spiked):
    days = (date(2026, 1, 9), date(2026, 1, 12))
    spiked.insert("focus_suppressions", "account", "111", *days)
    assert spiked.row(EVENTS)["x_Status"] == "suppressed"


def test_a_verdict_on_any_of_its_days_is_its_status(spiked):
    spiked.insert("focus_anomaly_verdicts", "service", "Compute", date(2026, 1, 11), "false", "mei")
    row = spiked.row(EVENTS)
    assert (row["x_Status"], row["x_JudgedBy"]) == ("false", "mei")


def test_below_the_floor_nobody_is_disturbed():
    plan = Plan("2026-01-20")
    plan.charge("2025-10-01", "2026-01-20", "10")
    plan.charge("2026-01-10", "2026-01-10", "19.99")  # three times as much, below 20 USD
    assert plan.rows(EVENTS) == []
    plan.charge("2026-01-10", "2026-01-10", "0.01")
    assert len(plan.rows(EVENTS)) == 1


def test_something_that_grows_day_by_day_is_a_drip():
    plan = Plan("2026-01-31")
    plan.charge("2025-09-01", "2026-01-31", "100")
    for number in range(31):
        day = f"2026-01-{number + 1:02d}"
        plan.charge(day, day, str(3 * (number + 1)))  # 3 more each day: 93 % at the month's end
    [row] = plan.rows(EVENTS)
    assert (row["x_Kind"], row["x_Status"]) == ("drip", "open")
    assert row["x_Impact"] > 0


def test_a_correction_of_the_past_is_no_anomaly():
    plan = Plan("2026-01-20")
    plan.charge("2025-10-01", "2026-01-20", "100")
    plan.charge("2026-01-10", "2026-01-10", "900", ChargeClass="Correction")
    assert plan.rows(EVENTS) == []


def test_days_after_the_last_complete_one_are_not_judged():
    plan = Plan("2026-01-20")
    plan.charge("2025-10-01", "2026-01-20", "100")
    plan.charge("2026-01-21", "2026-01-21", "1")
    assert plan.rows(EVENTS) == []


def test_a_departments_driver_is_one_of_its_own_charges():
    plan = Plan("2026-01-20")
    plan.insert("focus_cost_centers", "cc-1", "Marketing", "Retail", None, None)
    plan.charge("2025-10-01", "2026-01-20", "50", x_CostCenter="cc-1", ServiceName="Mail")
    plan.charge("2026-01-10", "2026-01-10", "200", x_CostCenter="cc-1", ServiceName="Mail")
    plan.charge("2025-10-01", "2026-01-20", "100", ServiceName="Other")
    plan.charge("2026-01-10", "2026-01-10", "900", ServiceName="Other")  # more, and not theirs
    row = plan.row("SELECT * FROM focus_cost_anomalies WHERE x_Scope = 'department'")
    assert (row["x_Value"], row["x_Impact"], row["x_DriverService"]) == ("Marketing", 200, "Mail")
