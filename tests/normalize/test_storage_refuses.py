"""Disk full, folders in the way, failing tasks: exit 1, nothing published, the next run repairs."""

from __future__ import annotations

import errno
import os

import pytest

from focus_lake.errors import StorageError
from focus_lake.normalize import read_batch, task
from focus_lake.storage import local
from helpers.exports import LATER, NAME, PUSH, bill, rows
from helpers.job_process import InProcess
from helpers.job_runs import Job

FULL = os.strerror(errno.ENOSPC)


@pytest.fixture
def job(job):
    """Two batches to publish; tasks run in this process, where their disk can be full."""
    job.cluster = InProcess()
    job.put(f"{PUSH}/{NAME}.csv", bill(*rows(10)))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(12)))
    return job


class FullDisk:
    """In the place of the store's open(): files to write whose name has a word take no byte."""

    def __init__(self, word: str):
        self.word = word

    def __call__(self, path, mode="r", *args, **kwargs):
        if self.word in str(path) and "w" in mode:
            raise OSError(errno.ENOSPC, FULL, str(path))
        return open(path, mode, *args, **kwargs)


def repaired(job: Job) -> None:
    assert job.run().code == 0
    assert job.status() == {PUSH[7:]: "published", LATER[7:]: "published"}
    assert (len(job.rows(PUSH)), len(job.rows(LATER))) == (10, 12)
    assert not list(job.lake.glob("_scratch/*"))


def test_a_disk_too_full_for_the_run_history(job, monkeypatch):
    """A run that leaves no trace must not pass unseen: it does not even begin."""
    with monkeypatch.context() as patch:
        patch.setattr(local, "open", FullDisk(".lock"), raising=False)
        result = job.run()
    assert (result.code, result.out) == (1, "")
    assert "runs/normalize_focus/" in result.err
    assert f"cannot write: {FULL}" in result.err
    repaired(job)


@pytest.mark.parametrize("word", ["/text/", "/data/", "run.json"])
def test_a_full_disk(job, monkeypatch, word):
    with monkeypatch.context() as patch:
        patch.setattr(local, "open", FullDisk(word), raising=False)
        result = job.run()
    assert result.code == 1
    assert f"cannot write: {FULL}" in result.line("FAILED")
    assert result.last.startswith("0 published")
    assert "published" not in job.status().values()
    assert all(event["level"] for event in result.events)  # and every line is JSON
    repaired(job)


def test_a_disk_that_is_full_for_one_batch(job, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(local, "open", FullDisk(f"{PUSH[7:]}/data/"), raising=False)
        result = job.run()
    assert result.code == 1
    assert job.status() == {LATER[7:]: "published"}
    assert result.line("FAILED     alibaba: 202601/20260131173000: ")
    repaired(job)


def test_a_ledger_that_cannot_be_written_publishes_nothing(job, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(local.os, "replace", refuse)
        result = job.run()
    assert (result.code, job.status()) == (1, {})
    assert not list(job.lake.glob("normalized/*"))
    repaired(job)


@pytest.mark.parametrize("name", ["_scratch", "ledger", "normalized"])
def test_a_file_where_the_lake_needs_a_folder(job, name):
    job.lake.mkdir()
    (job.lake / name).write_text("")
    result = job.run()
    assert result.code == 1
    assert str(job.lake / name) in result.line("FAILED")
    assert "published" not in job.status().values()
    (job.lake / name).unlink()
    repaired(job)


def test_a_task_that_fails_is_told_in_one_line_and_the_others_go_on(job, cluster, monkeypatch):
    """Spark wraps what a task says in traces of Python and Java."""
    original, job.cluster = task.run, cluster

    def run(work):
        if PUSH[7:] in work.folder:
            raise ValueError("no such luck")
        return original(work)

    with monkeypatch.context() as patch:
        patch.setattr(task, "run", run)
        patch.setattr(read_batch, "SMALL", -1)  # each batch by itself
        result = job.run()
    assert result.code == 1
    assert result.line("FAILED") == (
        f"FAILED     alibaba: {PUSH}: a Spark task failed: ValueError: no such luck"
    )
    assert job.status() == {LATER[7:]: "published"}
    repaired(job)


def test_a_disk_that_is_full_in_a_task_is_told_by_name(job, cluster, monkeypatch):
    original, job.cluster = task.run, cluster

    def run(work):
        if PUSH[7:] in work.folder:
            raise StorageError("/lake/part: cannot write: No space left on device")
        return original(work)

    with monkeypatch.context() as patch:
        patch.setattr(task, "run", run)
        patch.setattr(read_batch, "SMALL", -1)  # each batch by itself
        result = job.run()
    assert result.code == 1
    assert result.line("FAILED") == (
        f"FAILED     alibaba: {PUSH}: /lake/part: cannot write: No space left on device"
    )
    repaired(job)
