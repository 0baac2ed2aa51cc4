"""The refresh with wrong input: broken providers stay in the total, and each fault is named."""

from __future__ import annotations

import shutil
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
