"""The refresh: what changes between two runs, what a plan tells, what expires."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, charge

ROOT = Path(__file__).parents[2]
TOTAL = "SELECT x_Provider, SUM(BilledCost) FROM focus_unified GROUP BY 1 ORDER BY 1"
FIRST, SECOND = "20260110173000", "20260111173000"
pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def lake(tmp_path) -> Lake:
    """One month of Alibaba, one push of 10 CNY."""
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", FIRST, [charge("2026-01-05", "10")])
    return lake


def deploy(lake: Lake, *more: str) -> int:
    return refresh("--engine", "duckdb", "--lake", str(lake.root), *more)


def test_a_new_push_replaces_the_old_one_at_the_next_refresh_and_not_before(lake):
    assert deploy(lake) == 0
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("10"))]
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("11"))]


def test_data_written_but_not_published_are_not_seen(lake):
    lake.data("alibaba", "202601", SECOND, [charge("2026-01-05", "99")])
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("10"))]


@pytest.mark.thorough
def test_deploying_twice_changes_nothing(every_view, lake):
    shape = (
        "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal "
        "AND view_name NOT IN ('focus_metrics_now', 'focus_pipeline_metrics') ORDER BY 1"
    )  # which count the runs, and name the one that is shown
    assert deploy(lake) == 0
    before = on_duckdb(lake.root, shape)
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, shape) == before


@pytest.mark.thorough
def test_a_lake_without_anything_has_every_table_and_empty_views(every_view, tmp_path):
    lake = Lake(tmp_path / "lake")
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, "SELECT COUNT(*) FROM focus.focus_unified") == [(0,)]
    assert on_duckdb(lake.root, "SELECT COUNT(*) FROM focus_batches") == [(0,)]
    assert on_duckdb(lake.root, "SELECT COUNT(*) FROM focus_alibaba_rejected") == [(0,)]


def test_the_catalog_works_attached_under_another_name(lake):
    assert deploy(lake) == 0
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{lake.root}/focus.duckdb' AS mine (READ_ONLY)")
        found = connection.execute("SELECT SUM(BilledCost) FROM mine.focus_monthly_cost")
        assert found.fetchall() == [(D("10"),)]


def test_a_folder_name_with_quotes_and_glob_marks_is_read(tmp_path):
    lake = Lake(tmp_path / "o'neil [x]* lake")
    lake.batch("alibaba", "202601", FIRST, [charge("2026-01-05", "10")])
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("10"))]


def test_files_from_before_a_column_was_added_show_null_in_it(lake):
    path = lake.data("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    older = pq.read_table(path).drop_columns(["InvoiceDetailId", "x_CommodityCode"])
    lake.file("normalized/alibaba", "202601", SECOND, older)
    lake.line("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake) == 0
    query = "SELECT InvoiceDetailId, x_CommodityCode, BilledCost FROM focus_alibaba"
    assert on_duckdb(lake.root, query) == [(None, None, D("11"))]


@pytest.mark.thorough
def test_a_column_added_to_the_column_table_is_everywhere_after_a_refresh(lake, tmp_path):
    """In a copy of the project, since the column table is part of the package."""
    copy = tmp_path / "copy"
    for part in ("lib", "sql", "jobs"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "lib/focus_lake/spec/columns.csv").open("a", encoding="utf-8") as file:
        file.write(f"x_New,focus_lake,decimal,decimal{',' * 16},A new one.\n")
    job = [sys.executable, copy / "jobs/refresh_catalog.py", "--engine", "duckdb"]
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib")}
    subprocess.run([*job, "--lake", lake.root], check=True, env=environment, capture_output=True)
    query = "SELECT x_New, BilledCost, typeof(x_New) FROM"
    for view in ("focus_alibaba_normalized", "focus_alibaba", "focus_unified"):
        found = on_duckdb(lake.root, f"{query} {view}")
        assert found == [(None, D("10"), "DECIMAL(38,18)")], view


def test_a_lake_on_s3_says_what_duckdb_lacks(lake, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))  # where DuckDB would have an extension installed
    assert deploy(lake, "--location", "s3://bucket/lake") == 1
    assert "DuckDB reads s3:// with its extension httpfs" in capsys.readouterr().out


def test_rejected_rows_are_a_table(lake):
    table = pa.table(
        {
            "x_SourceFile": ["a.zip"],
            "x_Export": ["100_1"],
            "line": pa.array([7], pa.int64()),
            "column_name": ["BilledCost"],
            "value": ["1,5"],
            "reason": ["not_a_decimal"],
            "reasons": [["not_a_decimal"]],
            "record": pa.array([[("BilledCost", "1,5")]], pa.map_(pa.string(), pa.string())),
        }
    )
    lake.file("rejected/alibaba", "202601", FIRST, table)
    assert deploy(lake) == 0
    query = "SELECT yearmonth, line, value, record['BilledCost'] FROM focus_alibaba_rejected"
    assert on_duckdb(lake.root, query) == [("202601", 7, "1,5", "1,5")]


# --- plan and expiry


def test_a_plan_prints_every_statement_and_changes_nothing(every_view, lake, capsys):
    assert deploy(lake, "--dry_run", "true") == 0
    out = capsys.readouterr().out
    assert "CREATE OR REPLACE VIEW focus_unified" in out
    assert "('202601', '20260110173000', '20260110173000-202601')" in out
    assert not (lake.root / "focus.duckdb").exists()


def batches(lake: Lake) -> list[str]:
    folder = lake.root / "normalized" / "alibaba"
    return sorted(
        path.parents[1].name.removeprefix("batch_ts=") for path in folder.rglob("*.parquet")
    )


def test_expiry_is_off_by_default_and_a_dry_run_only_tells(lake, capsys):
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake) == 0
    assert deploy(lake, "--expire_superseded_days", "1", "--dry_run", "true") == 0
    assert f"-- delete {lake.root}/normalized/alibaba/yearmonth=202601/batch_ts={FIRST}" in (
        capsys.readouterr().out
    )
    assert batches(lake) == [FIRST, SECOND]


@pytest.mark.thorough
def test_expiry_deletes_superseded_data_and_nothing_else(lake):
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    lake.batch("alibaba", "202512", FIRST, [charge("2025-12-05", "1")])
    lake.data("alibaba", "202601", "20260112173000", [charge("2026-01-05", "99")])
    assert deploy(lake, "--expire_superseded_days", "1") == 0
    assert batches(lake) == [FIRST, SECOND, "20260112173000"]
    assert (lake.root / "normalized/alibaba/yearmonth=202512" / f"batch_ts={FIRST}").exists()
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("12"))]
    assert on_duckdb(lake.root, "SELECT * FROM focus_restatements") == []
    assert deploy(lake, "--expire_superseded_days", "1") == 0


def test_nothing_expires_of_a_provider_that_failed(lake):
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    (lake.root / "ledger" / "alibaba" / "202512.jsonl").write_text("broken\n")
    assert deploy(lake, "--expire_superseded_days", "1") == 1
    assert batches(lake) == [FIRST, SECOND]
