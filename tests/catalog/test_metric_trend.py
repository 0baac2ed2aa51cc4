"""The trend of a measure: first, previous and last value, of runs typed by hand."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest

from helpers.catalog import deploy
from helpers.lakes import governed

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
pytestmark = pytest.mark.thorough

RUNS = {  # run -> metric, currency, value, met, reason
    "2019-01-01T06:00:00.000Z": [("M1", "CNY", "0.500000", False, None)],
    "2019-01-02T06:00:00.000Z": [
        ("M1", "CNY", "0.750000", False, None),
        ("M4", "CNY", None, None, "no complete day of charges"),
    ],
    "2019-01-03T06:00:00.000Z": [("M1", "CNY", None, None, "nothing was charged")],
    "2019-01-04T06:00:00.000Z": [
        ("M1", "CNY", "0.960000", True, None),
        ("M1", "USD", "0.100000", False, "without credits"),
        ("M4", "CNY", None, None, "no unowned charge in the week before"),
    ],
}


def fill(lake) -> dict:
    governed(lake)
    for number, (at, measures) in enumerate(RUNS.items()):
        lines = [
            {
                "run_id": f"run{number}",
                "run_at": at,
                "metric": metric,
                "title": "Owned",
                "provider": "alibaba",
                "yearmonth": "201901",
                "BillingCurrency": currency,
                "value": value,
                "unit": "share",
                "comparison": ">=",
                "target": "0.95",
                "met": met,
                "reason": reason,
                "x_BillingMonth": "201901",
            }
            for metric, currency, value, met, reason in measures
        ]
        file = lake.root / "metrics" / "201901" / f"run{number}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {}


@pytest.mark.parametrize("engine", BOTH)
def test_a_measure_shows_where_it_began_and_what_changed_last(engine, request, tmp_path_factory):
    options = ("--providers", "alibaba")
    deployed = deploy(engine, request, tmp_path_factory, fill, "trend", options)
    shown = deployed.query(
        "SELECT metric, BillingCurrency, initial_value, previous_value, value, x_Change, met, "
        "reason, run_count, SUBSTR(initial_run_at, 1, 10), SUBSTR(previous_run_at, 1, 10), "
        "SUBSTR(run_at, 1, 10) FROM focus_metric_trend WHERE yearmonth = '201901' "
        "ORDER BY metric, BillingCurrency"
    )
    no_week, first, second, last = (
        "no unowned charge in the week before",
        "2019-01-01",
        "2019-01-02",
        "2019-01-04",
    )
    assert [tuple(row) for row in shown] == [
        ("M1", "CNY", D("0.5"), D("0.75"), D("0.96"), D("0.21"), True, None)
        + (3, first, second, last),
        ("M1", "USD", D("0.1"), None, D("0.1"), None, False, "without credits")
        + (1, last, None, last),
        ("M4", "CNY", None, None, None, None, None, no_week) + (2, second, second, last),
    ]
