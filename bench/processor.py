"""Processor seconds of this process and everything it started: Spark's JVM, its Python workers."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Spent:
    """Seconds on the clock, and of all processors together."""

    seconds: float = 0.0
    processor: float = 0.0

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.seconds - other.seconds, self.processor - other.processor)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.processor + other.processor)


def now() -> Spent:
    """Both clocks. Processes that ended count once their parent has waited for them."""
    return Spent(time.perf_counter(), _tree(os.getpid()))


def _tree(root: int) -> float:
    if not Path("/proc/self/stat").exists():  # not Linux: children count when they end
        return sum(os.times()[:4])
    ticks, children = {}, defaultdict(list)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        children[int(fields[1])].append(int(folder.name))
        ticks[int(folder.name)] = sum(map(int, fields[11:15]))
    total, pending = 0, [root]
    while pending:
        process = pending.pop()
        total += ticks.get(process, 0)
        pending += children[process]
    return total / TICK
