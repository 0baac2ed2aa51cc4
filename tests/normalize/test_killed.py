"""The job killed (SIGKILL) at each step and run again: the lake is that of an undisturbed run."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.lake.verify import verify
from helpers.exports import LATER, NAME, PUSH, bill, row, rows, zipped_names
from helpers.job_process import STEPS
from helpers.job_runs import STAND_IN, Job

pytestmark = pytest.mark.thorough

ON_S3 = {"amid the swap on S3"}
LOCAL = [step for step in STEPS if step not in ON_S3 and step != "refusing"]
# Until the decision a batch that replaces another is like a new one: those steps may take longer.
EARLY = LOCAL[: LOCAL.index("before the decision")]
REPLACING = [
    pytest.param(step, marks=pytest.mark.slow) if step in EARLY else step for step in LOCAL
]
FIRST, SECOND = f"{PUSH}/{NAME}_part_001.zip", f"{PUSH}/{NAME}_part_002.zip"


def zip_of(*given: tuple) -> bytes:
    return zipped_names({"bill.csv": bill(*given)})


def deliver(job: Job) -> None:
    """Two pushes, one of them with a row to reject."""
    job.put(FIRST, zip_of(*rows(30), row("bad")))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(40)))


def deliver_more(job: Job) -> None:
    """A late part of the first push, and nothing new of the second."""
    job.put(SECOND, zip_of(*rows(20, "2.50"), row("worse")))


@dataclass
class Story:
    """A raw folder, the lake as it is before the run that is killed, and as it shall be."""

    before: Job
    expected: dict

    def job(self, base: Path) -> Job:
        """The job on the same raw folder and a copy of the lake."""
        job = Job(base, self.before.cluster)
        job.raw = self.before.raw
        if self.before.lake.exists():
            shutil.copytree(self.before.lake, job.lake)
        return job


@pytest.fixture(scope="module")
def new(tmp_path_factory, cluster) -> Story:
    """Nothing is published, and there are two batches."""
    before = Job(tmp_path_factory.mktemp("new"), cluster)
    deliver(before)
    return Story(before, undisturbed(before))


@pytest.fixture(scope="module")
def replacing(tmp_path_factory, cluster) -> Story:
    """Two batches are published, and one got another part."""
    before = Job(tmp_path_factory.mktemp("replacing"), cluster)
    deliver(before)
    assert before.run(max_rejected_rows=2).code == 0
    deliver_more(before)
    return Story(before, undisturbed(before))


def undisturbed(before: Job) -> dict:
    """What a new lake looks like after a whole run on the same raw files."""
    other = Job(before.raw.parent / "undisturbed", before.cluster)
    other.raw = before.raw
    assert other.run(max_rejected_rows=2).code == 0
    return other.content()


def kill(job: Job, *options) -> None:
    result = job.process(STAND_IN, *options, max_rejected_rows=2)
    assert result.code == -signal.SIGKILL, result.err


def check_published(job: Job) -> None:
    """Whatever the ledger says is published lies in the lake, whole."""
    for line in job.ledger():
        if line["status"] == "published":
            batch = f"202601/{line['batch_ts']}"
            stored = {path.name: path.stat().st_size for path in job.folder(batch).iterdir()}
            assert stored == {file["name"]: file["bytes"] for file in line["data_files"]}
            assert len(job.rows(batch)) == line["rows_out"]


def check_recorded(job: Job) -> None:
    """The journal agrees with the ledger, and the history has the killed run without an end."""
    assert verify(storage.at(str(job.lake))).problems == []
    text = next(job.lake.glob("runs/normalize_focus/*.jsonl")).read_text(encoding="utf-8")
    killed, again = [json.loads(line)["exit_code"] for line in text.splitlines()][-2:]
    assert (killed, again) == (None, 0)


@pytest.mark.parametrize("step", LOCAL)
def test_a_new_batch(new, tmp_path, step):
    job = new.job(tmp_path)
    kill(job, "--kill_at", step)
    check_published(job)
    assert job.run(max_rejected_rows=2).code == 0
    assert job.content() == new.expected
    check_recorded(job)
    assert job.run(max_rejected_rows=2).last.startswith("0 published, 2 unchanged")


@pytest.mark.parametrize("step", REPLACING)
def test_a_batch_that_replaces_a_published_one(replacing, tmp_path, step):
    job = replacing.job(tmp_path)
    untouched = {path: mark for path, mark in job.marks().items() if LATER[7:] in path}
    assert untouched
    kill(job, "--kill_at", step)
    check_published(job)
    assert job.run(max_rejected_rows=2).code == 0
    assert job.content() == replacing.expected
    check_recorded(job)
    assert len(job.rows(PUSH)) == 50
    assert {path: mark for path, mark in job.marks().items() if LATER[7:] in path} == untouched


@pytest.mark.parametrize("step", ["unzipped", "refusing"])
def test_a_batch_that_is_refused(job, tmp_path, step):
    job.put(FIRST, zip_of(row(), row("bad")))
    other = Job(tmp_path / "undisturbed", job.cluster)
    other.raw = job.raw
    assert other.run().code == 1
    assert job.process(STAND_IN, "--kill_at", step).code == -signal.SIGKILL
    assert job.run().code == 1
    assert job.content() == other.content()
    assert job.status() == {PUSH[7:]: "rejected"}


def test_killed_again_and_again(new, tmp_path):
    job = new.job(tmp_path)
    for step in ("amid the swap", "decided", "in the ledger's write"):
        kill(job, "--kill_at", step)
    assert job.run(max_rejected_rows=2).code == 0
    assert job.content() == new.expected


@pytest.mark.slow
@pytest.mark.parametrize("step", LOCAL)
def test_with_a_spark_of_its_own(replacing, tmp_path, step):
    job = replacing.job(tmp_path)
    kill(job, "--kill_at", step, "--spark", "true")
    result = job.process(max_rejected_rows=2)
    assert result.code == 0, result.out
    assert job.content() == replacing.expected
