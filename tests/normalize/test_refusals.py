"""Batches that can be read and should not be believed, and --accept, which overrules each."""

from __future__ import annotations

import os
import time
from decimal import Decimal

import pytest

from helpers.exports import LATER, NAME, PUSH, bill, row, rows

CSV = f"{PUSH}/{NAME}.csv"


def code_of(job, month: str = "202601") -> list[str]:
    (line,) = [line for line in job.ledger(month) if line["status"] == "rejected"]
    return [reason["code"] for reason in line["reasons"]]


@pytest.mark.parametrize("name", ["1500_2_X_20260115.csv", "1500_2_X_20260115_part_001.csv"])
def test_a_name_that_ends_in_a_day_is_an_increment(job, name):
    job.put(f"{PUSH}/{name}", bill(row()))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["daily_file_name"])
    assert f"{PUSH}/{name}: the file name ends in a day" in result.line("refused")
    assert job.run(accept="daily_file_name").code == 0
    assert job.rows(PUSH, "x_Export, BilledCost") == [("1500_2", Decimal(1))]


def test_a_file_of_another_month_than_its_folder(job):
    job.put(f"{PUSH}/1500_2_X_202512.csv", bill(row()))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["month_mismatch"])
    assert "the name says 202512, the folder 202601" in result.line("refused")
    assert job.run(accept="month_mismatch").code == 0
    assert len(job.rows(PUSH)) == 1


def test_rows_of_another_month_than_the_folder(job):
    job.put(CSV, bill(row(), row(start="2026-02-01 00:00:00")))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["month_mismatch"])
    assert "by BillingPeriodStart in Asia/Shanghai" in result.line("refused")
    assert "1 of 202602; if" in result.line("refused")
    assert "literal_z" in result.line("refused")
    assert job.run(accept="month_mismatch").code == 0
    assert len(job.rows(PUSH)) == 2


def test_one_day_after_pushes_of_many(job):
    job.put(CSV, bill(*rows(20)))
    assert job.run().code == 0
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(20, days=1)))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["single_day"])
    assert "older pushes of the month cover up to 20 days" in result.line("refused")
    assert "--accept single_day" in result.line("refused")
    assert job.status() == {"20260131173000": "published", "20260201173000": "rejected"}
    assert job.run(accept="single_day").code == 0
    assert job.status() == {"20260131173000": "published", "20260201173000": "published"}


def test_one_day_alone_is_the_first_day_of_a_month(job):
    job.put(CSV, bill(*rows(20, days=1)))
    assert job.run().code == 0


def test_a_beijing_day_is_one_day_though_it_is_two_in_utc(job):
    early = ("1.00", "CNY", "2026-01-01 00:00:00", "2026-01-02 01:00:00", "ECS")
    late = ("1.00", "CNY", "2026-01-01 00:00:00", "2026-01-02 23:00:00", "ECS")
    job.put(CSV, bill(*rows(4)))
    job.put(f"{LATER}/{NAME}.csv", bill(early, late, early, late))
    assert job.run().code == 1
    assert code_of(job) == ["single_day"]


def test_half_of_the_rows_are_still_believed_and_fewer_are_not(job):
    job.put(CSV, bill(*rows(20)))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(10)))
    job.put(f"202601/20260202173000/{NAME}.csv", bill(*rows(4)))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["row_drop"])
    assert "export 1500_2 has 4 rows, less than half of the 10 published with 20260201173000" in (
        result.line("refused")
    )
    assert job.run(accept="row_drop").code == 0
    assert job.status()["20260202173000"] == "published"


def test_a_changed_file_with_fewer_than_half_of_its_rows_leaves_the_published_ones(job):
    job.put(CSV, bill(*rows(20)))
    job.run()
    job.put(CSV, bill(*rows(9)))
    assert job.run().code == 1
    assert code_of(job) == ["row_drop"]
    assert job.status() == {"20260131173000": "published rejected"}
    assert len(job.rows(PUSH)) == 20
    assert job.run(accept="row_drop").code == 0
    assert (job.status(), len(job.rows(PUSH))) == ({"20260131173000": "published"}, 9)


def test_a_published_batch_that_loses_an_export_is_not_replaced(job):
    job.put(CSV, bill(*rows(4)))
    other = job.put(f"{PUSH}/1600_2_X_202601.csv", bill(*rows(6)))
    job.run()
    other.unlink()
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["row_drop"])
    assert "export 1600_2 has 0 rows" in result.line("refused")
    assert len(job.rows(PUSH)) == 10


def test_another_export_has_nothing_to_do_with_it(job):
    job.put(CSV, bill(*rows(20)))
    job.put(f"{LATER}/1600_2_X_202601.csv", bill(*rows(2, days=1)))
    assert job.run().code == 0


def test_a_whole_file_beside_parts(job):
    job.put(CSV, bill(row()))
    job.put(f"{PUSH}/{NAME}_part_001.csv", bill(row()))
    assert job.run().code == 1
    assert code_of(job) == ["parts_and_whole"]
    assert job.run(accept="parts_and_whole").code == 0
    assert len(job.rows(PUSH)) == 2


def test_several_reasons_are_accepted_together(job):
    job.put(f"{PUSH}/1500_2_X_20251215.csv", bill(row()))
    assert job.run(accept="daily_file_name").code == 1
    assert job.run(accept="daily_file_name,month_mismatch").code == 0


def test_a_reason_that_cannot_be_accepted_is_a_wrong_option(job):
    result = job.run(accept="broken_zip")
    assert (result.code, result.out) == (2, "")
    assert "--accept broken_zip: cannot be accepted; there are daily_file_name" in result.err


def test_a_stray_file_is_named_and_passed_over(job):
    job.put(CSV, bill(row()))
    job.put(f"{PUSH}/readme.txt", "hello")
    job.put(f"{PUSH}/.DS_Store", "x")
    job.put("202601/notes.csv", "x")
    result = job.run()
    assert result.code == 0
    named = [line for line in result.out.splitlines() if line.startswith("passed over")]
    assert named == [
        f"passed over alibaba/{PUSH}/.DS_Store: macOS put it there",
        f"passed over alibaba/{PUSH}/readme.txt: a readme is not a bill",
        "passed over alibaba/202601/notes.csv: not where the declaration expects bill files",
    ]
    warned = [event["file"] for event in result.events if event["level"] == "warning"]
    assert sorted(warned) == sorted([f"{PUSH}/.DS_Store", f"{PUSH}/readme.txt", "202601/notes.csv"])


def test_a_bill_of_an_unknown_name_is_refused_not_guessed(job):
    job.put(f"{PUSH}/bill.csv", bill(row()))
    assert job.run().code == 1
    assert code_of(job) == ["unknown_file_name"]


def test_a_missing_part_makes_the_batch_wait_and_in_time_an_error(job):
    for part in (1, 3):
        job.put(f"{PUSH}/{NAME}_part_{part:03d}.csv", bill(row()))
    result = job.run()
    assert result.code == 0
    assert result.line("waits") == (
        f"waits      alibaba/{PUSH}: part 002 of export 1500_2 is missing"
    )
    assert (job.ledger(), job.is_stored(PUSH)) == ([], False)
    two_days_ago = time.time() - 48 * 3600
    for path in job.raw.glob(f"alibaba/{PUSH}/*"):
        os.utime(path, (two_days_ago, two_days_ago))
    result = job.run()
    assert (result.code, code_of(job)) == (1, ["incomplete"])
    assert "nothing came for 24 hours (--stale_hours)" in result.line("refused")
    assert job.run(stale_hours=72, reprocess="true").line("waits")
    job.put(f"{PUSH}/{NAME}_part_002.csv", bill(row()))
    assert job.run().code == 0
    assert len(job.rows(PUSH)) == 3


def test_a_fresh_file_makes_the_batch_wait_for_the_quiet_period(job):
    file = job.put(CSV, bill(row()))
    result = job.run(quiet_minutes=30)
    assert (result.code, result.last) == (0, "0 published, 0 unchanged, 1 waiting, 0 refused.")
    assert "its newest file is new: read in 30 min, if no other comes" in result.line("waits")
    os.utime(file, (time.time() - 1801, time.time() - 1801))
    assert job.run(quiet_minutes=30).line("published")


def test_two_different_files_for_one_part_are_refused(job):
    job.put(f"{PUSH}/{NAME}_part_001.csv", bill(row()))
    job.put(f"{PUSH}/{NAME}_part_001", bill(row("2.00")))
    assert job.run().code == 1
    assert code_of(job) == ["repeated_part"]


def test_a_file_delivered_to_two_trees_counts_once(job):
    job.put(f"one/{CSV}", bill(row()))
    job.put(f"two/{CSV}", bill(row()))
    assert job.run().code == 0
    assert len(job.rows(PUSH)) == 1
