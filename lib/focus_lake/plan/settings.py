"""The settings of forecast, anomalies and budgets, as data, and as text for the views."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from focus_lake.declare.model import Declaration
from focus_lake.resources import data

FIRST_OF_MONTH = (
    "CAST(CONCAT(SUBSTR(yearmonth, 1, 4), '-', SUBSTR(yearmonth, 5, 2), '-01') AS date)"
)
SERIES = "scope, value, x_Provider, BillingCurrency"
SCOPES = (
    "all",
    "provider",
    "account",
    "billing_account",
    "service",
    "cost_center",
    "department",
    "business_unit",
    "tagged_department",
)


@cache
def table() -> dict[str, str]:
    """settings.csv: name -> value as text."""
    text = data("plan", "settings.csv").read_text(encoding="utf-8")
    return {row["name"]: row["value"] for row in csv.DictReader(text.splitlines())}


def values(
    declarations: Sequence[Declaration] = (), changed: dict[str, str] | None = None
) -> dict[str, str]:
    """The placeholders of the planning views, plan_NAME; `changed` settings are for the lab."""
    known = {**table(), **(changed or {})}
    numbers = {
        name: f"CAST('{value}' AS decimal(18, 6))"
        for name, value in known.items()
        if "|" not in value
    }
    made = {
        **numbers,
        "known_days": _rows(known["known_days"].split("|")),
        "series_scopes": _rows(f"'{scope}'" for scope in SCOPES),
        "provider_zones": zones(declarations),
        "settle_hours": known["settle_hours"],
        "silent_days": known["silent_days"],
        "first_of_month": FIRST_OF_MONTH,
        "anomaly_floors": _floors(),
        "weeks_before": _lags("regular", range(7, 7 * int(known["usual_weeks"]) + 1, 7)),
        "weeks_running": _lags("running", range(7, 7 * int(known["usual_weeks"]), 7)),
        "series": SERIES,
        "months_before": _lags("excess", (1, 2, 3, 4), f"{SERIES}, month_day"),
        "month_ends_before": _lags("excess", (1, 2, 3), f"{SERIES}, ends_month"),
        "pattern_before": _lags("ratio", range(7, 7 * int(known["pattern_weeks"]) + 1, 7)),
        "days_moved": _lags("moved", range(1, int(known["drift_days"]))),
        "drifts": _lags("drift", range(1, 7), name="LEAD"),
        "level_days": known["level_days"],
        "drip_days": known["drip_days"],
        "drip_until": str(int(known["drip_days"]) + 27),
        "drip_least_days": known["drip_least_days"],
        "settled_days": known["settled_days"],
        "gap_days": known["gap_days"],
        "history_days": known["history_days"],
        "fixed_months": known["fixed_months"],
        "pattern_least": known["pattern_least"],
        "same_days_median": middle("same_days"),
        "these_days_median": middle("these_days"),
        "recurred_median": middle("recurred"),
        "recurred_at_end_median": middle("recurred_at_end"),
        "pattern_median": middle("pattern"),
        "apart_median": middle("apart"),
        "level_median": middle("level_costs"),
        "moves_median": middle("moves"),
        "week_median": middle("week_costs"),
        "earlier_median": middle("earlier_costs"),
    }
    return {f"plan_{name}": text for name, text in made.items()}


def zones(declarations: Sequence[Declaration]) -> str:
    """Hours from UTC to each provider's zone; the larger of summer and winter, whose midnight
    comes first: a day is then never taken for unfinished half of the year."""
    rows = []
    for each in declarations:
        zone = ZoneInfo(each.time.zone)
        offsets = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
        hours = max(int(one.total_seconds() // 3600) for one in offsets if one is not None)
        rows.append(f"CAST('{each.name}' AS varchar), {hours}")
    return _rows(rows)


def middle(array: str) -> str:
    """The median of a sorted array without nulls: exact, and the same on every engine."""
    count = f"CARDINALITY({array})"
    low = f"CAST(FLOOR(({count} + 1) * 0.5) AS integer)"
    high = f"CAST(FLOOR(({count} + 2) * 0.5) AS integer)"
    return (
        f"(ELEMENT_AT({array}, NULLIF({low}, 0)) + ELEMENT_AT({array}, {high}))"
        " * CAST('0.5' AS decimal(2, 1))"
    )


def _floors() -> str:
    """floors.csv: the least money that makes an anomaly, by currency."""
    text = data("plan", "floors.csv").read_text(encoding="utf-8")
    return _rows(
        f"CAST('{row['currency']}' AS varchar), CAST('{row['amount']}' AS decimal(18, 6))"
        for row in csv.DictReader(text.splitlines())
    )


def _rows(values: Iterable[str]) -> str:
    return ",\n".join(f"        ({value})" for value in values)


def _lags(column: str, steps: Iterable[int], partition: str = SERIES, name: str = "LAG") -> str:
    return ",\n".join(
        f"                    {name}({column}, {step}) OVER (\n"
        f"                        PARTITION BY {partition} ORDER BY day_no\n"
        f"                    )"
        for step in steps
    )
