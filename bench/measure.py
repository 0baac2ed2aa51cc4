"""Seconds, processor seconds and the most memory of a process and all its children together."""

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
    processor: float  # seconds of all processors; what a process did in its last moment is lost


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
    return Measured(seconds, peak.megabytes, sum(peak.processor.values()))


class Peak:
    """Looks at a process and its children while the block runs."""

    def __init__(self, pid: int | None = None):
        self._pid, self.megabytes = pid or os.getpid(), 0.0
        self.processor: dict[int, float] = {}  # seconds by process, also of those that ended
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
            now = _processes(self._pid)
            self.megabytes = max(self.megabytes, sum(held for held, _ in now.values()))
            self.processor |= {pid: spent for pid, (_, spent) in now.items()}
            self._end.wait(EVERY)


def _processes(root: int) -> dict[int, tuple[float, float]]:
    """Process -> megabytes that it holds, processor seconds that it has spent."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,time="], capture_output=True, text=True, check=True
    )
    children, found = defaultdict(list), {}
    for line in listed.stdout.splitlines():
        pid, parent, kilobytes, spent = line.split()
        children[int(parent)].append(int(pid))
        found[int(pid)] = int(kilobytes) / 1024, _seconds(spent)
    chosen, pending = {}, [root]
    while pending:
        pid = pending.pop()
        chosen[pid] = found.get(pid, (0.0, 0.0))
        pending += children[pid]
    return chosen


def _seconds(spent: str) -> float:
    """What ps says of a process's time: [days-]hours:minutes:seconds, on macOS minutes:seconds."""
    days, _, clock = spent.rpartition("-")
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return total + int(days or 0) * 86_400
