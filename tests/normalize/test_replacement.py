"""Late, re-sent and changed files: their batch is replaced whole, and nothing else is touched."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal

from helpers.exports import LATER, NAME, PUSH, bill, row, rows, zipped_names

EARLIER = "202512/20260104173000"
FIRST, SECOND = f"{PUSH}/{NAME}_part_001.zip", f"{PUSH}/{NAME}_part_002.zip"


def zip_of(*given: tuple) -> bytes:
    return zipped_names({"bill.csv": bill(*given)})


def published(job):
    """The job after three batches; and the marks of all files but those of PUSH and its month."""
    december = row(start="2025-12-01 00:00:00")
    job.put(f"{EARLIER}/1500_2_X_202512.csv", bill(december))
    job.put(FIRST, zip_of(*rows(10)))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(12)))
    assert job.run().code == 0
    return others(job)


def others(job) -> dict:
    """Marks of every file but the folder of PUSH, and ledger and journal of its month."""
    books = [f"{book}/alibaba/{dot}202601" for book in ("ledger", "journal") for dot in ("", ".")]
    mine = (f"batch_ts={PUSH[7:]}", *books)
    return {
        path: mark for path, mark in job.marks().items() if not any(word in path for word in mine)
    }


def test_a_late_part_replaces_its_batch(job):
    before, ledger = published(job), job.ledger()
    job.put(SECOND, zip_of(*rows(5, "3.00")))
    result = job.run()
    assert (result.code, result.last) == (0, "1 published, 2 unchanged, 0 waiting, 0 refused.")
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(15, Decimal(25))]
    assert others(job) == before
    assert [line for line in job.ledger() if line["batch_ts"] == LATER[7:]] == ledger[1:]


def test_a_part_that_is_sent_again_unchanged_is_read_once(job):
    before = published(job)
    path = job.raw / "alibaba" / FIRST
    shutil.copyfile(path, path.with_suffix(".new"))
    os.utime(path.with_suffix(".new"), (1767225600, 1767225600))
    path.with_suffix(".new").replace(path)  # same bytes, another time of change
    assert job.run().code == 0
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(10, Decimal(10))]
    assert others(job) == before
    assert job.status() == {PUSH[7:]: "published", LATER[7:]: "published"}


def test_a_changed_file_replaces_its_batch(job):
    before = published(job)
    job.put(FIRST, zip_of(*rows(10, "4.00")))
    assert job.run().code == 0
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(10, Decimal(40))]
    assert others(job) == before


def test_a_batch_with_fewer_files_than_before_keeps_no_old_one(job, monkeypatch):
    monkeypatch.setattr("focus_lake.raw.clean.PIECE", 1)  # every few rows are a piece of their own
    monkeypatch.setattr("focus_lake.normalize.read_batch.SMALL", -1)  # and shared out
    job.put(FIRST, zip_of(*rows(30)))
    job.put(SECOND, zip_of(*rows(30)))
    assert job.run().code == 0
    assert len(list(job.folder(PUSH).iterdir())) == 2
    (job.raw / "alibaba" / SECOND).unlink()
    assert job.run(accept="row_drop").code == 0
    assert [path.name for path in job.folder(PUSH).iterdir()] == ["part-00000-0.parquet"]
    assert len(job.rows(PUSH)) == 30


def test_a_second_run_with_nothing_new_changes_no_file(job):
    published(job)
    before = job.marks()
    assert job.run().last == "0 published, 3 unchanged, 0 waiting, 0 refused."
    assert job.marks() == before


def test_two_exports_of_one_second_share_a_folder(job):
    job.put(f"{PUSH}/1500_2_X_202601.csv", bill(*rows(4)))
    job.put(f"{PUSH}/1600_1_X_202601.csv", bill(*rows(6, "2.00")))
    assert job.run().code == 0
    (line,) = job.ledger()
    assert line["exports"] == ["1500_2", "1600_1"]
    assert line["export_rows"] == {"1500_2": 4, "1600_1": 6}
    found = job.rows(PUSH, "DISTINCT x_Export, x_SourceFile, sum(BilledCost) OVER (PARTITION BY 1)")
    assert [(export, file) for export, file, _ in found] == [
        ("1500_2", f"{PUSH}/1500_2_X_202601.csv"),
        ("1600_1", f"{PUSH}/1600_1_X_202601.csv"),
    ]


def test_two_exports_of_two_seconds_have_folders_of_their_own(job):
    job.put(f"{PUSH}/1500_2_X_202601.csv", bill(*rows(4)))
    job.put(f"{LATER}/1600_1_X_202601.csv", bill(*rows(2)))
    assert job.run().code == 0
    assert job.status() == {PUSH[7:]: "published", LATER[7:]: "published"}
    assert job.rows(PUSH, "DISTINCT x_Export") == [("1500_2",)]
    assert job.rows(LATER, "DISTINCT x_Export") == [("1600_1",)]


def test_one_wrong_export_in_a_shared_folder_holds_the_other_back(job):
    job.put(f"{PUSH}/1500_2_X_202601.csv", bill(*rows(4)))
    job.put(f"{PUSH}/1600_1_X_202601.csv", "<html>")
    assert job.run().code == 1
    assert not job.is_stored(PUSH)
