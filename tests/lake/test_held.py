"""A file too many, too few or another one in a published folder is told by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.lake import held, ledger
from focus_lake.lake.live import choose
from helpers.lakes import Lake, charge

FIRST, SECOND = "20260110173000", "20260111173000"
AGAIN = "run normalize_focus.py --providers alibaba --yearmonths 202601 --reprocess true"


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Two pushes of a month, of which the second is live."""
    made = Lake(tmp_path / "lake")
    made.batch("alibaba", "202601", FIRST, [charge("2026-01-05", "1")])
    sums = {"BilledCost": "10.100000000000000000", "EffectiveCost": "10.100000000000000000"}
    sums |= {"ListCost": "10.100000000000000000", "ContractedCost": None}
    rows = [charge("2026-01-05", "10"), charge("2026-01-06", "0.1")]
    more = {"cost_sums": [{"BillingCurrency": "CNY", **sums}]}
    made.batch("alibaba", "202601", SECOND, rows, **more)
    return made


def file_of(lake: Lake, batch_ts: str) -> Path:
    (path,) = lake.root.glob(f"normalized/alibaba/*/batch_ts={batch_ts}/*/*.parquet")
    return path


def compared(lake: Lake) -> list[str]:
    lines = ledger.read_all(store(lake), "alibaba")
    live = choose(lines, "snapshot").batches
    return held.compare(store(lake), "alibaba", lines, live).problems


def read(lake: Lake) -> held.Held:
    return held.read_all(store(lake), "alibaba", ledger.read_all(store(lake), "alibaba"))


def store(lake: Lake) -> storage.Store:
    return storage.at(str(lake.root))


def test_a_lake_as_it_was_published_has_no_problem(lake):
    first = file_of(lake, FIRST)
    line = next(x for x in ledger.read_all(store(lake), "alibaba") if x.batch_ts == FIRST)
    assert line.data_files[0]["bytes"] == first.stat().st_size
    assert compared(lake) == []


@pytest.mark.parametrize(
    "place", ["foreign.parquet", "_hidden.parquet", "deeper/foreign.parquet", "../foreign.parquet"]
)
def test_a_foreign_file_in_the_folder_of_a_live_batch_is_named(lake, place):
    folder = file_of(lake, SECOND).parent
    (folder / place).parent.mkdir(exist_ok=True)
    shutil.copy(file_of(lake, FIRST), folder / place)
    (problem,) = compared(lake)
    assert problem == (
        f"{folder}/{place} is in the folder of a published batch and not in the ledger, so its "
        f"rows would count: move it out of the lake, or {AGAIN}, which publishes the batch in a "
        "new folder"
    )


def test_a_foreign_file_beside_a_superseded_push_is_named_too(lake):
    """focus_restatements reads every published push."""
    shutil.copy(file_of(lake, SECOND), file_of(lake, FIRST).with_name("x.parquet"))
    (problem,) = compared(lake)
    assert f"batch_ts={FIRST}" in problem and "x.parquet is in the folder" in problem


def test_marks_of_other_tools_are_no_data(lake):
    for name in ("_SUCCESS", ".part-00000-0.parquet.crc"):
        file_of(lake, SECOND).with_name(name).write_bytes(b"")
    assert compared(lake) == []


def test_a_lost_file_is_named_where_the_batch_is_live_and_not_where_it_expired(lake):
    shutil.rmtree(file_of(lake, FIRST).parent)
    assert compared(lake) == []
    lost = file_of(lake, SECOND)
    lost.unlink()
    assert compared(lake) == [f"{lost} is in the ledger and not in the lake: {AGAIN}"]


def test_an_expiry_that_was_broken_off_is_no_lost_file(lake):
    rows = [charge("2026-01-05", "1")]
    two = [{"name": "a.parquet", "rows": 1, "bytes": 9}, {"name": "b.parquet"} | {"bytes": 9}]
    lake.line("alibaba", "202601", "20260109173000", rows, data_files=two)
    path = file_of(lake, FIRST)
    folder = path.parents[2] / "batch_ts=20260109173000/publication=20260109173000-202601"
    folder.mkdir(parents=True)
    (folder / "b.parquet").write_bytes(b"x" * 9)
    assert compared(lake) == []


def test_a_file_of_another_size_is_named(lake):
    path = file_of(lake, SECOND)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"x")
    assert compared(lake) == [f"{path} has {size + 1:,} bytes, {size:,} were published: {AGAIN}"]


def test_reading_back_tells_the_rows_and_agrees_with_what_was_published(lake):
    lake.root.joinpath("ledger/alibaba/202601.jsonl").write_text(
        "".join(x.to_json() + "\n" for x in [line_of(lake, SECOND)])
    )
    found = read(lake)
    assert (found.problems, found.batches, found.files, found.rows) == ([], 1, 1, 2)


def line_of(lake: Lake, batch_ts: str) -> ledger.Line:
    lines = ledger.read_all(store(lake), "alibaba")
    return next(line for line in lines if line.batch_ts == batch_ts)


def test_other_costs_in_a_file_of_the_same_size_are_found_by_reading_only(lake):
    path = lake.root / "ledger/alibaba/202601.jsonl"
    text = path.read_text(encoding="utf-8")
    assert '"BilledCost":"10.100000000000000000"' in text
    path.write_text(text.replace('"BilledCost":"10.1', '"BilledCost":"20.1'), encoding="utf-8")
    assert compared(lake) == []
    (problem,) = [each for each in read(lake).problems if f"batch_ts={SECOND}" in each]
    assert "the sums of cost are" in problem
    assert "'10.100000000000000000'" in problem and "'20.100000000000000000'" in problem


def test_a_batch_whose_files_the_ledger_does_not_name_cannot_be_verified(lake):
    rows = [charge("2026-01-05", "1")]
    lake.data("alibaba", "202602", SECOND, rows)
    lake.line("alibaba", "202602", SECOND, rows)
    assert compared(lake) == []
    assert [each for each in read(lake).problems if "the ledger names no file" in each]


def test_a_file_that_is_no_parquet_is_told_as_what_it_is(lake):
    path = file_of(lake, SECOND)
    path.write_bytes(b"x" * path.stat().st_size)
    assert any(f"{path}: cannot be read" in each for each in read(lake).problems)


def test_a_message_names_the_first_problems_and_how_many_more_there_are():
    assert held.Held([str(n) for n in range(7)]).told() == "0; 1; 2; 3; 4; and 2 more"
