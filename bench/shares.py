"""What FOCUS's rules and the daily summary cost: their shares of the job's warm time.

`python bench/shares.py` runs the whole job in this process, on one core and without Spark, so that
they can be timed inside it; three rounds after one that is not counted.
"""

from __future__ import annotations

import io
import shutil
import statistics
import sys
import time
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from focus_lake.conformance.findings import Observer
from focus_lake.lake.daily import Summary
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import option, run_job
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions as Sample
from focus_lake.spark.session import Here

LIMIT = 0.15  # of the job's warm time
PROVIDERS = ("alibaba", "azure")  # few columns with values and nearly all of them
PARTS = {
    "rules": [(Observer, "observe")],
    "summaries": [(Summary, "add"), (Summary, "close")],
}


@dataclass(frozen=True)
class SampleOptions:
    rows: int = option("rows of the month that is read", 200_000)
    rounds: int = option("rounds that are counted", 3)
    folder: str = option("where data are made", "build/bench/rules")


def main(options: SampleOptions) -> int:
    shares = [_shares(provider, options) for provider in PROVIDERS]
    for part in PARTS:
        worst = max(share[part] for share in shares)
        print(f"the {part}' share of the job's warm time: {worst:.1%} at most", flush=True)
    worst = max(share["rules"] for share in shares)
    print(f"the rules may take {LIMIT:.0%}")
    return 0 if worst <= LIMIT else 1


def _shares(provider: str, options: SampleOptions) -> dict[str, float]:
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
    job = statistics.median(one["job"] for one in rounds)
    parts = {part: statistics.median(one[part] for one in rounds) for part in PARTS}
    told = ", ".join(f"{part} {seconds:.3f} s" for part, seconds in parts.items())
    print(f"{provider}: {told} of {job:.2f} processor seconds", flush=True)
    return {part: seconds / job for part, seconds in parts.items()}


def _round(provider: str, folder: Path) -> dict[str, float]:
    """Processor seconds of the job, and of each of its parts that is looked at."""
    spent = dict.fromkeys(PARTS, 0.0)
    options = NormalizeOptions(
        raw=str(folder / "raw"),
        lake=str(folder / "lake"),
        providers=(provider,),
        quiet_minutes=0,
        reprocess=True,
    )
    with ExitStack() as patches:
        for part, methods in PARTS.items():
            for owner, name in methods:
                patches.enter_context(_timed(owner, name, part, spent))
        started = time.process_time()
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = normalize(options, Here())
        job = time.process_time() - started
    if code:
        raise SystemExit(f"the job ended with {code}")
    return {"job": job, **spent}


@contextmanager
def _timed(owner: type, name: str, part: str, spent: dict[str, float]):
    original = getattr(owner, name)

    def timed(*args, **kwargs):
        started = time.process_time()
        try:
            return original(*args, **kwargs)
        finally:
            spent[part] += time.process_time() - started

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, original)


if __name__ == "__main__":
    sys.exit(run_job(SampleOptions, __doc__, main))
