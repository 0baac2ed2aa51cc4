"""Which push came and which is late, at three typed moments, on DuckDB and on Trino."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from focus_lake import declare, storage
from focus_lake.errors import DeclarationError
from focus_lake.records import deliveries
from helpers.catalog import Deployed, deploy, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
NOW = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
REAL = deliveries.values


def at(*parts: int) -> datetime:
    return datetime(*parts)


def pushed(lake: Lake, provider: str, month: str, export: str, when: str, **line) -> None:
    """A batch pushed at a UTC time, such as 2026-02-04T08:44."""
    batch_ts = when.replace("-", "").replace("T", "").replace(":", "") + "00"
    rows = [charge(f"{month[:4]}-{month[4:]}-01", "1", x_Export=export)]
    lake.batch(provider, month, batch_ts, rows, delivered_at=f"{when}:00.000Z", **line)


def fill(lake: Lake) -> dict:
    # Alibaba: January's final push came in time; February's came on the last day and never again.
    pushed(lake, "alibaba", "202601", "100_1", "2026-02-04T08:44")
    pushed(lake, "alibaba", "202602", "100_1", "2026-02-28T09:30")
    pushed(lake, "alibaba", "202603", "100_1", "2026-03-06T09:00")
    # An export that stopped coming in March, two days ago; a refused push has come all the same.
    pushed(lake, "alibaba", "202602", "200_1", "2026-03-03T09:00")
    pushed(lake, "alibaba", "202603", "200_1", "2026-03-04T09:00")
    lake.line(
        "alibaba",
        "202603",
        "20260305120000",
        exports=["300_1"],
        status="rejected",
        delivered_at="2026-03-05T12:00:00.000Z",
    )
    # Oracle: increments of a day; no final day is declared, the next push counts for March.
    pushed(lake, "oci", "202602", "t1", "2026-02-28T06:00")
    # Nobody said how often the datacenter's export comes.
    pushed(lake, "datacenter", "202602", "own", "2026-02-10T08:00")
    return {}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "values", lambda declared: REAL(declared, NOW))
        yield deploy(request.param, request, tmp_path_factory, fill, "deliveries")


def test_each_export_and_month_has_its_last_push_and_the_next_one_expected(told):
    found = told.query(
        "SELECT x_Export, yearmonth, x_LastPush, x_LastPublished, x_NextExpected, x_IsLate, "
        "x_LateHours, x_IsFinal, x_Reason FROM focus_delivery_status ORDER BY x_Export, yearmonth"
    )
    came = at(2026, 3, 6, 9)
    assert found == [
        ("100_1", "202601", at(2026, 2, 4, 8, 44), at(2026, 2, 4, 8, 44), None)
        + (False, None, True, None),
        # Due on 1 March at 09:30, 122.5 hours ago; not final without a push after the month.
        ("100_1", "202602", at(2026, 2, 28, 9, 30), at(2026, 2, 28, 9, 30), at(2026, 3, 1, 9, 30))
        + (True, D("122.5"), False, None),
        ("100_1", "202603", came, came, at(2026, 3, 7, 9), False, None, False, None),
        ("200_1", "202602", at(2026, 3, 3, 9), at(2026, 3, 3, 9), None, False, None, True, None),
        ("200_1", "202603", at(2026, 3, 4, 9), at(2026, 3, 4, 9), at(2026, 3, 5, 9))
        + (True, D("27"), False, None),
        ("300_1", "202603", at(2026, 3, 5, 12), None, at(2026, 3, 6, 12))
        + (False, None, False, None),
        ("own", "202602", at(2026, 2, 10, 8), at(2026, 2, 10, 8), None)
        + (None, None, None, "no_schedule"),
        # March should have begun; when, nobody knows.
        ("own", "202603", None, None, None, None, None, False, "no_schedule"),
        ("t1", "202602", at(2026, 2, 28, 6), at(2026, 2, 28, 6), None)
        + (False, None, None, "no_final_day"),
        # Two days after the month began: one passes, one delivers it.
        ("t1", "202603", None, None, at(2026, 3, 3), True, D("84"), False, None),
    ]


def test_a_refused_push_is_named_as_one_that_came(told):
    found = told.query(
        "SELECT x_LastRefused, x_FinalBy FROM focus_delivery_status WHERE x_Export = '300_1'"
    )
    assert found == [(at(2026, 3, 5, 12), at(2026, 4, 4, 10))]


def test_without_a_typed_moment_the_engine_says_what_time_it_is(tmp_path):
    """An export that stopped long ago is late now, and the months that never came are rows."""
    lake = Lake(tmp_path / "lake")
    pushed(lake, "alibaba", "202601", "100_1", "2026-01-10T09:00")
    told = Deployed("duckdb", lake, {})
    assert refresh(*told.options()) == 0
    late = told.query(
        "SELECT yearmonth, x_NextExpected FROM focus_delivery_status WHERE x_IsLate "
        "ORDER BY yearmonth"
    )
    assert late[:2] == [("202601", at(2026, 1, 11, 9)), ("202602", at(2026, 2, 2, 16))]


def test_the_refresh_names_what_is_late_and_still_ends_with_0(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    pushed(lake, "alibaba", "202601", "100_1", "2026-02-04T08:44")
    with pytest.MonkeyPatch.context() as patch:
        now = datetime(2026, 2, 5, 6, 0, tzinfo=UTC)
        patch.setattr(deliveries, "values", lambda declared: REAL(declared, now))
        assert refresh(*Deployed("duckdb", lake, {}).options()) == 0
    told = capsys.readouterr()
    # February began on 31 January at 16:00 UTC; a push of its first day was due by the 2nd.
    assert [line for line in told.out.splitlines() if line.startswith("LATE")] == [
        "LATE alibaba 100_1 202602: no push, the next one was expected 2026-02-02 16:00 UTC, "
        "62 hours ago"
    ]
    (event,) = [json.loads(line) for line in told.err.splitlines() if "delivery late" in line]
    assert (event["level"], event["export"], event["yearmonth"]) == ("warning", "100_1", "202602")


def test_an_export_that_has_ended_is_not_waited_for(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "alibaba.toml").write_text(
        '[deliveries]\nended = {"100_1" = "202601"}\n', encoding="utf-8"
    )
    lake = Lake(tmp_path / "lake")
    pushed(lake, "alibaba", "202601", "100_1", "2026-02-04T08:44")
    told = Deployed("duckdb", lake, {})
    assert refresh(*told.options(), "--declarations", str(tmp_path / "own")) == 0
    assert told.query("SELECT yearmonth, x_IsLate FROM focus_delivery_status") == [
        ("202601", False)
    ]


def test_a_month_is_the_providers_own_and_a_final_day_has_a_zone():
    months = {row[0]: row[1:] for row in deliveries.calendar(declare.load("alibaba"), NOW)}
    assert months["202601"] == ("2025-12-31 16:00:00", "2026-01-31 16:00:00", "2026-02-04 10:00:00")
    assert sorted(months)[0] == "202303" and sorted(months)[-1] == "202604"
    months = {row[0]: row[1:] for row in deliveries.calendar(declare.load("aws"), NOW)}
    assert months["202512"] == ("2025-12-01 00:00:00", "2026-01-01 00:00:00", "2026-01-15 00:00:00")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('final_time = "6pm"', "deliveries.final_time: '6pm' is not a time such as 18:00"),
        ("every_hours = 0", "deliveries.every_hours: 0 must be 1 or more"),
        ('every_hours = "24"', "deliveries.every_hours: '24' is not a whole number"),
        ('final_zone = "Peking"', "deliveries.final_zone: 'Peking'"),
        ('ended = {"100_1" = "2026"}', "deliveries.ended.100_1: '2026' is not a month"),
    ],
)
def test_a_wrong_schedule_is_refused_by_file_and_key(tmp_path, text, why):
    (tmp_path / "alibaba.toml").write_text(f"[deliveries]\n{text}\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=f"alibaba.toml: {why}"):
        declare.load("alibaba", storage.at(str(tmp_path)))


def test_a_schedule_changes_no_row_so_nothing_is_read_again(tmp_path):
    (tmp_path / "alibaba.toml").write_text("[deliveries]\nevery_hours = 12\n", encoding="utf-8")
    changed = declare.load("alibaba", storage.at(str(tmp_path)))
    assert changed.fingerprint == declare.load("alibaba").fingerprint
    assert changed.deliveries.every_hours == 12 and changed.deliveries.final_day == 4
