"""The same job with raw data and lake on S3, against a local endpoint."""

from __future__ import annotations

import signal
from decimal import Decimal

import boto3
import pytest

from focus_lake.normalize import publish, read_batch
from helpers.exports import LATER, NAME, PUSH, bill, row, rows, zipped_names
from helpers.job_process import STEPS
from helpers.job_runs import STAND_IN, Job, Result, run_here

pytestmark = pytest.mark.s3
LOCAL = {
    "in the journal's write",
    "in the ledger's write",
    "amid the swap",
    "between the swaps",
    "refusing",
}


class S3Job(Job):
    """A Job whose folders are prefixes of a bucket; ``see`` brings the lake here to look at."""

    def __init__(self, base, cluster, bucket: str, endpoint: str, lake: str = "lake"):
        super().__init__(base, cluster)
        self.here, self.endpoint = base / lake, endpoint
        self.raw, self.lake = f"s3://{bucket}/in/raw", f"s3://{bucket}/out/{lake}"
        self.bucket, self.prefix = bucket, f"out/{lake}/"
        self.s3 = boto3.client("s3", endpoint_url=endpoint)

    def put(self, path: str, data: str | bytes) -> None:
        data = data.encode() if isinstance(data, str) else data
        self.s3.put_object(Bucket=self.bucket, Key=f"in/raw/alibaba/{path}", Body=data)

    def argv(self, options: dict) -> list[str]:
        return super().argv({"s3_endpoint": self.endpoint} | options)

    def objects(self) -> dict[str, tuple]:
        """Key -> (ETag, time of change) of everything in the lake but the run history."""
        pages = self.s3.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket, Prefix=self.prefix)
        items = [item for page in found for item in page.get("Contents", ())]
        items = [item for item in items if "/runs/" not in item["Key"]]
        return {item["Key"]: (item["ETag"], item["LastModified"]) for item in items}

    def see(self) -> Job:
        """The lake as folders on this machine."""
        seen = Job(self.here, self.cluster)
        seen.lake = self.here / f"seen-{len(list(self.here.glob('seen-*')))}"
        seen.lake.mkdir(parents=True)
        for key in self.objects():
            target = seen.lake / key.removeprefix(self.prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(self.bucket, key, str(target))
        return seen


@pytest.fixture
def on_s3(tmp_path, cluster, bucket, s3_endpoint) -> S3Job:
    return S3Job(tmp_path, cluster, bucket, s3_endpoint)


def deliver(job: Job) -> None:
    zipped = zipped_names({"a.csv": bill(*rows(20)), "b.csv": bill(*rows(5, "2.00"), row("bad"))})
    job.put(f"{PUSH}/{NAME}_part_001.zip", zipped)
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(40)))


def without_files(content: dict) -> dict:
    """A lake's content but for the marks of raw files: ETags on S3, times on a disk."""
    for lines in content["ledger"].values():
        for line in lines:
            line["files"] = [(file["name"], file["size"]) for file in line["files"]]
    return content


def test_the_lake_is_the_one_that_local_folders_give(on_s3, job):
    for each in (on_s3, job):
        deliver(each)
        assert each.run(max_rejected_rows=1).code == 0
    assert without_files(on_s3.see().content()) == without_files(job.content())
    assert len(job.rows(PUSH)) == 25


def test_from_nothing_to_a_late_part(on_s3):
    result = on_s3.run()
    assert (result.code, on_s3.objects()) == (0, {})
    assert result.line("nothing to do for alibaba: its raw folder holds no batch")
    deliver(on_s3)
    on_s3.put("202512/20260104120000/1500_2_X_202512.zip", b"PK\x03\x04 cut off")
    result = on_s3.run(max_rejected_rows=1)
    assert result.code == 1
    assert "broken_zip" in result.line("refused    alibaba/202512/20260104120000")
    before = on_s3.objects()
    last = on_s3.run(max_rejected_rows=1).last
    assert last == "0 published, 2 unchanged, 0 waiting, 1 refused (alibaba)."
    assert on_s3.objects() == before
    on_s3.put(f"{PUSH}/{NAME}_part_002.csv", bill(*rows(3, "4.00")))
    on_s3.run(max_rejected_rows=1)
    seen = on_s3.see()
    assert seen.rows(PUSH, "count(*), sum(BilledCost)") == [(28, Decimal(42))]
    after = on_s3.objects()
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    mine = (f"batch_ts={PUSH[7:]}/", "ledger/alibaba/202601.jsonl", "journal/alibaba/202601.jsonl")
    assert all(any(word in key for word in mine) for key in changed), changed
    assert seen.content()["scratch"] == []


def test_an_archive_is_read_in_ranges_on_the_executors(on_s3, monkeypatch):
    monkeypatch.setattr(read_batch, "SMALL", 0)
    monkeypatch.setattr("focus_lake.storage.s3.READ_AHEAD", 1000)
    deliver(on_s3)
    assert on_s3.run(max_rejected_rows=1).code == 0
    assert len(on_s3.see().rows(PUSH)) == 25


@pytest.mark.parametrize("step", [step for step in STEPS if step not in LOCAL])
def test_killed_and_run_again(on_s3, tmp_path, cluster, bucket, s3_endpoint, step):
    deliver(on_s3)
    undisturbed = S3Job(tmp_path, cluster, bucket, s3_endpoint, "undisturbed")
    assert undisturbed.run(max_rejected_rows=1).code == 0
    killed = on_s3.process(STAND_IN, "--kill_at", step, max_rejected_rows=1)
    assert killed.code == -signal.SIGKILL, killed.err
    assert on_s3.run(max_rejected_rows=1).code == 0
    assert on_s3.see().content() == undisturbed.see().content()


def test_of_two_runs_the_one_that_decides_later_changes_nothing(on_s3, monkeypatch):
    deliver(on_s3)
    judge, others = publish.publish_checks.judge, []

    def judge_late(*given):
        if not others:
            others.append(on_s3.process(STAND_IN, max_rejected_rows=1))
            others.append(on_s3.objects())
        return judge(*given)

    monkeypatch.setattr(publish.publish_checks, "judge", judge_late)
    result = on_s3.run(max_rejected_rows=1)
    assert (result.code, others[0].code) == (1, 0)
    assert "changed by another run; start this one again" in result.line("FAILED")
    assert tables(on_s3.objects()) == tables(others[1])


def tables(objects: dict) -> dict:
    """All but scratch, and the journal, which is told before the ledger decides."""
    left_out = ("_scratch", "/journal/")
    return {key: mark for key, mark in objects.items() if not any(x in key for x in left_out)}


def test_a_process_with_a_spark_of_its_own(on_s3):
    deliver(on_s3)
    result = on_s3.process(max_rejected_rows=1)
    assert result.code == 0, result.err
    assert len(result.events) > 4  # JSON lines only
    assert len(on_s3.see().rows(LATER)) == 40


def test_no_such_bucket_is_a_wrong_option(on_s3):
    result = on_s3.run(raw="s3://no-such-bucket/raw")
    assert (result.code, result.out) == (2, "")
    assert "--raw s3://no-such-bucket/raw: there is no such folder" in result.err


def test_a_lake_in_no_bucket_publishes_nothing(on_s3):
    deliver(on_s3)
    result = on_s3.run(lake="s3://no-such-bucket/lake")
    assert (result.code, result.out) == (1, "")
    assert "s3://no-such-bucket/lake/runs/normalize_focus/" in result.err


def test_an_endpoint_that_does_not_answer_is_named(tmp_path):
    options = {"raw": "s3://bucket/raw", "lake": "s3://bucket/lake"}
    words = Job(tmp_path).argv({**options, "s3_endpoint": "http://127.0.0.1:9"})
    result: Result = run_here(words)
    assert (result.code, result.out) == (1, "")
    assert "s3://bucket/raw: cannot list" in result.err
    assert "127.0.0.1:9" in result.err
