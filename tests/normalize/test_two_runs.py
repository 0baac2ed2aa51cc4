"""Two runs at once: one wins, the other says so and changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from focus_lake.lake import ledger
from focus_lake.normalize import publish
from focus_lake.storage import local
from helpers.exports import LATER, NAME, PUSH, bill, rows
from helpers.job_runs import STAND_IN, Job

CSV = f"{PUSH}/{NAME}.csv"


def meanwhile(monkeypatch, owner, name: str, action, when=lambda *given: True, after=True):
    """Do action once, when owner.name has been (or is about to be) called."""
    original, todo = getattr(owner, name), [action]

    def patched(*args, **kwargs):
        first = todo and when(*args)
        act = todo.pop() if first else None
        if act and not after:
            act()
        result = original(*args, **kwargs)
        if act and after:
            act()
        return result

    monkeypatch.setattr(owner, name, patched)


class Other:
    """A second run on the same folders, in a process of its own; keeps what it left."""

    def __init__(self, job: Job, file: str | None = None):
        self.job, self.file = job, file

    def __call__(self) -> None:
        if self.file is not None:  # as if the bill was delivered again in between
            self.job.put(CSV, self.file)
        self.result = self.job.process(STAND_IN)
        self.left = self.tables()

    def tables(self) -> dict:
        marks = self.job.marks()
        return {
            path: mark
            for path, mark in marks.items()
            if not path.startswith(("_scratch", "journal")) and not path.endswith(".lock")
        }


def lost(result) -> None:
    assert result.code == 1
    assert "changed by another run; start this one again" in result.line("FAILED")
    assert result.last.endswith("FAILED: alibaba.")


def test_the_one_that_decides_later_changes_nothing(job, monkeypatch):
    job.put(CSV, bill(*rows(10)))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(12)))
    other = Other(job)
    meanwhile(monkeypatch, publish.publish_checks, "judge", other)
    lost(job.run())
    assert (other.result.code, other.result.last[:11]) == (0, "2 published")
    assert other.tables() == other.left
    assert not list(job.lake.glob("_scratch/*"))
    assert job.run().last == "0 published, 2 unchanged, 0 waiting, 0 refused."


def test_the_one_that_refuses_later_changes_nothing(job, monkeypatch):
    job.put(CSV, bill(*rows(10, "bad")))
    other = Other(job, file=bill(*rows(10)))
    meanwhile(monkeypatch, publish.publish_checks, "judge", other)
    lost(job.run())
    assert other.result.code == 0
    assert other.tables() == other.left
    assert job.status() == {PUSH[7:]: "published"}


def test_one_that_was_taken_for_dead_leaves_the_tables_to_its_successor(job, monkeypatch):
    job.put(CSV, bill(*rows(10)))
    other = Other(job, file=bill(*rows(10, "2.00")))
    decided = lambda _, line: line.status == "publishing"  # noqa: E731
    meanwhile(monkeypatch, ledger.Ledger, "write", other, decided)
    lost(job.run())
    assert other.result.code == 0
    assert other.left.items() <= other.tables().items()
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(10, Decimal(20))]


def test_one_that_was_taken_for_dead_amid_its_swap_does_not_mix_files(job, monkeypatch):
    job.put(CSV, bill(*rows(10)))
    other = Other(job, file=bill(*rows(10, "2.00")))
    meanwhile(monkeypatch, local.os, "rename", other, after=False)
    assert job.run().code == 1
    assert other.left.items() <= other.tables().items()
    assert len(job.publications(PUSH)) == 2, "each run has a folder of its own"
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(10, Decimal(20))]
    assert job.status() == {PUSH[7:]: "published"}


def test_a_file_that_someone_put_into_the_folder_is_not_published(job, monkeypatch):
    job.put(CSV, bill(*rows(10)))
    strays = []

    def intrude() -> None:
        (folder,) = job.publications(PUSH)
        strays.append(folder / "part-99999-0.parquet")
        strays[0].write_bytes(b"x")

    swapped = lambda _, source, target: target.startswith("rejected")  # noqa: E731
    meanwhile(monkeypatch, local.LocalStore, "move_folder", intrude, swapped)
    result = job.run()
    assert result.code == 1
    assert "holds other files than were written" in result.line("FAILED")
    assert job.status() == {PUSH[7:]: "publishing"}
    assert job.run().code == 0
    assert job.folder(PUSH) != strays[0].parent
    assert len(job.rows(PUSH)) == 10


@pytest.mark.slow
def test_runs_that_start_together_leave_one_right_lake(job, tmp_path):
    for day in range(1, 7):
        job.put(f"202601/2026010{day}173000/{NAME}.csv", bill(*rows(day * 10)))
    alone = Job(tmp_path / "alone", job.cluster)
    alone.raw = job.raw
    alone.run()
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: job.process(STAND_IN), range(3)))
    assert 0 in [result.code for result in results] or job.run().code == 0
    for result in results:
        assert result.code == 0 or "changed by another run" in result.out, result.err
    job.run()
    assert job.content() == alone.content()
