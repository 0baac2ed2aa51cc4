"""The game day on a real Trino: the same alerts, and the same plans to the last digit."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from focus_lake.catalog import measures, render
from helpers import game_day
from helpers.catalog import declare_only, on_duckdb, refresh
from helpers.lakes import Lake

pytestmark = [pytest.mark.trino, pytest.mark.slow]

PLANS = (
    *("focus_policy_findings", "focus_cost_anomalies", "focus_budget_status", "focus_forecast"),
    *("focus_forecast_accuracy", "focus_scope_costs", "focus_complete_days"),
)
# What the refresh itself asks.
OF_A_REFRESH = (
    *(measures.VIEW, "focus_pipeline_metrics", "focus_delivery_status"),
    *("focus_record_measures", "focus_plan_measures", "focus_allocation_measures"),
)


@pytest.fixture(scope="module")
def played(trino):
    """The lake, played on Trino, then refreshed by DuckDB; what was sent."""
    lake = Lake(trino.root / "game_day")
    with pytest.MonkeyPatch.context() as patch:
        declare_only(patch, "aws")
        _deploy_what_plans_rest_on(patch)
        days = (5, 12, 15, 18, 23)
        said = game_day.play(lake, trino.options(lake.root, "game_day"), days)
        assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake, said


def _deploy_what_plans_rest_on(patch) -> None:
    """The views below PLANS, and no other."""
    every = render.shared_views

    def some(*args, **more) -> list:
        made = every(*args, **more)
        texts = {one.name: one.sql for one in made}
        found, todo = set(), [*OF_A_REFRESH, *PLANS]
        while todo:
            found.add(name := todo.pop())
            below = set(re.findall(r"\b\w+\.(focus_\w+)", texts.get(name, "")))
            todo += below - found
        return [one for one in made if one.name in found]

    patch.setattr(render, "shared_views", some)


def test_every_alert_comes_once_on_its_day_route_and_with_its_money(played):
    _, said = played
    assert game_day.told(said) == game_day.ALERTS
    money = {day: message["findings"][0].get("amount") for day, _, message in said}
    assert {day: Decimal(money[day]) for day in game_day.MONEY} == game_day.MONEY
    assert money[18] is None  # a share has no amount


@pytest.mark.parametrize("view", PLANS)
def test_plans_are_those_of_duckdb_to_the_last_digit(trino, played, view):
    here = on_duckdb(played[0].root, f"SELECT * FROM {view}")
    there = trino.query(f"SELECT * FROM {view}", "game_day")
    assert here and sorted(map(str, here)) == sorted(map(str, there))
