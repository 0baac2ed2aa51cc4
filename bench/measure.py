"""Seconds, and the most memory that a process and all its children held together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass

EVERY = 0.25  # seconds between two looks at the processes


@dataclass
class Measured:
    seconds: float
    megabytes: float  # resident memory, added up over the processes; what they share counts twice


def run(command: list[str], **options) -> Measured:
    """Run a command to its end. Raises CalledProcessError with what it printed, if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    with Peak(process.pid) as peak:
        output, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        print(output, file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, command)
    return Measured(seconds, peak.megabytes)


class Peak:
    """Looks at a process and its children while the block runs."""

    def __init__(self, pid: int | None = None):
        self._pid, self.megabytes = pid or os.getpid(), 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            self.megabytes = max(self.megabytes, _resident(self._pid))
            self._end.wait(EVERY)


def _resident(root: int) -> float:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    )
    children, sizes = defaultdict(list), {}
    for line in listed.stdout.splitlines():
        pid, parent, kilobytes = map(int, line.split())
        children[parent].append(pid)
        sizes[pid] = kilobytes
    total, pending = 0, [root]
    while pending:
        pid = pending.pop()
        total += sizes.get(pid, 0)
        pending += children[pid]
    return total / 1024
