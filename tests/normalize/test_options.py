"""Nothing to read, wrong options, a plan instead of a run, and runs on some months only."""

from __future__ import annotations

import pytest

from helpers.exports import LATER, NAME, PUSH, bill, row
from helpers.job_runs import Job

CSV = f"{NAME}.csv"


def test_no_raw_folder_is_a_wrong_option(tmp_path, cluster):
    result = Job(tmp_path, cluster).run()
    assert (result.code, result.out) == (2, "")
    assert f"--raw {tmp_path / 'raw'}: there is no such folder" in result.err
    assert not (tmp_path / "lake").exists()


def test_a_file_in_the_place_of_the_raw_folder(tmp_path, cluster):
    (tmp_path / "raw").write_text("")
    assert Job(tmp_path, cluster).run().code == 2


@pytest.mark.parametrize("stray", [None, "alibaba/readme.txt", "aws/202601/x/a.csv"])
def test_a_raw_folder_without_a_batch_gives_nothing_to_do(tmp_path, cluster, stray):
    job = Job(tmp_path, cluster)
    job.raw.mkdir()
    if stray:
        (job.raw / stray).parent.mkdir(parents=True)
        (job.raw / stray).write_text("")
    result = job.run()
    assert result.code == 0
    assert result.line("nothing to do for alibaba: its raw folder holds no batch")
    assert result.last == "0 published, 0 unchanged, 0 waiting, 0 refused."
    assert [path.name for path in job.lake.iterdir()] == ["runs"]  # and no table or ledger


@pytest.mark.parametrize(
    "option, message",
    [
        ({"yearmonths": "2026-01"}, "--yearmonths 2026-01: must be YYYYMM"),
        ({"quiet_minutes": "soon"}, "--quiet_minutes soon: must be a number"),
        ({"stale_hours": -1}, "--stale_hours -1.0: must not be negative"),
        ({"dry_run": "yes"}, "--dry_run yes: must be true or false"),
        ({"reproces": "true"}, "--reproces is not an option of this job; did you mean --reprocess"),
        ({"providers": ","}, "--providers: name at least one"),
        ({"raw": "gs://bucket"}, "gs://bucket: only s3:// and local folders"),
        ({"lake": "s3://"}, "no bucket name"),
        ({"lake": ""}, "--lake: must not be empty"),
        ({"raw": " "}, "--raw: must not be empty"),
        ({"declarations": "no/such"}, "--declarations no/such: there is no such folder"),
    ],
)
def test_a_wrong_option_is_named_and_changes_nothing(job, option, message):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    result = job.run(**option)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert not job.lake.exists()


def test_a_provider_that_nobody_declared_does_not_stop_the_others(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    result = job.run(providers="alibab,alibaba")
    assert result.code == 1
    assert job.status() == {"20260131173000": "published"}
    assert "alibab" in result.line("FAILED")
    assert result.last.endswith("1 published, 0 unchanged, 0 waiting, 0 refused; FAILED: alibab.")


def test_a_ledger_that_is_no_json_is_named_with_its_line_and_left_alone(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    job.run()
    ledger = job.lake / "ledger" / "alibaba" / "202601.jsonl"
    ledger.write_text(ledger.read_text() + "{broken\n")
    before = job.marks()
    result = job.run()
    assert (result.code, job.marks()) == (1, before)
    assert "202601.jsonl line 2: not a ledger line" in result.line("FAILED")


def test_a_dry_run_prints_the_plan_and_changes_nothing(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    assert job.run().code == 0
    job.put(f"{LATER}/{CSV}", bill(row()))
    job.put("202601/20260203173000/1500_2_X_20260103.csv", bill(row()))
    job.put(f"202601/20260204173000/{NAME}_part_002.csv", bill(row()))
    before = job.marks()
    result = job.run(dry_run="true")
    assert (result.code, job.marks()) == (0, before)
    head, *plan, end = [line.split() for line in result.out.splitlines()]
    assert head == ["provider", "month", "batch_ts", "exports", "files", "MB", "action", "why"]
    assert [(words[2], words[6]) for words in plan] == [
        ("20260131173000", "done"),
        ("20260201173000", "read"),
        ("20260203173000", "refuse"),
        ("20260204173000", "wait"),
    ]
    assert " ".join(end) == "Dry run: nothing was changed."


def test_only_the_months_asked_for_are_touched(job):
    for month in ("202511", "202512", "202601"):
        start = f"{month[:4]}-{month[4:]}-01 00:00:00"
        job.put(f"{month}/20260201173000/1500_2_X_{month}.csv", bill(row(start=start)))
    assert job.run(yearmonths="202511,202601").code == 0
    published = {path.name for path in job.lake.glob("normalized/alibaba/*")}
    assert published == {"yearmonth=202511", "yearmonth=202601"}


def test_a_month_that_is_not_there_is_told_from_an_empty_folder(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    result = job.run(yearmonths="202512")
    words = "its raw folder holds no batch of these months, but 1 of others (--yearmonths)"
    assert result.code == 0
    assert result.line("nothing to do for alibaba").endswith(words)


def test_a_file_in_the_place_of_the_lake(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    job.lake.write_text("precious")
    result = job.run()
    assert (result.code, result.out) == (2, "")
    assert f"--lake {job.lake}: is a file" in result.err
    assert job.lake.read_text() == "precious"


@pytest.mark.parametrize("inside", ["", "/lake"])
def test_a_lake_inside_a_provider_s_raw_folder_is_a_wrong_option(job, inside):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    before = sorted(job.raw.rglob("*"))
    result = job.run(lake=f"{job.raw}/alibaba{inside}")
    assert result.code == 2
    assert "lies in the raw folder of alibaba" in result.err
    assert sorted(job.raw.rglob("*")) == before


def test_reprocess_reads_again_what_is_published(job):
    job.put(f"{PUSH}/{CSV}", bill(row()))
    job.run()
    before = job.content()
    assert job.run().last.startswith("0 published, 1 unchanged")
    assert job.run(reprocess="true").last.startswith("1 published, 0 unchanged")
    assert job.content() == before
