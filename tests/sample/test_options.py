"""Options of the sample: which are refused, and which months they mean."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from focus_lake.errors import OptionsError
from focus_lake.options import parse
from focus_lake.sample.__main__ import main
from focus_lake.sample.options import SampleOptions, months


@pytest.mark.parametrize(
    "given, words",
    [
        ({"rows": 0}, "--rows 0: must be at least 1"),
        ({"pushes": 29}, "--pushes 29: at most 28"),
        ({"until": "2026-01"}, "--until 2026-01: must be a month"),
        ({"today": "20260132"}, "--today 20260132: must be a day"),
        ({"format": "rar"}, "--format rar: must be one of zip, csv, bare, bare_zip"),
        ({"providers": "alibaba,nimbus"}, "--providers nimbus: no sample of it, only of alibaba"),
        ({"arrived": 4}, "--arrived 4: must be from 0 to --pushes"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_written(tmp_path, given, words):
    given = {"out": tmp_path} | given
    with pytest.raises(OptionsError, match=re.escape(words)):
        main(parse(SampleOptions, [f"--{name}={value}" for name, value in given.items()]))
    assert not list(tmp_path.iterdir())


def test_months_end_with_until_and_run_over_the_turn_of_the_year():
    options = SampleOptions(out="anywhere", months=3, until="202602")
    assert list(months(options)) == [
        (datetime(2025, 12, 1), datetime(2026, 1, 1)),
        (datetime(2026, 1, 1), datetime(2026, 2, 1)),
        (datetime(2026, 2, 1), datetime(2026, 3, 1)),
    ]


def test_a_place_that_cannot_be_written_ends_with_exit_code_1(tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(SampleOptions(out=str(tmp_path / "file"), rows=1, months=1, pushes=1)) == 1
    assert "the sample is not complete" in capsys.readouterr().err


@pytest.mark.parametrize(
    "today, pushes, until",
    [
        ("20261125", 3, "202611"),
        ("20261103", 3, "202611"),  # yesterday's push holds the first day
        ("20261102", 3, "202610"),
        ("20261125", 1, "202610"),  # one push only, three days after the month
        ("20261205", 1, "202611"),
        ("20261204", 1, "202610"),
        ("20260104", 28, "202601"),
        ("20260101", 3, "202512"),
    ],
)
def test_without_until_the_last_month_is_the_newest_that_has_a_push(today, pushes, until):
    options = SampleOptions(out="anywhere", today=today, pushes=pushes).settled()
    assert (options.until, options.today) == (until, today)


def test_a_month_that_is_not_whole_was_pushed_yesterday():
    options = SampleOptions(out="anywhere", today="20261125", months=3).settled()
    days = [options.push_days(start, end) for start, end in months(options)]
    assert days[1] == [datetime(2026, 10, 12), datetime(2026, 10, 22), datetime(2026, 11, 4)]
    assert days[2] == [datetime(2026, 11, day) for day in (11, 21, 24)] + [datetime(2026, 12, 4)]
    late = SampleOptions(out="anywhere", today="20261203").settled()
    assert late.push_days(datetime(2026, 11, 1), datetime(2026, 12, 1))[-2:] == [
        datetime(2026, 12, 2),
        datetime(2026, 12, 4),
    ]


def test_without_any_day_it_is_the_real_one(monkeypatch):
    today = f"{datetime.now(UTC):%Y%m%d}"
    settled = SampleOptions(out="anywhere", pushes=28).settled()
    assert settled.today in (today, f"{datetime.now(UTC):%Y%m%d}")  # midnight may come between
    assert settled.until >= f"{datetime.now(UTC) - timedelta(days=4):%Y%m}"


def test_with_until_alone_every_push_has_come_whatever_the_day():
    options = SampleOptions(out="anywhere", until="209901")
    assert options.settled() is options and options.has_come(datetime(2100, 1, 1))
