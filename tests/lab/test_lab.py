"""The lab: the same series from the same seed, a score that can be bad, and the lines it prints."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from focus_lake.errors import OptionsError
from focus_lake.lab import __main__ as lab
from focus_lake.lab import methods, score, series
from focus_lake.options import parse


@pytest.fixture(scope="module")
def made():
    return series.make(77, 2)


def test_a_seed_makes_the_same_series_and_another_one_others(made):
    again, other = series.make(77, 2), series.make(78, 2)
    assert [one.cost for one in made] == [one.cost for one in again]
    assert [one.cost for one in made] != [one.cost for one in other]


def test_what_is_planted_is_in_the_cost_and_nowhere_else(made):
    for one in made:
        assert len(one.cost) == 731
        assert {planted.kind for planted in one.planted} <= {"spike", "drip", "price"}
        first = min(planted.first for planted in one.planted)
        assert one.cost[:first] == one.clean[:first]
        spikes = [planted for planted in one.planted if planted.kind == "spike"]
        assert all(one.cost[p.first] > one.clean[p.first] * D("1.4") for p in spikes)


def test_the_last_days_have_only_partly_come(made):
    assert all(one.cost[-1] < D("0.85") * one.cost[-8] for one in made)  # a week before


def labelled() -> series.Series:
    days = [D(100)] * 731
    one = series.Series("s", days, days, days)
    one.planted = [
        series.Planted("spike", 200, 201, 500.0),
        series.Planted("drip", 300, 320, 900.0),
        series.Planted("spike", 400, 400, 5.0),  # below the floor of 20
    ]
    return one


def test_events_are_right_late_wrong_or_missed():
    events = [("s", 201, 203), ("s", 205, 205), ("s", 500, 500), ("s", 40, 40)]
    found = score.anomalies([labelled()], events, 20)
    # Day 205 is in the week after the spike, 500 is nothing, day 40 is before anything is planted.
    assert (found.right, found.wrong) == (2, 1)
    assert (dict(found.found), dict(found.missed)) == ({"spike": 1}, {"drip": 1})
    assert (found.recall, round(found.precision, 2)) == (0.5, 0.67)


def test_the_simple_methods_by_hand():
    point = methods.Point("s", "202404", 5, [10.0] * 25 + [20.0] * 5, 2, 50.0)
    assert methods.run_rate(point) == 40  # 20 a day
    straight = [float(number) for number in range(30)]
    line = methods.Point("s", "202404", 5, straight, 2, 50.0)
    assert methods.straight_line(line) == pytest.approx(30 + 31)
    assert point.month == 150


def test_it_prints_a_line_for_ours_and_one_for_each_other_method(capsys):
    assert (
        lab.main(parse(lab.LabOptions, ["--seed", "5", "--series", "1", "--library", "false"])) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("seeds 5: 1 series of 731 days each, 60 forecasts, ")
    for start in (
        "forecast error on day 5: ",
        "forecast error on day 10: ",
        "forecast error on day 20: ",
        "  run rate: day 5 ",
        "  straight line: day 5 ",
        "anomalies: precision ",
        "  with the known jobs and holidays listed: precision ",
        "  z-score: precision ",
    ):
        assert any(line.startswith(start) for line in lines), start


@pytest.mark.parametrize("argv", [["--seed", "one"], ["--series", "0"]])
def test_options_that_make_nothing_are_wrong(argv):
    with pytest.raises(OptionsError, match="--seed"):
        lab.main(parse(lab.LabOptions, argv))


def test_days_close_together_are_one_event():
    assert methods.merged([3, 4, 7, 11]) == [(3, 7), (11, 11)]
    assert series.day(0) == date(2024, 1, 1)
