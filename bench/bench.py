"""How fast the job is, and how fast DuckDB does the same: `make bench`, see docs/speed.md.

All that is compared runs in turns in one run, so that a busy machine slows both. The lines at the
end, `name: figure`, are for programs; where a name comes twice the last one counts.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import data
import duck
import measure
import queries
import rounds as both

import plan
from focus_lake.options import option, run_job
from focus_lake.spark.session import Cluster

JOB = str(Path(__file__).resolve().parent.parent / "jobs" / "normalize_focus.py")


@dataclass(frozen=True)
class Options:
    rows: int = option("rows of the month that is read", 1_000_000)
    rounds: int = option("how often the warm job and DuckDB are run in turns", 3)
    small_rows: int = option("rows of the small day", 5_000)
    files: int = option("files of the first load", 1_000)
    batches: int = option("published batches among which nothing is new", 10_000)
    questions_rows: int = option("line items behind ten questions, 0: not asked", 10_000_000)
    large_rows: int = option("rows of a very large month, 0 leaves it out", 0)
    folder: str = option("where data are made and kept", "build/bench")


def main(options: Options) -> int:
    folder = Path(options.folder).absolute()
    raw = data.sample(folder / f"{options.rows}", options.rows)
    texts = data.unzipped(raw / data.PROVIDER, folder / f"{options.rows}" / "text")
    size = sum(path.stat().st_size for path in texts.rglob("*.csv")) / 1e6
    cluster = Cluster()
    cluster.begin()
    print(f"{options.rows:,} rows, {size:,.0f} MB of CSV, {cluster.cores} cores, Spark", end=" ")
    print(f"{cluster.version}, Python {sys.version.split()[0]}, DuckDB {duck.duckdb.__version__}")
    side_by_side = both.Rounds(raw, texts, folder, cluster)
    rounds = side_by_side.run(options.rounds)
    side_by_side.check()
    both.report(rounds, options.rows, _say)
    cluster.stop()
    audit = _cold(options, folder)
    _nothing_new(options, folder)
    first_load = _first_load(options, folder)
    questions = queries.run(folder, options.questions_rows) if options.questions_rows else {}
    if options.questions_rows:
        pages = queries.pages(folder, options.questions_rows)
        _say("pages of that lake", pages.seconds, more=f"{pages.processor:.1f} s of processors")
    plans = plan.run(folder, options.questions_rows) if options.questions_rows else {}
    for name, ratio in both.ratios(rounds).items():
        print(f"{name}: {ratio:.2f}", flush=True)
    print(f"audit ratio to the job: {audit[0]:.1f}", flush=True)
    print(f"processor ratio of the audit to the job: {audit[1]:.1f}", flush=True)
    print(f"first load: {first_load:.1f} s", flush=True)
    for engine, seconds in questions.items():
        print(f"ten questions on {engine}: {statistics.median(seconds):.2f} s", flush=True)
    for engine, slowest in plans.items():
        print(f"slowest view of plans on {engine}: {slowest:.2f} s", flush=True)
    return 0


def _say(what: str, seconds: float, rows: int = 0, more: str = "") -> None:
    speed = f"{rows / seconds:>10,.0f} rows/s" if rows else ""
    print(f"  {what:<44} {seconds:7.2f} s {speed:<18} {more}".rstrip(), flush=True)


def _cold(options: Options, folder: Path) -> tuple[float, float]:
    """The largest ratios of the audit to the job, by the clock and in processor seconds."""
    print("cold, the whole process:")
    audits = []
    sizes = (options.small_rows, options.rows, 2 * options.rows, options.large_rows)
    for rows in filter(None, sizes):
        raw = data.sample(folder / f"{rows}", rows)
        found = measure.run(_command(raw, _fresh(folder / "cold")))
        _say(f"{rows:,} rows", found.seconds, rows, f"{found.megabytes:,.0f} MB of memory")
        if rows in (options.rows, 2 * options.rows):
            audits.append(_audited(raw, folder / "cold", rows, found))
    raw = data.sample(folder / f"{options.small_rows}", options.small_rows)
    texts = data.unzipped(raw / data.PROVIDER, folder / f"{options.small_rows}" / "text")
    command = [sys.executable, duck.__file__, str(raw), str(texts), str(_fresh(folder / "cold"))]
    found = measure.run(command)
    _say(f"DuckDB, {options.small_rows:,} rows from unzipped text", found.seconds)
    return max(one[0] for one in audits), max(one[1] for one in audits)


def _audited(raw: Path, lake: Path, rows: int, beside: measure.Measured) -> tuple[float, float]:
    """The audit of what was just published; it may take six times as long as the job."""
    job = Path(__file__).parents[1] / "jobs" / "audit_focus.py"
    found = measure.run([sys.executable, str(job), "--raw", str(raw), "--lake", str(lake)])
    ratios = found.seconds / beside.seconds, found.processor / max(beside.processor, 1.0)
    more = f"{found.megabytes:,.0f} MB of memory; {ratios[0]:.1f} times the job"
    more += f" ({found.processor:.1f} processor seconds to {beside.processor:.1f})"
    _say(f"the audit of {rows:,} rows", found.seconds, rows, more)
    return ratios


def _nothing_new(options: Options, folder: Path) -> None:
    raw, lake = data.published(folder / "nothing_new", folder / "warm", options.batches)
    found = measure.run(_command(raw, lake))
    _say(f"nothing new, {options.batches:,} published batches", found.seconds)


def _first_load(options: Options, folder: Path) -> float:
    raw = data.many_files(folder / f"first_load_{options.files}", options.files)
    found = measure.run(_command(raw, _fresh(folder / "cold")))
    rows = options.files * data.ROWS_A_FILE
    what = f"first load, {options.files:,} files of {data.ROWS_A_FILE:,} rows"
    _say(what, found.seconds, rows, f"{found.megabytes:,.0f} MB of memory")
    return found.seconds


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _command(raw: Path, lake: Path) -> list[str]:
    places = ["--raw", str(raw), "--lake", str(lake), "--quiet_minutes", "0"]
    return [sys.executable, JOB, *places]


if __name__ == "__main__":
    sys.exit(run_job(Options, __doc__.splitlines()[0], main))
