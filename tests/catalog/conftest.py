"""The story lake, deployed by the job itself on DuckDB and, where it was fetched, on Trino."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from focus_lake.catalog.duckdb import translate
from helpers import local_trino
from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, story

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]


@dataclass
class Deployed:
    """A lake deployed on one engine; `sums` are its live BilledCost sums, typed by hand."""

    engine: str
    lake: Lake
    sums: dict
    trino: local_trino.LocalTrino | None = None
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


@pytest.fixture(scope="session")
def trino(tmp_path_factory):
    """A running Trino; mark such tests trino."""
    with local_trino.running(tmp_path_factory.mktemp("trino")) as server:
        yield server


def deploy(engine: str, request, tmp_path_factory, fill, name: str = "story") -> Deployed:
    """A lake filled by `fill(lake)` and deployed on the engine."""
    server = request.getfixturevalue("trino") if engine == "trino" else None
    root = server.root if server else tmp_path_factory.mktemp("lakes")
    lake = Lake(root / name)
    deployed = Deployed(engine, lake, fill(lake), server, name)
    assert refresh(*deployed.options()) == 0
    return deployed


@pytest.fixture(scope="session", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    """The story lake on each engine; tests must not change it."""
    return deploy(request.param, request, tmp_path_factory, story)
