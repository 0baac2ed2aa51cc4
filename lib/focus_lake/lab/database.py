"""Made series in DuckDB under the names that the views read, and the views of sql/ over them."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from focus_lake.catalog import kept, sources
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.lab.series import DAYS, FIRST, KNOWN, Series, day
from focus_lake.plan import settings

# In the lab only: what a lake has as views and reference data stands here as tables.
TABLES = """
CREATE TABLE focus_daily (
    x_Provider varchar, yearmonth varchar, x_ChargeDay date, BillingCurrency varchar,
    BillingAccountId varchar, SubAccountId varchar, ServiceName varchar, RegionId varchar,
    RegionName varchar, x_CostCenter varchar, ChargeClass varchar, ChargeFrequency varchar,
    ConsumedUnit varchar, ConsumedQuantity decimal(38, 18), EffectiveCost decimal(38, 18),
    BilledCost decimal(38, 18));
CREATE TABLE focus_complete_days (
    x_Provider varchar, x_FirstDay date, x_LastDay date, x_LastDayNo bigint, x_Horizon date,
    x_HorizonNo bigint, x_AheadNo bigint, x_OpenMonth date, x_HasEnded boolean);
CREATE TABLE focus_cost_centers (
    cost_center varchar, department varchar, business_unit varchar, valid_from varchar,
    valid_until varchar);
CREATE TABLE focus_allocated_days (
    yearmonth varchar, x_Provider varchar, BillingCurrency varchar, x_Payer varchar,
    x_ChargeDay date, x_Cost decimal(38, 18));
CREATE TABLE focus_suppressions (
    scope varchar, value varchar, valid_from date, valid_until date);
CREATE TABLE focus_anomaly_verdicts (
    scope varchar, value varchar, day date, verdict varchar, judged_by varchar);
"""
VIEWS = (
    "focus_scope_costs_now",
    "focus_scope_costs",
    "focus_daily_series",
    "focus_forecast_parts",
    "focus_anomaly_days",
    "focus_cost_anomalies_now",
    "focus_cost_anomalies",
    "focus_forecast_accuracy_now",
    "focus_forecast_accuracy",
)
MONDAY = date(1970, 1, 5)  # the views count days from it


def made(series: Sequence[Series], changed: dict[str, str] | None = None) -> Any:
    """A DuckDB connection with the series, each as a provider of its own, and the views."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(TABLES)
    _fill(connection, series)
    # Nothing is kept here: kept views work their rows out when they are asked.
    values = {"database": "focus", **kept.placeholders("focus"), **settings.values((), changed)}
    for source in sources.tree():
        if source.stem in VIEWS:
            connection.execute(translate(source.fill(values), "focus"))
    return connection


def suppress(connection: Any, series: Sequence[Series]) -> None:
    """List what a user knows beforehand; the day after a known day is listed with it."""
    for one in series:
        for first, last in one.known:
            connection.execute(
                "INSERT INTO focus_suppressions VALUES ('provider', ?, ?, ?)",
                [one.name, day(first), day(last + 1)],
            )


def _fill(connection: Any, series: Sequence[Series]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "daily.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for one in series:
                writer.writerows(_rows(one))
        connection.execute(f"COPY focus_daily FROM '{path}' (HEADER false, NULLSTR '')")
    last, horizon = day(KNOWN - 1), _end_of_month(day(DAYS - 1))
    ahead = _end_of_month(horizon + timedelta(days=1))
    numbers = [(when - MONDAY).days for when in (last, horizon, ahead)]
    for one in series:
        row = [one.name, FIRST, last, numbers[0], horizon, numbers[1], numbers[2]]
        row += [horizon.replace(day=1), False]
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO focus_complete_days VALUES ({marks})", row)


def _rows(one: Series) -> list[list[Any]]:
    rows = []
    for place, (cost, quantity) in enumerate(zip(one.cost, one.quantity, strict=True)):
        when = day(place)
        names = [one.name, f"{when:%Y%m}", when, "USD", "account", "account", "service"]
        nothing = [None] * 5  # region, cost center, class, frequency
        rows.append([*names, *nothing, "Hours", quantity, cost, cost])
    return rows


def _end_of_month(when: date) -> date:
    return (when.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
