"""Batches are read in groups and in tasks, and come back one by one in their own order."""

from types import SimpleNamespace

import pytest

from focus_lake.errors import ClusterError
from focus_lake.normalize import read_batch

LARGE = 3 * 1024 * 1024


class TwoCores:
    """In the place of Spark: fails in actions of so many tasks."""

    cores = 2

    def __init__(self, *failing):
        self.actions, self.failing = [], failing

    def map(self, function, items):
        self.actions.append(len(items))
        if len(items) in self.failing:
            raise ClusterError("no space left")
        return [function(item) for item in items]


@pytest.fixture(autouse=True)
def named(monkeypatch):
    """Each batch is read as its own name."""
    for step in ("whole", "unzip"):
        monkeypatch.setattr(read_batch, step, lambda *given: read_batch.Read(given[-1][1]))
    monkeypatch.setattr(read_batch, "write", lambda how, cluster, item, read: read)


def items(*sizes):
    return [(SimpleNamespace(bytes=size), f"batch {n}") for n, size in enumerate(sizes)]


def test_reads_come_in_the_order_of_their_batches_whatever_their_sizes():
    sizes = [1000 + n * 37 % 101 for n in range(70)] + [LARGE] + [9, 7, 8]
    cluster = TwoCores()
    reads = list(read_batch.in_turn(None, cluster, items(*sizes)))
    assert [read.started for read in reads] == [f"batch {n}" for n in range(74)]
    assert sorted(cluster.actions) == [3, 6, 8]  # 64 batches and 6 in four tasks a core, and 3


def test_an_action_that_fails_is_told_of_each_of_its_batches_and_the_others_are_read():
    reads = list(read_batch.in_turn(None, TwoCores(8), items(*[1000] * 66)))
    assert [read.failure for read in reads] == ["no space left"] * 64 + [None] * 2


def test_no_third_batch_is_unzipped_before_the_first_one_is_done_with(monkeypatch):
    begun = set()

    def unzip(how, cluster, item):
        begun.add(item[1])
        return read_batch.Read(item[1])

    monkeypatch.setattr(read_batch, "unzip", unzip)
    reads = read_batch.in_turn(None, TwoCores(), items(*[LARGE] * 4))
    seen = [next(reads).started]
    assert begun <= {"batch 0", "batch 1"}
    seen.append(next(reads).started)
    assert "batch 3" not in begun
    assert [*seen, *(read.started for read in reads)] == [f"batch {n}" for n in range(4)]
