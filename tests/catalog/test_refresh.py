"""The refresh on DuckDB and Trino: wrong input, broken providers, changes between two runs."""

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

from focus_lake.catalog import job
from focus_lake.errors import OptionsError
from focus_lake.options import run_job
from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, charge, declare

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


# --- what goes wrong


@pytest.mark.thorough
def test_a_broken_ledger_line_is_named_and_the_views_stay(lake, capsys):
    assert deploy(lake) == 0
    ledger = lake.root / "ledger" / "alibaba" / "202601.jsonl"
    good = ledger.read_text()
    ledger.write_text(good + '{"provider": "alib\n')
    lake.batch("alibaba", "202602", SECOND, [charge("2026-02-05", "11")])
    assert deploy(lake) == 1
    assert "202601.jsonl line 2: not a ledger line" in capsys.readouterr().out
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("10"))]
    ledger.write_text(good)
    assert deploy(lake) == 0
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("21"))]


def test_data_without_a_ledger_are_an_error_and_the_views_stay(lake, capsys):
    assert deploy(lake) == 0
    shutil.rmtree(lake.root / "ledger")
    assert deploy(lake) == 1
    out = capsys.readouterr().out
    assert "FAILED alibaba" in out
    assert "normalized/alibaba holds data but ledger/alibaba/ is missing" in out


@pytest.mark.thorough
def test_a_provider_that_fails_stays_in_the_total_with_what_it_had(lake, tmp_path, capsys):
    own = declare(tmp_path / "own", "acme")
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5")])
    assert deploy(lake, "--declarations", own) == 0
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("5")), ("alibaba", D("10"))]
    shutil.rmtree(lake.root / "ledger" / "acme")
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake, "--declarations", own) == 1
    assert "FAILED acme" in capsys.readouterr().out
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("5")), ("alibaba", D("11"))]


def test_a_broken_declaration_takes_no_provider_out_of_the_total(lake, tmp_path, capsys):
    own = declare(tmp_path / "own", "acme")
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5")])
    assert deploy(lake, "--declarations", own) == 0
    (tmp_path / "own" / "acme.toml").write_text("name = 'acme'\nnonsense = 1\n")
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake, "--declarations", own) == 1
    assert "FAILED acme" in capsys.readouterr().out
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("5")), ("alibaba", D("11"))]


@pytest.mark.thorough
def test_a_run_that_forgot_the_users_declarations_takes_nothing_out_of_the_total(
    lake, tmp_path, capsys
):
    own = declare(tmp_path / "own", "acme")
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5")])
    assert deploy(lake, "--declarations", own) == 0
    assert deploy(lake) == 1
    assert "FAILED acme (as before in the catalog): it has a view but no declaration" in (
        capsys.readouterr().out
    )
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("5")), ("alibaba", D("10"))]


@pytest.mark.thorough
def test_a_file_of_a_live_batch_that_is_gone_is_named_and_the_views_stay(lake, capsys):
    assert deploy(lake) == 0
    rows = [charge("2026-01-05", "11")]
    lake.batch("alibaba", "202601", SECOND, rows)
    assert deploy(lake) == 0
    gone = f"normalized/alibaba/yearmonth=202601/batch_ts={SECOND}/publication={SECOND}-202601"
    gone += "/part-00000-0.parquet"
    (lake.root / gone).unlink()
    assert deploy(lake) == 1
    out = capsys.readouterr().out
    assert f"{gone} is in the ledger and not in the lake" in out
    assert "--providers alibaba --yearmonths 202601 --reprocess true" in out


@pytest.mark.thorough
def test_a_foreign_file_in_a_live_batch_fails_the_provider_and_doubles_nothing(
    lake, tmp_path, capsys
):
    own = declare(tmp_path / "own", "acme")
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5")])
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake, "--declarations", own) == 0
    total = [("acme", D("5")), ("alibaba", D("11"))]
    (stored,) = lake.root.glob(f"normalized/alibaba/*/batch_ts={SECOND}/*/*.parquet")
    shutil.copy(stored, stored.with_name("mine.parquet"))
    lake.batch("acme", "202602", SECOND, [charge("2026-02-05", "7")])
    assert deploy(lake, "--declarations", own) == 1
    out = capsys.readouterr().out
    assert f"FAILED alibaba (as before in the catalog): {stored.with_name('mine.parquet')}" in out
    assert "is in the folder of a published batch and not in the ledger" in out
    assert "move it out of the lake, or run normalize_focus.py --providers alibaba" in out
    assert "acme: 2 live batches" in out
    stored.with_name("mine.parquet").unlink()
    assert deploy(lake, "--declarations", own) == 0
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("12")), total[1]]


def test_a_new_provider_that_fails_does_not_stop_the_others(lake, tmp_path, capsys):
    own = declare(tmp_path / "own", "acme")
    (tmp_path / "own" / "focus_acme.sql").write_text("-- One row is ${nonsense}.\n")
    assert deploy(lake, "--declarations", own) == 1
    out = capsys.readouterr().out
    assert "FAILED acme" in out and f"{own}/focus_acme.sql: unknown placeholder 'nonsense'" in out
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("10"))]


def test_a_wrong_database_name_ends_with_2(tmp_path, monkeypatch, capsys):
    argv = ["--engine", "duckdb", "--lake", str(tmp_path), "--database", "Bad-Name"]
    monkeypatch.setattr(sys, "argv", ["refresh_catalog.py", *argv])
    assert run_job(job.RefreshOptions, "refresh", job.main) == 2
    assert "--database Bad-Name: use lower-case letters" in capsys.readouterr().err


@pytest.mark.s3
def test_declarations_and_views_of_the_users_own_are_read_from_s3(
    lake, tmp_path, s3_endpoint, bucket
):
    import boto3

    declare(tmp_path / "own", "acme")
    view = """\
-- One row is one charge of acme above 5.
CREATE OR REPLACE VIEW ${database}.focus_acme AS
SELECT ${provider_columns} FROM ${database}.focus_acme_normalized WHERE ${live} AND BilledCost > 5
"""
    put = boto3.client("s3", endpoint_url=s3_endpoint).put_object
    put(Bucket=bucket, Key="own/acme.toml", Body=(tmp_path / "own" / "acme.toml").read_bytes())
    put(Bucket=bucket, Key="own/focus_acme.sql", Body=view.encode())
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5"), charge("2026-01-06", "6")])
    own = ["--declarations", f"s3://{bucket}/own", "--endpoint", s3_endpoint]
    assert deploy(lake, *own) == 0
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("6")), ("alibaba", D("10"))]


@pytest.mark.thorough
def test_refreshing_one_provider_keeps_the_others_in_the_total(lake, tmp_path):
    own = declare(tmp_path / "own", "acme")
    lake.batch("acme", "202601", SECOND, [charge("2026-01-05", "5")])
    assert deploy(lake, "--declarations", own) == 0
    assert deploy(lake, "--declarations", own, "--providers", "alibaba") == 0
    assert on_duckdb(lake.root, TOTAL) == [("acme", D("5")), ("alibaba", D("10"))]


def test_a_provider_nobody_declared_is_named(lake, capsys):
    assert deploy(lake, "--providers", "alibaba,alibabba") == 1
    said = capsys.readouterr().out
    assert "FAILED alibabba" in said
    assert "no declaration is named alibabba; did you mean 'alibaba'?" in said


@pytest.mark.thorough
def test_a_column_that_changed_its_type_is_named_and_the_views_stay(lake, capsys):
    assert deploy(lake) == 0
    path = lake.data("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    table = pq.read_table(path)
    at = table.schema.get_field_index("BilledCost")
    doubled = table.set_column(at, "BilledCost", pa.array([11.0]))
    lake.file("normalized/alibaba", "202601", SECOND, doubled)
    lake.line("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake) == 1
    out = capsys.readouterr().out
    assert "focus_alibaba_normalized.BilledCost is DOUBLE in the catalog and DECIMAL(38,18)" in out
    assert on_duckdb(lake.root, "SELECT sql FROM duckdb_views() WHERE view_name = 'focus_alibaba'")


def test_a_catalog_that_is_open_for_writing_is_left_alone(lake, capsys):
    assert deploy(lake) == 0
    (lake.root / "focus.duckdb.wal").write_bytes(b"x")
    assert deploy(lake) == 1
    assert "being written to by another program" in capsys.readouterr().out


def test_a_catalog_that_is_being_read_is_replaced_all_the_same(lake):
    assert deploy(lake) == 0
    with duckdb.connect(str(lake.root / "focus.duckdb"), read_only=True) as reader:
        lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
        assert deploy(lake) == 0
        assert reader.execute(TOTAL).fetchall() == [("alibaba", D("10"))]
    assert on_duckdb(lake.root, TOTAL) == [("alibaba", D("11"))]


def test_a_file_that_is_no_catalog_is_named(lake, capsys):
    (lake.root / "focus.duckdb").write_bytes(b"not a database" * 1000)
    assert deploy(lake) == 1
    assert "focus.duckdb is not a DuckDB file this version can read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--engine", "spark", "--lake", "."], "--engine spark: use one of athena, trino, duckdb"),
        (["--engine", "athena", "--lake", "build/lake"], "Athena reads s3:// only"),
        (["--engine", "duckdb", "--lake", "/nowhere/at/all"], "there is no such folder"),
        (["--engine", "duckdb", "--lake", ".", "--expire_superseded_days", "-1"], "or 0 to keep"),
        (["--engine", "duckdb", "--lake", ".", "--databse", "x"], "did you mean --database"),
        (
            ["--engine", "duckdb", "--lake", ".", "--database", "Bad-Name"],
            "--database Bad-Name: use",
        ),
        (
            ["--engine", "trino", "--lake", "/data/lakes/mine"],
            "--lake /data/lakes/mine: .* --location local:///mine if local.location .* /data/lakes",
        ),
        (
            ["--engine", "trino", "--lake", ".", "--location", "/data/mine"],
            "--location /data/mine: .* --location local:///mine",
        ),
    ],
)
def test_wrong_options_are_told_apart(argv, said):
    with pytest.raises(OptionsError, match=said):
        refresh(*argv)


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
