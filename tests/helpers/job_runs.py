"""Runs the normalize job on folders of a test, and reads what it left with other libraries."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import run_job

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "jobs" / "normalize_focus.py"
STAND_IN = ROOT / "tests" / "helpers" / "job_process.py"
# What differs between equal runs: times, names, and how often the line was written before.
TIMES = ("started_at", "published_at", "spark_version", "publication", "journal_entry")


@dataclass
class Result:
    """How a run ended. out: its last words; err: its log, JSON lines."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.err.splitlines()]

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]

    def line(self, start: str) -> str:
        """The only line of the last words that starts so."""
        (found,) = [line for line in self.out.splitlines() if line.startswith(start)]
        return found


class Job:
    """Raw folder and lake of a test, in base; runs in this process unless told otherwise.

    cluster: the focus_lake.spark.session.Cluster that runs in this process use.
    """

    def __init__(self, base: Path, cluster=None):
        self.raw, self.lake, self.cluster = base / "raw", base / "lake", cluster

    def put(self, path: str, data: str | bytes) -> Path:
        """A raw file of Alibaba's at month/batch/name."""
        file = self.raw / "alibaba" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def argv(self, options: dict) -> list[str]:
        given = {"raw": self.raw, "lake": self.lake, "quiet_minutes": 0} | options
        return [word for name, value in given.items() for word in (f"--{name}", str(value))]

    def run(self, **options) -> Result:
        """The job in this process."""
        return run_here(self.argv(options), self.cluster)

    def process(self, *command, env: dict | None = None, **options) -> Result:
        """The job as a process of its own; command: a program that runs it, else the script."""
        words = [sys.executable, *(command or (SCRIPT,)), *self.argv(options)]
        return run_process(words, env)

    def ledger(self, month: str = "202601") -> list[dict]:
        """The ledger lines of a month."""
        path = self.lake / "ledger" / "alibaba" / f"{month}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def status(self, month: str = "202601") -> dict[str, str]:
        """batch_ts -> its statuses in the ledger, by spaces."""
        found: dict[str, list[str]] = {}
        for line in self.ledger(month):
            found.setdefault(line["batch_ts"], []).append(line["status"])
        return {batch_ts: " ".join(statuses) for batch_ts, statuses in found.items()}

    def publications(self, batch: str, table: str = "normalized") -> list[Path]:
        """Every folder that a batch ever got in a table."""
        return sorted(self._batch(batch, table).glob("publication=*"))

    def _batch(self, batch: str, table: str) -> Path:
        month, batch_ts = batch.split("/")
        return self.lake / table / "alibaba" / f"yearmonth={month}" / f"batch_ts={batch_ts}"

    def folder(self, batch: str, table: str = "normalized") -> Path:
        """The folder that counts by the ledger; a rejected line's for rejected rows."""
        month, batch_ts = batch.split("/")
        lines = [line for line in self.ledger(month) if line["batch_ts"] == batch_ts]
        wanted = [line for line in lines if line["status"] == "published"]
        if table == "rejected":
            wanted = [line for line in lines if line["status"] == "rejected"] or wanted
        name = wanted[0]["publication"] if wanted else "none"
        return self._batch(batch, table) / f"publication={name}"

    def rows(self, batch: str, columns: str = "*", table: str = "normalized") -> list[tuple]:
        """Rows of a batch as DuckDB reads them, in the order of the chosen columns."""
        files = f"{self.folder(batch, table)}/*.parquet"
        select = f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = false)"
        return duckdb.sql(f"{select} ORDER BY ALL").fetchall()

    def rejected(self, batch: str, columns: str = "line, column_name, value, reason"):
        return self.rows(batch, columns, "rejected")

    def is_stored(self, batch: str, table: str = "normalized") -> bool:
        return self.folder(batch, table).exists()

    def content(self) -> dict:
        """Everything in the lake that two equal runs must agree in."""
        return {
            "ledger": {path.stem: _lines(path) for path in self.lake.glob("ledger/*/*.jsonl")},
            "tables": {
                str(path.parent.relative_to(self.lake)): _sorted(path)
                for table in ("normalized", "daily", "rejected")
                for path in self.lake.glob(f"{table}/*/*/*/*")
                if path.name.removeprefix("publication=") in self.named()
            },
            "scratch": sorted(str(path) for path in self.lake.glob("_scratch/*")),
        }

    def named(self) -> set[str]:
        """The publications that any line names."""
        paths = self.lake.glob("ledger/*/*.jsonl")
        lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
        return {json.loads(line)["publication"] for line in lines}

    def marks(self) -> dict[str, tuple]:
        """path -> (time of change, hash of the content) of every file but the run history."""
        files = (path for path in self.lake.rglob("*") if path.is_file())
        files = (path for path in files if path.relative_to(self.lake).parts[0] != "runs")
        return {
            str(path.relative_to(self.lake)): (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for path in files
        }


def _lines(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


def _sorted(folder: Path) -> tuple[list[str], list[str]]:
    """(file names, rows as text in order)."""
    names = sorted(path.name for path in folder.iterdir())
    rows = pq.read_table(folder, partitioning=None).to_pylist()
    return names, sorted(map(repr, rows))


def run_here(argv: list[str], cluster=None) -> Result:
    """The job in this process, on a cluster that is there already."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["normalize_focus.py", *argv]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_job(NormalizeOptions, "test", functools.partial(normalize, cluster=cluster))
    finally:
        sys.argv = before
    return Result(code, out.getvalue(), err.getvalue())


def run_process(words: list, env: dict | None = None) -> Result:
    """A process with our library on its path."""
    path = os.pathsep.join([str(ROOT / "lib"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, **(env or {})}
    done = subprocess.run(
        list(map(str, words)), env=environment, capture_output=True, text=True, timeout=300
    )
    return Result(done.returncode, done.stdout, done.stderr)
