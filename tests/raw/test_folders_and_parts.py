"""Raw files make batches by folder, name and part: what is grouped, waits, or is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from focus_lake.errors import StorageError
from focus_lake.normalize import plan
from focus_lake.raw.find import find
from helpers.raw_folder import ALIBABA, FEBRUARY, JANUARY, NEXT, OLD, Raw


@pytest.fixture
def raw(tmp_path):
    return Raw(tmp_path)


def codes(batch) -> list[str]:
    return [reason.code for reason in batch.reasons]


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
