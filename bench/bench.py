"""How fast the job is, and how fast DuckDB does the same: `make bench`, see docs/speed.md.

All that is compared runs in turns in one run, so that a busy machine slows both.
"""

from __future__ import annotations

import io
import json
import shutil
import statistics
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import data
import duck
import measure

from focus_lake import declare, storage
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import option, run_job
from focus_lake.raw.find import Batch, find
from focus_lake.spark.session import Cluster

JOB = str(Path(__file__).resolve().parent.parent / "jobs" / "normalize_focus.py")


@dataclass(frozen=True)
class Options:
    rows: int = option("rows of the month that is read", 1_000_000)
    rounds: int = option("how often the warm job and DuckDB are run in turns", 3)
    small_rows: int = option("rows of the small day", 5_000)
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
    ratio = _rounds(options, raw, texts, folder, cluster)
    cluster.stop()
    _cold(options, folder)
    _nothing_new(folder)
    print(f"ratio to DuckDB: {ratio:.2f}", flush=True)
    return 0


def _say(what: str, seconds: float, rows: int = 0, more: str = "") -> None:
    speed = f"{rows / seconds:>10,.0f} rows/s" if rows else ""
    print(f"  {what:<44} {seconds:7.2f} s {speed:<18} {more}".rstrip(), flush=True)


def _rounds(options: Options, raw: Path, texts: Path, folder: Path, cluster: Cluster) -> float:
    lake, other = folder / "warm", folder / "duck"
    _fresh(lake)
    batches, _ = find(storage.at(str(raw / data.PROVIDER)), declare.load(data.PROVIDER))
    _warm(raw, lake, cluster)  # the first run starts the Python workers; it is not counted
    ours, unzips, theirs = [], [], []
    for _ in range(options.rounds):
        seconds, unzip = _warm(raw, lake, cluster)
        ours.append(seconds - unzip)
        unzips.append(unzip)
        theirs.append(_duck(batches, texts, other, cluster.cores))
    _check(lake, other, cluster.cores)
    job, duckdb = statistics.median(ours), statistics.median(theirs)
    print(f"warm, the middle one of {options.rounds} rounds (all of them):")
    _say("unzip, check and count", statistics.median(unzips), options.rows, _all(unzips))
    _say("type, write, audit, publish", job, options.rows, _all(ours))
    _say("DuckDB from the unzipped text, no audit", duckdb, options.rows, _all(theirs))
    return job / duckdb


def _all(seconds: list[float]) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in seconds) + ")"


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _warm(raw: Path, lake: Path, cluster: Cluster) -> tuple[float, float]:
    """(seconds of a whole run on a Spark that runs already, seconds of it for unzipping)."""
    options = NormalizeOptions(str(raw), str(lake), reprocess=True, quiet_minutes=0)
    log, report = io.StringIO(), io.StringIO()
    started = time.perf_counter()
    with redirect_stderr(log), redirect_stdout(report):
        code = normalize(options, cluster)
    seconds = time.perf_counter() - started
    if code:
        raise SystemExit(f"the job failed:\n{report.getvalue()}")
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    return seconds, sum(event["seconds"] for event in events if event["event"] == "unzipped")


def _duck(batches: list[Batch], texts: Path, folder: Path, cores: int) -> float:
    _fresh(folder)
    by = declare.load(data.PROVIDER)
    started = time.perf_counter()
    with duck.connect(cores) as connection:
        for batch in batches:
            (export,) = batch.exports
            of_batch = [path for file in batch.files for path in (texts / file.path).iterdir()]
            duck.write(connection, of_batch, texts, export, folder / batch.batch_ts, by)
    return time.perf_counter() - started


def _check(lake: Path, other: Path, cores: int) -> None:
    """Stop if the two did not make the same rows: then the ratio would say nothing."""
    ours = f"{lake}/normalized/{data.PROVIDER}/*/*/*/*.parquet"
    with duck.connect(cores) as connection:
        if found := duck.difference(connection, ours, f"{other}/*/*.parquet"):
            raise SystemExit(f"the job and DuckDB: {found}")
    print("the job and DuckDB made the same rows")


def _cold(options: Options, folder: Path) -> None:
    print("cold, the whole process:")
    for rows in (options.small_rows, options.rows, 2 * options.rows):
        raw, lake = data.sample(folder / f"{rows}", rows), folder / "cold"
        _fresh(lake)
        found = measure.run(_command(raw, lake))
        _say(f"{rows:,} rows", found.seconds, rows, f"{found.megabytes:,.0f} MB of memory")


def _nothing_new(folder: Path) -> None:
    raw, lake = data.published(folder / "nothing_new", like=folder / "warm")
    found = measure.run(_command(raw, lake))
    _say(f"nothing new, {data.BATCHES:,} published batches", found.seconds)


def _command(raw: Path, lake: Path) -> list[str]:
    places = ["--raw", str(raw), "--lake", str(lake), "--quiet_minutes", "0"]
    return [sys.executable, JOB, *places]


if __name__ == "__main__":
    sys.exit(run_job(Options, __doc__.splitlines()[0], main))
