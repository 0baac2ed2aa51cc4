"""docs/records.md, allocation.md and runbooks/: every query runs as printed on both engines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.catalog import deploy, on_duckdb
from helpers.lakes import story

pytestmark = pytest.mark.thorough

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "records.md", DOCS / "allocation.md", *sorted((DOCS / "runbooks").glob("*.md"))]
QUERIES = [
    pytest.param(query, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, query in enumerate(
        re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), 1
    )
]


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def told(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, story, "docs")


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_runs_as_printed(told, query):
    if told.trino:
        told.trino.query(query, told.database)
    else:
        on_duckdb(told.lake.root, query, told.database)
