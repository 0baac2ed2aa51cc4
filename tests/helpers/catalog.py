"""The refresh job and its outcome, as a user has them: a command line and a DuckDB client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from focus_lake import declare
from focus_lake.catalog import job, measures, render
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.options import parse
from helpers.lakes import Lake
from helpers.local_trino import LocalTrino


def refresh(*argv: str) -> int:
    """The refresh job as a command line gives it; the exit code."""
    return job.main(parse(job.RefreshOptions, argv))


ALLOCATION = {
    *("focus_unified", "focus_daily", "focus_exchange_rates", "focus_cost_centers"),
    *("focus_tag_values", "focus_account_cost_centers", "focus_allocated_cost"),
    *("focus_allocated_now", "focus_chargeback", "focus_chargeback_lines", "focus_delivery_status"),
}


def deploy_only(monkeypatch, wanted) -> None:
    """Let refreshes leave out the views over several providers whose name is not wanted."""
    every = render.shared_views

    def some(*args, **more) -> list:
        return [one for one in every(*args, **more) if wanted(one.name)]

    monkeypatch.setattr(render, "shared_views", some)
    # Measures rest on nearly every view.
    monkeypatch.setattr(measures, "VIEW", "focus_unified")
    monkeypatch.setattr(measures, "work_out", lambda *_: 0)


# What each refresh is about: the union of the providers, their days, and one view upon those.
UNIFIED = {
    *("focus_unified", "focus_daily", "focus_exchange_rates", "focus_live_batches"),
    *("focus_live_exports", "focus_restatements", "focus_daily_cost", "focus_monthly_cost"),
    "focus_delivery_status",
}


def declare_only(monkeypatch, *packaged: str) -> None:
    """Let the package have these providers alone; the user's own stay."""
    names = declare.names
    others = set(names()) - set(packaged)
    monkeypatch.setattr(
        declare, "names", lambda extra=None: [one for one in names(extra) if one not in others]
    )


def for_allocation(view: str) -> bool:
    """Whether who pays rests on the view, or tells of it."""
    return view in ALLOCATION or view.startswith("focus_allocation_")


def on_duckdb(lake: Path, sql: str, database: str = "focus") -> list[tuple]:
    """Rows of a query in DuckDB's SQL, by a client that knows nothing but the file."""
    with duckdb.connect(str(lake / f"{database}.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@dataclass
class Deployed:
    """A lake deployed on one engine; `sums` are its live BilledCost sums, typed by hand."""

    engine: str
    lake: Lake
    sums: dict
    trino: LocalTrino | None = None
    database: str = "focus"

    def options(self) -> list[str]:
        if self.trino:
            return self.trino.options(self.lake.root, self.database)
        return ["--engine", "duckdb", "--lake", str(self.lake.root), "--database", self.database]

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query in Athena's SQL."""
        if self.trino:
            return self.trino.query(sql, self.database)
        return on_duckdb(self.lake.root, translate(sql, self.database), self.database)


def deploy(
    engine: str, request, tmp_path_factory, fill, name: str = "story", options=()
) -> Deployed:
    """A lake filled by `fill(lake)` and deployed on the engine."""
    server = request.getfixturevalue("trino") if engine == "trino" else None
    root = server.root if server else tmp_path_factory.mktemp("lakes")
    lake = Lake(root / name)
    deployed = Deployed(engine, lake, fill(lake), server, name)
    assert refresh(*deployed.options(), *options) == 0
    return deployed


# What tells of a refresh itself, when it was and what it found: two refreshes differ in it.
OF_THE_REFRESH = (
    "focus_metrics_now",
    "focus_pipeline_metrics",
    "focus_metric_history",
    "focus_metric_trend",
    "focus_record_measures",
    "focus_runs",
)


def assert_same_rows(lake: Path, trino, database: str) -> None:
    """Every view and table of a lake deployed on both engines has equal rows, to the last digit."""
    found = on_duckdb(lake, "SELECT view_name FROM duckdb_views() WHERE NOT internal")
    assert len(found) >= 14
    differing = []
    for (view,) in found:
        # Of the tables of kept rows each engine knows the revisions that its own refresh named.
        if view in OF_THE_REFRESH or view.startswith("focus_kept_"):
            continue
        # The ledger's lists and maps come back in each client's own shape.
        listed = "yearmonth, batch_ts, status, rows_out" if view == "focus_batches" else "*"
        here = on_duckdb(lake, f"SELECT {listed} FROM {view}")
        there = trino.query(f"SELECT {listed} FROM {view}", database)
        if sorted(map(_comparable, here)) != sorted(map(_comparable, there)):
            differing.append(view)
    assert not differing, differing


def _comparable(row: tuple) -> str:
    """A row as text in which only values differ.

    Key order of maps is not a difference, nor is an emoji in JSON text that Trino writes escaped.
    """
    return str([_plain(value) for value in row])


def _plain(value):
    if isinstance(value, str) and value.startswith("{"):
        return list(json.loads(value).items())
    return sorted(value.items()) if isinstance(value, dict) else value
