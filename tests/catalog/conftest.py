"""The story lake, deployed by the job itself on DuckDB and, where it was fetched, on Trino."""

from __future__ import annotations

import pytest

from helpers import local_trino
from helpers.catalog import Deployed, deploy
from helpers.lakes import story

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]


@pytest.fixture(scope="session")
def trino(tmp_path_factory):
    """A running Trino; mark such tests trino."""
    with local_trino.running(tmp_path_factory.mktemp("trino")) as server:
        yield server


@pytest.fixture(scope="session", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    """The story lake on each engine; tests must not change it."""
    return deploy(request.param, request, tmp_path_factory, story)
