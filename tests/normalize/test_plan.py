"""The plan says what to do with each batch of raw files: read, wait, refuse, leave alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line
from focus_lake.normalize import plan
from focus_lake.normalize.options import ACCEPTABLE, NormalizeOptions
from helpers.exports import zipped_names
from helpers.raw_folder import ALIBABA, FEBRUARY, JANUARY, NEXT, OLD, Raw


@pytest.fixture
def raw(tmp_path):
    return Raw(tmp_path)


CSV = f"{JANUARY}/1500_2_202601.csv"


def test_nothing_gives_an_empty_plan(raw):
    made = raw.make()
    assert (made.steps, made.strays) == ([], [])


def test_a_new_batch_is_read_and_once_published_left_alone(raw):
    raw.put(CSV)
    assert (raw.step().action, raw.step().why) == (plan.READ, "new")
    raw.publish()
    assert raw.step().action == plan.DONE
    assert raw.step(reprocess=True).why == "to be read again (--reprocess)"
    assert raw.step(accept=("row_drop",)).action == plan.DONE  # options do not undo what is good


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.put(CSV, b"longer"),
        lambda raw: raw.put(CSV, b"y", OLD + timedelta(seconds=1)),
        lambda raw: raw.put(f"{JANUARY}/1600_2_202601.csv"),
        lambda raw: raw.put(f"{JANUARY}/1500_2_Z_202601.csv").store.delete(CSV),
    ],
)
def test_a_batch_whose_files_changed_is_read_again(raw, change):
    raw.put(CSV).publish()
    change(raw)
    assert (raw.step().action, raw.step().why) == (
        plan.READ,
        "files changed since it was published",
    )


def test_a_batch_that_a_killed_run_was_publishing_is_read_again(raw):
    raw.put(CSV).publish(PUBLISHING)
    assert (raw.step().action, raw.step().why) == (
        plan.READ,
        "a run was stopped while it published this",
    )


def test_a_refused_batch_is_read_again_only_if_something_changed(raw):
    reason = {"code": "rejected_rows", "message": "2 rows", "file": None}
    raw.put(CSV).publish(REJECTED, reasons=[reason])
    step = raw.step()
    assert (step.action, [str(one) for one in step.reasons]) == (
        plan.REFUSED_BEFORE,
        ["rejected_rows: 2 rows"],
    )
    assert step.is_current
    assert raw.step(max_rejected_rows=2).action == plan.READ
    assert raw.step(max_rejected_rows=2).why.startswith("files, settings or options changed")
    assert raw.step(reprocess=True).action == plan.READ
    raw.put(CSV, b"mended")
    assert raw.step().action == plan.READ


@pytest.mark.parametrize(
    "change",
    [
        {"accept": tuple(ACCEPTABLE)[:1]},
        {"max_rejected_rows": 5},
        {"max_unzip_ratio": 300},
        {"max_unzip_gb": 1.5},
        {"stale_hours": 48.0},
    ],
)
def test_the_recipe_changes_with_every_option_that_can_turn_a_refusal(change):
    usual = NormalizeOptions(raw="r", lake="l")
    assert plan.recipe(ALIBABA, usual) == plan.recipe(ALIBABA, replace(usual, raw="elsewhere"))
    assert plan.recipe(ALIBABA, replace(usual, **change)) != plan.recipe(ALIBABA, usual)
    other = replace(ALIBABA, fingerprint="other")
    assert plan.recipe(other, usual) != plan.recipe(ALIBABA, usual)


def test_a_refusal_is_history_once_something_newer_of_its_export_is_published(raw):
    raw.put(CSV).publish(REJECTED)
    book = Ledger(raw.lake, "alibaba")
    key = ("alibaba", "202601", "20260205173000", PUBLISHED)
    newer = Line(*key, exports=["other"], publication="20260206000000-1")
    book.write(newer)
    assert raw.step().is_current
    book.write(replace(newer, batch_ts="20260206173000", exports=["1500_2", "other"]))
    assert not raw.step().is_current


def test_only_the_months_asked_for_are_planned(raw):
    raw.put(CSV).put(f"{FEBRUARY}/1500_2_202602.csv")
    keys = [step.batch.yearmonth for step in raw.make(yearmonths=("202602",)).steps]
    assert keys == ["202602"]
    assert [step.batch.yearmonth for step in raw.make().steps] == ["202601", "202602"]


def minutes(count: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=count)


@pytest.mark.parametrize(
    "age, quiet, action",
    [
        (31, 30.0, plan.READ),
        (29, 30.0, plan.WAIT),
        (29, 0.0, plan.READ),
        (-0.2, 30.0, plan.WAIT),  # the storage's clock is a little ahead of ours
        (-600, 30.0, plan.READ),  # a wrong clock: nothing to wait for
    ],
)
def test_a_batch_waits_until_its_newest_file_is_old_enough(raw, age, quiet, action):
    raw.put(CSV).put(f"{JANUARY}/1600_2_202601.csv", modified=minutes(age))
    step = raw.step(quiet_minutes=quiet)
    assert step.action == action
    assert action == plan.READ or "its newest file is new: read in" in step.why


@pytest.mark.parametrize(
    "hours, stale, action", [(23, 24.0, plan.WAIT), (25, 24.0, plan.REFUSE), (25, 48.0, plan.WAIT)]
)
def test_a_batch_that_stays_incomplete_becomes_an_error(raw, hours, stale, action):
    raw.put(f"{JANUARY}/1500_2_202601_part_002.csv", modified=minutes(hours * 60))
    step = raw.step(stale_hours=stale)
    assert (step.action, step.why[:35]) == (action, "part 001 of export 1500_2 is missin")
    assert [reason.code for reason in step.reasons] == ["incomplete"] * (action == plan.REFUSE)


def test_a_refusal_by_name_is_lifted_by_accepting_all_of_its_reasons(raw):
    raw.put(f"{JANUARY}/1500_2_20260231.csv").put(f"{JANUARY}/1500_2_X_202602.csv")
    raw.put(f"{JANUARY}/1500_2_X_202602_part_001.csv")
    assert raw.step().action == plan.REFUSE
    accepted = sorted({reason.code for reason in raw.step().reasons})
    assert accepted == ["daily_file_name", "month_mismatch", "parts_and_whole"]
    for code in accepted:
        others = tuple(other for other in accepted if other != code)
        assert {reason.code for reason in raw.step(accept=others).reasons} == {code}
    assert raw.step(accept=tuple(accepted)).action == plan.READ


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "empty_file"),
        (b"no zip", "broken_zip"),
        (zipped_names({"a.csv": "x"})[:-5], "broken_zip"),
        (zipped_names({}), "empty_zip"),
        (zipped_names({"../a.csv": "x"}), "unsafe_name"),
    ],
)
def test_an_archive_that_cannot_be_opened_is_refused_before_anything_is_read(raw, content, code):
    raw.put(f"{JANUARY}/1500_2_202601_part_001.zip", content)
    raw.put(f"{JANUARY}/1500_2_202601_part_002.ZIP", zipped_names({"a.csv": "x"}))
    raw.put(f"{NEXT}/1500_2_202601.zip", zipped_names({"a.csv": "x"}))
    first, second = raw.make().steps
    assert (first.action, [reason.code for reason in first.reasons]) == (plan.REFUSE, [code])
    assert first.reasons[0].file == f"{JANUARY}/1500_2_202601_part_001.zip"
    assert second.action == plan.READ


def test_a_plan_changes_nothing(raw):
    raw.put(CSV).put(f"{NEXT}/1500_2_202601.zip")
    before = list(raw.store.list())
    raw.make()
    assert list(raw.store.list()) == before
    assert list(raw.lake.list()) == []
