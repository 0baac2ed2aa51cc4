"""docs/queries.md: every query runs as printed on both engines, and finds something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.catalog import on_duckdb

pytestmark = pytest.mark.thorough

TEXT = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
VIEWS = re.findall(r"^\| `(focus_\w+)`", TEXT, re.MULTILINE)


def test_the_page_has_queries():
    assert len(QUERIES) >= 9


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: re.search(r"FROM (\w+)", query)[1])
def test_each_query_runs_as_printed_and_finds_rows(told, query):
    if told.trino:
        found = told.trino.query(query, told.database)
    else:
        found = on_duckdb(told.lake.root, query, told.database)
    assert found


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_of_the_table_is_there(told, view):
    assert told.query(f"SELECT COUNT(*) FROM {view}")[0][0] > 0
