"""What holding every row to FOCUS's rules costs: their share of the job's warm time.

`python bench/rules.py` runs the whole job in this process, on one core and without Spark, so that
the rules can be timed inside it; three rounds after one that is not counted.
"""

from __future__ import annotations

import io
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from focus_lake.conformance.findings import Observer
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import option, run_job
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions as Sample

LIMIT = 0.15  # of the job's warm time
PROVIDERS = ("alibaba", "azure")  # few columns with values and nearly all of them


@dataclass(frozen=True)
class SampleOptions:
    rows: int = option("rows of the month that is read", 200_000)
    rounds: int = option("rounds that are counted", 3)
    folder: str = option("where data are made", "build/bench/rules")


class Here:
    """In place of the Spark cluster: the same tasks, one after the other."""

    cores, version = 1, "none"

    def begin(self) -> None:
        """Nothing has to be started."""

    def map(self, function: Callable, items: Iterable) -> list:
        return [function(item) for item in items]


def main(options: SampleOptions) -> int:
    worst = max(_share(provider, options) for provider in PROVIDERS)
    print(f"the rules' share of the job's warm time: {worst:.1%} at most, allowed are {LIMIT:.0%}")
    return 0 if worst <= LIMIT else 1


def _share(provider: str, options: SampleOptions) -> float:
    folder = Path(options.folder, provider)
    shutil.rmtree(folder, ignore_errors=True)
    made = Sample(
        out=str(folder / "raw"),
        rows=options.rows,
        months=1,
        pushes=1,
        providers=(provider,),
        until="202601",
    )
    with redirect_stdout(io.StringIO()):
        make_sample(made)
    rounds = [_round(provider, folder) for _ in range(options.rounds + 1)][1:]
    job = statistics.median(job for job, _ in rounds)
    rules = statistics.median(rules for _, rules in rounds)
    print(f"{provider}: {rules:.3f} s of {job:.2f} s, {rules / job:.1%}", flush=True)
    return rules / job


def _round(provider: str, folder: Path) -> tuple[float, float]:
    """(seconds of the job, seconds of the rules in it)."""
    spent, observe = [0.0], Observer.observe

    def timed(self: Observer, result) -> None:
        started = time.perf_counter()
        observe(self, result)
        spent[0] += time.perf_counter() - started

    options = NormalizeOptions(
        raw=str(folder / "raw"),
        lake=str(folder / "lake"),
        providers=(provider,),
        quiet_minutes=0,
        reprocess=True,
    )
    Observer.observe = timed
    started = time.perf_counter()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = normalize(options, Here())
    finally:
        Observer.observe = observe
    if code:
        raise SystemExit(f"the job ended with {code}")
    return time.perf_counter() - started, spent[0]


if __name__ == "__main__":
    sys.exit(run_job(SampleOptions, __doc__, main))
