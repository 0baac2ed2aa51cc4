"""The refresh job and its outcome, as a user has them: a command line and a DuckDB client."""

from __future__ import annotations

from pathlib import Path

import duckdb

from focus_lake.catalog import job
from focus_lake.options import parse


def refresh(*argv: str) -> int:
    """The refresh job as a command line gives it; the exit code."""
    return job.main(parse(job.Options, argv))


def on_duckdb(lake: Path, sql: str, database: str = "focus") -> list[tuple]:
    """Rows of a query in DuckDB's SQL, by a client that knows nothing but the file."""
    with duckdb.connect(str(lake / f"{database}.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()
