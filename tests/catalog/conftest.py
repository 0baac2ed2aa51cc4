"""The story lake, deployed by the job itself on DuckDB and, where it was fetched, on Trino."""

from __future__ import annotations

import pytest

from helpers.catalog import Deployed, deploy
from helpers.lakes import story

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]


@pytest.fixture(scope="session", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    """The story lake on each engine; tests must not change it."""
    return deploy(request.param, request, tmp_path_factory, story)
