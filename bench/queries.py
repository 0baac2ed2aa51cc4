"""Ten common questions over thirteen months, asked of DuckDB and of Trino, see questions.sql.

The lake is made once and kept: a month that the job published, shifted to each of the months by
DuckDB; its summaries are made by `--rebuild_daily`, as for a lake from before there were any.
"""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import data
import duckdb
import measure

from focus_lake import storage
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.lake import publications
from focus_lake.lake.ledger import Line, read_all

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MONTHS = 13
LAST = date(2026, 1, 1)  # the sample's month, and the newest of the thirteen
TIMES = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
ROUNDS = 3  # each question is asked so often; its middle time counts


def run(folder: Path, rows: int) -> dict[str, list[float]]:
    """Engine -> seconds of each question; an engine that cannot be had is told and left out."""
    lake = made_lake(folder, rows)
    print(f"ten questions, {rows:,} line items in {MONTHS} months:")
    found = {"DuckDB": _on_duckdb(lake)}
    if script := trino_server():
        found["Trino"] = _on_trino(lake, script)
    for engine, seconds in found.items():
        listed = ", ".join(f"{value:.2f}" for value in seconds)
        print(f"  {engine}: {listed}; slowest {max(seconds):.2f} s", flush=True)
    return found


def pages(folder: Path, rows: int) -> measure.Measured:
    """What the pages of that lake take, the whole process."""
    lake = made_lake(folder, rows)
    command = [sys.executable, "-m", "focus_lake.report", "site", "--lake", str(lake)]
    return measure.run([*command, "--out", str(folder / "pages")])


def questions() -> list[tuple[str, str]]:
    """(what is asked, the query in Athena's SQL)."""
    parts = (HERE / "questions.sql").read_text(encoding="utf-8").split("\n-- ")[1:]
    return [(part.split("\n", 1)[0], part.split("\n", 1)[1].strip()) for part in parts]


def timed(ask) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _on_duckdb(lake: Path) -> list[float]:
    refresh("--engine", "duckdb", "--lake", str(lake))
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        asked = [translate(sql, "focus") for _, sql in questions()]
        return [timed(lambda sql=sql: connection.execute(sql).fetchall()) for sql in asked]


def _on_trino(lake: Path, script) -> list[float]:
    import trino

    with (
        tempfile.TemporaryDirectory(dir=lake.parent) as work,
        script.running(lake, Path(work)) as server,
    ):
        where = ("--trino_port", str(server.port), "--location", server.location)
        refresh("--engine", "trino", "--lake", str(lake), *where)
        connection = trino.dbapi.connect(
            host="127.0.0.1", port=server.port, user="bench", catalog="hive", schema="focus"
        )
        cursor = connection.cursor()
        return [timed(lambda sql=sql: cursor.execute(sql).fetchall()) for _, sql in questions()]


def refresh(*options: str) -> None:
    command = [sys.executable, str(ROOT / "jobs" / "refresh_catalog.py"), "--providers"]
    job([*command, data.PROVIDER, *options])


def job(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}{done.stdout}")


def trino_server():
    """scripts/trino_server.py as a module, its Trino fetched; None where it cannot be had."""
    sys.path.insert(0, str(ROOT / "scripts"))  # it imports its neighbours
    spec = importlib.util.spec_from_file_location(
        "trino_server", ROOT / "scripts" / "trino_server.py"
    )
    script = importlib.util.module_from_spec(spec)
    sys.modules["trino_server"] = script
    spec.loader.exec_module(script)
    try:
        if not script.available():
            script.fetch()
    except (script.TrinoUnavailable, OSError) as error:
        print(f"  Trino cannot be had, so it is not asked: {error}", flush=True)
        return None
    return script


def made_lake(folder: Path, rows: int) -> Path:
    lake, done = folder / "questions" / "lake", folder / "questions" / f"{rows}"
    if not done.exists():
        shutil.rmtree(lake.parent, ignore_errors=True)
        lake.mkdir(parents=True)
        _shift(folder / "warm", lake, rows // MONTHS)
        job(
            [sys.executable, str(ROOT / "jobs" / "normalize_focus.py"), "--rebuild_daily", "true"]
            + ["--providers", data.PROVIDER, "--raw", str(folder), "--lake", str(lake)]
        )
        done.touch()
    return lake


def _shift(source: Path, lake: Path, rows: int) -> None:
    """The batches of source as those of each month, cut or repeated to so many rows a month."""
    lines = [line for line in read_all(storage.at(str(source)), data.PROVIDER)]
    files = {
        line.key: f"{source}/{publications.folder(publications.NORMALIZED, line)}/*.parquet"
        for line in lines
    }
    share = rows / sum(line.rows_out for line in lines)
    connection = duckdb.connect()
    for back in range(MONTHS):
        month = date(LAST.year - (back + 11) // 12, (LAST.month - 1 - back) % 12 + 1, 1)
        made = [
            _batch(connection, line, files[line.key], lake, f"{month:%Y%m}", back, share)
            for line in lines
        ]
        text = "".join(line.to_json() + "\n" for line in made)
        path = f"ledger/{data.PROVIDER}/{month:%Y%m}.jsonl"
        storage.at(str(lake)).put_if(path, text.encode(), None)


def _batch(connection, line: Line, files: str, lake: Path, month: str, back: int, share: float):
    # Days count from the month's first; those that a shorter month lacks fall into the next.
    shifted = ", ".join(f"{name} - INTERVAL {back} MONTH AS {name}" for name in TIMES)
    batch_ts = f"{month}{line.batch_ts[6:]}"
    new = replace(line, yearmonth=month, batch_ts=batch_ts, cost_sums=[], billing_months=[month])
    new = replace(new, daily_files=[], daily_version=None, daily_publication=None)
    folder = lake / publications.folder(publications.NORMALIZED, new)
    folder.mkdir(parents=True)
    path = folder / "part-00000-0.parquet"
    sample = f"USING SAMPLE {min(share, 1) * 100:.3f} PERCENT (bernoulli, 1)" if share < 1 else ""
    connection.execute(
        f"COPY (SELECT * REPLACE ({shifted}) FROM read_parquet('{files}', hive_partitioning = "
        f"false) {sample}) TO '{path}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 40960)"
    )
    (count,) = connection.execute(f"SELECT COUNT(*) FROM read_parquet('{path}')").fetchone()
    described = [{"name": path.name, "rows": count, "bytes": path.stat().st_size}]
    return replace(new, data_files=described, rows_out=count)
