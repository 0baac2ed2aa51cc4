"""Scratch folders go with their run; what a dead run left is removed by the next one."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from focus_lake import storage
from focus_lake.lake import scratch
from focus_lake.log import Log


@pytest.fixture
def lake(tmp_path):
    return storage.at(str(tmp_path))


@pytest.fixture
def log():
    return Log(io.StringIO())


@pytest.fixture(scope="module")
def dead_pid() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def living_pid():
    """The number of another process of this machine."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.stdin.close()
    process.wait()


def left(lake, run: str, marker: bytes | None, age_hours: float = 0) -> str:
    """What a run left: its marker, if any, and a file; both as old as that."""
    paths = [f"_scratch/{run}/deep/data"]
    with lake.writer(paths[0]) as file:
        file.write(b"x")
    if marker is not None:
        paths.append(f"_scratch/{run}/run.json")
        with lake.writer(paths[1]) as file:
            file.write(marker)
    then = time.time() - age_hours * 3600
    for path in paths:
        os.utime(lake.url(path), (then, then))
    return paths[0]


def owner(pid, host: str | None = None) -> bytes:
    return json.dumps({"host": host or socket.gethostname(), "pid": pid}).encode()


def files(lake) -> list[str]:
    return [entry.path for entry in lake.list()]


def test_a_run_has_a_folder_of_its_own_that_goes_with_it(lake, log):
    with scratch.folder(lake, log) as path:
        assert path == f"_scratch/{log.run_id}"
        with lake.writer(f"{path}/a") as file:
            file.write(b"1")
        assert lake.read(f"{path}/a")[0] == b"1"
    assert files(lake) == []


def test_the_folder_goes_also_when_the_run_fails(lake, log):
    with pytest.raises(ZeroDivisionError), scratch.folder(lake, log):
        raise ZeroDivisionError
    assert files(lake) == []


def test_the_folder_of_a_dead_process_is_removed_and_said(lake, log, dead_pid, living_pid):
    left(lake, "dead", owner(dead_pid))
    alive = left(lake, "alive", owner(living_pid), age_hours=23)
    scratch.clean(lake, log)
    assert [path for path in files(lake) if path.endswith("data")] == [alive]
    event = json.loads(log.stream.getvalue())
    assert (event["event"], event["scratch"]) == ("cleaned", "dead")


@pytest.mark.parametrize(
    "marker",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        json.dumps({"host": "another machine", "pid": 1}).encode(),
    ],
)
@pytest.mark.parametrize("hours, stays", [(23, True), (25, False)])
def test_the_folder_of_a_run_that_nothing_is_known_of_is_kept_for_a_day(
    lake, log, marker, hours, stays
):
    data = left(lake, "other", marker, hours)
    scratch.clean(lake, log)
    assert (data in files(lake)) is stays


def test_a_process_of_our_own_number_was_another_one_in_an_earlier_container(lake, log):
    left(lake, "earlier", owner(os.getpid()))
    scratch.clean(lake, log)
    assert files(lake) == []


@pytest.mark.parametrize("pid", [None, "x", 10**30])
def test_a_marker_of_this_machine_without_a_process_is_a_dead_run(lake, log, pid):
    left(lake, "odd", owner(pid))
    scratch.clean(lake, log)
    assert files(lake) == []


def test_the_newest_file_says_how_old_a_run_is(lake, log):
    left(lake, "other", None, 30)
    with lake.writer("_scratch/other/new") as file:
        file.write(b"x")
    scratch.clean(lake, log)
    assert len(files(lake)) == 2


def test_a_process_of_another_user_is_alive(monkeypatch, lake, log):
    def kill(pid, signal):
        raise PermissionError

    left(lake, "other", owner(1))
    monkeypatch.setattr(scratch.os, "kill", kill)
    scratch.clean(lake, log)
    assert len(files(lake)) == 2


def test_nothing_but_scratch_is_cleaned(lake, log, dead_pid):
    for path in ("normalized/x", "_other/y", "_scratch.txt"):
        with lake.writer(path) as file:
            file.write(b"x")
    left(lake, "dead", owner(dead_pid))
    scratch.clean(lake, log)
    assert files(lake) == ["_other/y", "_scratch.txt", "normalized/x"]
