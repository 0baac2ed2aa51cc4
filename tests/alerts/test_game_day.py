"""Game day: a made month in which things go wrong; each alert once, on its day, route and money.

helpers/game_day.py has the month; tests/catalog/test_game_day_on_trino.py plays it on Trino.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from focus_lake.catalog import kept
from helpers import game_day
from helpers.catalog import on_duckdb
from helpers.lakes import Lake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The lake, and everything that was sent."""
    lake = Lake(tmp_path_factory.mktemp("game") / "lake")
    engine = ["--engine", "duckdb", "--lake", str(lake.root)]
    return lake, game_day.play(lake, engine, again=(12, 23))


@pytest.fixture(scope="module")
def said(played):
    return played[1]


def test_every_alert_comes_once_on_its_day_and_route(said):
    assert game_day.told(said) == game_day.ALERTS


def finding(said, day: int) -> dict:
    [message] = [message for on, _, message in said if on == day]
    [found] = message["findings"]
    return found


def test_the_money_is_right(said):
    for day, amount in game_day.MONEY.items():
        assert Decimal(finding(said, day)["amount"]) == amount
    assert "6900.00 of 6750.00 USD spent" in finding(said, 23)["sentence"]


def test_the_day_that_breaks_the_budget_was_known_on_the_fifth(said):
    assert finding(said, 5)["day"] == "2026-01-23"


def test_the_driver_is_named(said):
    assert "Compute in account 111" in finding(said, 12)["sentence"]
    assert finding(said, 12)["account"] == "111"


def test_the_batch_job_is_silent(said):
    assert not any("Batch" in str(message) for _, _, message in said)


def test_the_shadow_policy_is_only_recorded(said):
    assert not any("tried-out" in str(message) for _, _, message in said)


@pytest.mark.parametrize("one", kept.every(), ids=lambda one: one.name)
def test_what_was_kept_is_what_would_be_worked_out_now(played, one):
    names = ", ".join(one.columns())
    rows, now = (
        sorted(map(repr, on_duckdb(played[0].root, f"SELECT {names} FROM {view}")))
        for view in (one.view, one.computed_by)
    )
    assert rows == now
    assert (played[0].root / one.folder).is_dir()
