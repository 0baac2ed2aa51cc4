"""Raw files make batches by their names; the plan says what to do with each of them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from focus_lake import declare, storage
from focus_lake.errors import StorageError
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line
from focus_lake.normalize import plan
from focus_lake.normalize.options import ACCEPTABLE, NormalizeOptions
from focus_lake.raw.find import find
from helpers.exports import zipped_names

ALIBABA = declare.load("alibaba")
JANUARY, NEXT, FEBRUARY = "202601/20260131173000", "202601/20260201173000", "202602/20260201173000"
OLD = datetime.now(UTC) - timedelta(hours=2)


class Raw:
    """A raw folder to fill, and plans of it."""

    def __init__(self, root):
        self.store, self.lake = storage.at(str(root / "raw")), storage.at(str(root / "lake"))
        (root / "raw").mkdir()

    def put(self, path: str, content: bytes = b"x", modified: datetime = OLD) -> Raw:
        with self.store.writer(path) as file:
            file.write(content)
        os.utime(self.store.url(path), (modified.timestamp(),) * 2)
        return self

    def batches(self) -> list:
        return find(self.store, ALIBABA)[0]

    def make(self, **options) -> plan.Plan:
        made = NormalizeOptions(raw="r", lake="l", **options)
        return plan.make(self.store, Ledger(self.lake, "alibaba"), ALIBABA, made)

    def step(self, **options) -> plan.Step:
        (step,) = self.make(**options).steps
        return step

    def publish(self, status: str = PUBLISHED, **more) -> None:
        """A ledger line of the only batch, as a run with default options leaves it."""
        (batch,) = self.batches()
        recipe = plan.recipe(ALIBABA, NormalizeOptions(raw="r", lake="l"))
        made = {"files": batch.signature(), "exports": batch.exports, "recipe": recipe}
        made |= {"publication": "20260201000000-1"}
        line = Line("alibaba", *batch.key, status, **{**made, **more})
        Ledger(self.lake, "alibaba").write(line)


@pytest.fixture
def raw(tmp_path):
    return Raw(tmp_path)


def codes(batch) -> list[str]:
    return [reason.code for reason in batch.reasons]


# -- find ------------------------------------------------------------------------------------------


def test_files_are_grouped_by_month_and_time_whatever_folder_is_above(raw):
    raw.put(f"{NEXT}/1500_2_X_202601.zip").put(f"exports/{JANUARY}/1500_2_X_202601.csv")
    raw.put(f"{FEBRUARY}/1500_2_202602").put(f"{NEXT}/77_2688801000001_Y_202601.ZIP")
    found = [(batch.key, batch.exports, len(batch.files)) for batch in raw.batches()]
    assert found == [
        (("202601", "20260131173000"), ["1500_2"], 1),
        (("202601", "20260201173000"), ["1500_2", "77_2688801000001"], 2),
        (("202602", "20260201173000"), ["1500_2"], 1),
    ]
    assert not any(batch.reasons or batch.waits for batch in raw.batches())


def test_a_batch_is_known_by_path_size_and_time_of_its_files(raw):
    raw.put(f"{JANUARY}/1500_2_202601_part_002.csv", b"123").put(
        f"{JANUARY}/1500_2_202601_part_001.csv"
    )
    (batch,) = raw.batches()
    assert (batch.bytes, batch.newest.replace(microsecond=0)) == (4, OLD.replace(microsecond=0))
    assert [(file["name"][-12:], file["size"]) for file in batch.signature()] == [
        ("part_001.csv", 1),
        ("part_002.csv", 3),
    ]
    assert all(file["etag"].startswith("mtime:") for file in batch.signature())


@pytest.mark.parametrize(
    "path",
    [
        "readme.csv",
        "202601/1500_2_202601.csv",
        f"{JANUARY}/deeper/1500_2_202601.csv",
        "202601/20260131996000/1500_2_202601.csv",  # no such minute
        "202613/20260131173000/1500_2_202613.csv",
        f"{JANUARY}/readme.txt",
        f"{JANUARY}/.DS_Store",
        f"{JANUARY}/_SUCCESS",
        f"{JANUARY}/1500_2_202601.csv.tmp",
        f"{JANUARY}/notes_20260131.txt",  # not the increment of a day, but no bill either
    ],
)
def test_a_stray_file_is_passed_over_and_spoils_no_batch(raw, path):
    raw.put(path).put(f"{NEXT}/1500_2_202601.csv").put(f"{JANUARY}/1500_2_202601.csv")
    batches, strays = find(raw.store, ALIBABA)
    assert [stray.path for stray in strays] == [path]
    assert [len(batch.files) for batch in batches] == [1, 1]
    assert not any(batch.reasons for batch in batches)


def test_a_name_that_is_no_utf_8_is_passed_over_in_writing_that_can_be_printed(raw):
    raw.put(f"{JANUARY}/1500_2_202601.csv")
    name = "账单.csv".encode("gbk").decode("utf-8", "surrogateescape")
    try:
        raw.put(f"{JANUARY}/{name}")
    except (OSError, StorageError):
        pytest.skip("this disk takes names in UTF-8 only")
    (batch,), (stray,) = find(raw.store, ALIBABA)
    assert (
        stray.path == f"{JANUARY}/" + r"\xd5˵\xa5.csv"
    )  # two of the four bytes happen to be a character
    assert "not UTF-8" in stray.why
    assert (len(batch.files), batch.reasons) == (1, [])


@pytest.mark.parametrize(
    "names, waits",
    [
        (["part_001", "part_002", "part_003"], []),
        (["part_002"], ["part 001 of export 1500_2 is missing"]),
        (["part_001", "part_004"], ["part 002, 003 of export 1500_2 is missing"]),
        (["part_009"], ["part 001, 002, 003, 004, 005 and 3 more of export 1500_2 is missing"]),
    ],
)
def test_a_gap_among_the_parts_makes_a_batch_wait(raw, names, waits):
    for name in names:
        raw.put(f"{JANUARY}/1500_2_X_202601_{name}.zip")
    (batch,) = raw.batches()
    assert (batch.waits, batch.reasons) == (waits, [])


def test_parts_are_counted_for_each_export_and_bill_type(raw):
    raw.put(f"{JANUARY}/1500_2_X_202601_part_001.csv").put(f"{JANUARY}/1500_2_Y_202601.csv")
    raw.put(f"{JANUARY}/1600_2_X_202601_part_002.csv")
    (batch,) = raw.batches()
    assert batch.waits == ["part 001 of export 1600_2 is missing"]
    assert batch.reasons == []


@pytest.mark.parametrize(
    "names, code, file",
    [
        (["1500_2_X_20260131.csv"], "daily_file_name", "1500_2_X_20260131.csv"),
        (["1500_2_20260131_part_001.zip"], "daily_file_name", "1500_2_20260131_part_001.zip"),
        (["1500_2_X_202602.csv"], "month_mismatch", "1500_2_X_202602.csv"),
        (["bill.csv"], "unknown_file_name", "bill.csv"),
        (["1500_2_202601.csv", "1500_2_202601_part_001.csv"], "parts_and_whole", None),
        (["1500_2_202601.csv", "1500_2_202601.zip"], "repeated_part", "1500_2_202601.zip"),
    ],
)
def test_a_name_that_must_not_be_read_says_so_with_its_file(raw, names, code, file):
    for name in names:
        raw.put(f"{JANUARY}/{name}")
    (batch,) = raw.batches()
    assert codes(batch) == [code]
    assert file is None or batch.reasons[0].file == f"{JANUARY}/{file}"
    assert str(batch.reasons[0]).startswith(f"{code}: {JANUARY}/")


def test_a_name_of_a_day_that_is_also_unknown_has_both_reasons_and_is_kept(raw):
    raw.put(f"{JANUARY}/report_20260131.csv")
    (batch,) = raw.batches()
    assert sorted(codes(batch)) == ["daily_file_name", "unknown_file_name"]
    assert raw.step(accept=("daily_file_name",)).action == plan.REFUSE


def test_a_daily_name_is_read_as_its_month_once_it_is_accepted(raw):
    raw.put(f"{JANUARY}/1500_2_X_20260131.csv")
    step = raw.step(accept=("daily_file_name",))
    assert (step.action, step.batch.exports) == (plan.READ, ["1500_2"])


def test_a_file_delivered_to_two_folders_counts_once_if_its_bytes_are_the_same(raw):
    raw.put(f"a/{JANUARY}/1500_2_202601.csv", b"same").put(
        f"b/{JANUARY}/1500_2_202601.csv", b"same", OLD + timedelta(seconds=1)
    )
    (batch,) = raw.batches()
    assert [file.path for file in batch.files] == [f"a/{JANUARY}/1500_2_202601.csv"]
    assert codes(batch) == []
    raw.put(f"b/{JANUARY}/1500_2_202601.csv", b"diff")
    (batch,) = raw.batches()
    assert codes(batch) == ["repeated_part"]


# -- plan ------------------------------------------------------------------------------------------

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
