"""On a real Trino: partitions that are not asked for are not opened, long histories deploy."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from trino.exceptions import TrinoQueryError

from focus_lake.spec import columns
from helpers.catalog import assert_same_rows, refresh
from helpers.lakes import Lake, charge, declare, publication_of, story

pytestmark = pytest.mark.trino

SNAPSHOTS = ["alibaba", "p1", "p2", "p3", "p4", "p5"]
MONTHS = [f"{year}{month:02d}" for year in range(2016, 2026) for month in range(1, 13)]
ASKED = "202503"


def ten_years(lake: Lake) -> None:
    """Snapshots of six providers over ten years, daily increments of one over three.

    Every month has three pushes, the last one with the batch_ts of the next month's first. Only
    files that the month ASKED shows can be read; all others are not Parquet at all.
    """
    sound = {}
    for provider in [*SNAPSHOTS, "increments"]:
        path = lake.data(provider, ASKED, "0", [charge("2025-03-01", "1.5")])
        sound[provider] = path.read_bytes()
        shutil.rmtree(path.parents[1])

    def put(provider: str, month: str, batch_ts: str, readable: bool) -> None:
        folder = lake.root / "normalized" / provider / f"yearmonth={month}"
        folder = folder / f"batch_ts={batch_ts}" / f"publication={publication_of(month, batch_ts)}"
        folder.mkdir(parents=True)
        data = sound[provider] if readable else b"poison"
        (folder / "part-00000-0.parquet").write_bytes(data)
        lake.line(provider, month, batch_ts, [charge("2025-03-01", "1.5")])

    for provider in SNAPSHOTS:
        for month, following in zip(MONTHS, [*MONTHS[1:], "202601"], strict=True):
            put(provider, month, f"{month}15000000", False)
            put(provider, month, f"{month}25000000", False)
            put(provider, month, f"{following}15000000", month == ASKED)
    for day in range(3 * 365):
        at = date(2023, 1, 1) + timedelta(day)
        put("increments", f"{at:%Y%m}", f"{at:%Y%m%d}000000", f"{at:%Y%m}" == ASKED)


@pytest.fixture(scope="module")
def long_history(trino, tmp_path_factory):
    lake = Lake(trino.root / "ten_years")
    ten_years(lake)
    own = tmp_path_factory.mktemp("declarations")
    for name in SNAPSHOTS[1:]:
        declare(own, name)
    declare(own, "increments", "increment")
    assert refresh(*trino.options(lake.root, "ten_years"), "--declarations", str(own)) == 0
    return lake


def test_a_month_of_a_long_history_reads_only_its_live_files(trino, long_history):
    found = trino.query(
        "SELECT x_Provider, COUNT(*), SUM(BilledCost) FROM focus_unified "
        f"WHERE yearmonth = '{ASKED}' GROUP BY 1",
        "ten_years",
    )
    expected = {(name, 1, D("1.5")) for name in SNAPSHOTS} | {("increments", 31, D("46.5"))}
    assert set(found) == expected
    monthly = trino.query(
        f"SELECT SUM(BilledCost) FROM focus_monthly_cost WHERE yearmonth = '{ASKED}'", "ten_years"
    )
    assert monthly == [(D("55.5"),)]


def test_a_file_of_another_month_could_not_have_been_read(trino, long_history):
    with pytest.raises(TrinoQueryError, match="not a valid Parquet File"):
        trino.query("SELECT SUM(BilledCost) FROM focus_unified", "ten_years")


def test_a_superseded_export_does_not_stop_pruning(trino):
    lake = Lake(trino.root / "shared_folder")
    rows = [charge("2026-01-05", "1"), charge("2026-01-05", "2", x_Export="200_1")]
    lake.batch("alibaba", "202601", "20260110000000", rows)
    lake.batch("alibaba", "202601", "20260111000000", rows[:1])
    for number in range(2, 30):
        lake.line("alibaba", "202601", f"202601{number:02d}000001", rows[:1], status="rejected")
        poison = lake.data("alibaba", "202601", f"202601{number:02d}000001", rows)
        poison.write_bytes(b"poison")
    assert refresh(*trino.options(lake.root, "shared_folder")) == 0
    found = trino.query("SELECT x_Export, BilledCost FROM focus_alibaba", "shared_folder")
    assert sorted(found) == [("100_1", D("1")), ("200_1", D("2"))]


def test_every_view_has_the_same_rows_as_on_duckdb(trino):
    lake = Lake(trino.root / "both")
    story(lake)
    hard = {
        "ключ": "zoë\u2028\t\x7f",
        "a/b": "\x01\x1f",
        "emoji": "😀",
        "é": "",
        "": "'",
        "ｗ": "<",
    }
    lake.batch(
        "alibaba",
        "202603",
        "20260331000000",
        [charge("2026-03-05", "0.000000000000000001", Tags=hard)],
    )
    assert refresh(*trino.options(lake.root, "both")) == 0
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    assert_same_rows(lake.root, trino, "both")


def test_a_column_added_to_the_lake_is_added_to_the_table_and_a_type_is_not_changed(trino, capsys):
    lake = Lake(trino.root / "grown")
    lake.batch("alibaba", "202601", "20260110000000", [charge("2026-01-05", "1")])
    options = trino.options(lake.root, "grown")
    assert refresh(*options) == 0
    table = "focus_alibaba_normalized"
    trino.query(f"ALTER TABLE {table} DROP COLUMN x_commoditycode", "grown")
    assert refresh(*options) == 0
    assert trino.query("SELECT x_CommodityCode, BilledCost FROM focus_alibaba", "grown") == [
        (None, D("1"))
    ]
    trino.query("DROP VIEW focus_alibaba", "grown")
    trino.query(f"ALTER TABLE {table} DROP COLUMN x_commoditycode", "grown")
    trino.query(f"ALTER TABLE {table} ADD COLUMN x_commoditycode bigint", "grown")
    assert refresh(*options) == 1
    assert f"{table}.x_CommodityCode is bigint in the catalog and varchar" in (
        capsys.readouterr().out
    )


def test_a_plan_changes_nothing_on_trino(trino, capsys):
    lake = Lake(trino.root / "planned")
    lake.batch("alibaba", "202601", "20260110000000", [charge("2026-01-05", "1")])
    assert refresh(*trino.options(lake.root, "planned"), "--dry_run", "true") == 0
    out = capsys.readouterr().out
    assert "CREATE SCHEMA IF NOT EXISTS planned;" in out
    assert (
        "CALL system.sync_partition_metadata('planned', 'focus_alibaba_normalized', 'ADD')" in out
    )
    assert ("planned",) not in trino.query("SHOW SCHEMAS", "planned")


def test_expiry_drops_the_partitions_of_what_it_deletes(trino):
    lake = Lake(trino.root / "expiring")
    options = trino.options(lake.root, "expiring")
    for batch_ts in ("20260110000000", "20260111000000"):
        lake.batch("alibaba", "202601", batch_ts, [charge("2026-01-05", "1")])
        assert refresh(*options, "--expire_superseded_days", "1") == 0
    partitions = 'SELECT batch_ts FROM "focus_alibaba_normalized$partitions"'
    assert len(trino.query(partitions, "expiring")) == 2, "the views named both until now"
    assert refresh(*options, "--expire_superseded_days", "1") == 0
    partitions = 'SELECT batch_ts FROM "focus_alibaba_normalized$partitions"'
    assert trino.query(partitions, "expiring") == [("20260111000000",)]


def test_a_server_that_is_not_there_is_named(trino, capsys, tmp_path):
    Lake(tmp_path)
    argv = ["--engine", "trino", "--lake", str(tmp_path), "--trino_port", "1"]
    assert refresh(*argv) == 1
    assert "Trino at 127.0.0.1:1, catalog hive refuses" in capsys.readouterr().out


def test_versions_have_their_columns_on_trino_too(trino, long_history):
    for version in columns.VERSIONS:
        name = f"focus_v{version.replace('.', '_')}"
        found = [row[0] for row in trino.query(f"DESCRIBE {name}", "ten_years")]
        assert found == [column.name.lower() for column in columns.of_version(version)]


STAGES = 150  # query.max-stage-count, Trino's default and Athena's


def test_ten_providers_stay_below_trinos_stages_in_every_view(trino, tmp_path):
    """Seven are packaged; EXPLAIN has one fragment a stage."""
    lake = Lake(trino.root / "ten_providers")
    lake.batch("alibaba", "202601", "20260110000000", [charge("2026-01-05", "1")])
    own = tmp_path / "declarations"
    for name in ("eight", "nine", "ten"):
        declare(own, name)
        lake.batch(name, "202601", "20260110000000", [charge("2026-01-05", "1")])
    options = trino.options(lake.root, "ten_providers")
    assert refresh(*options, "--declarations", str(own)) == 0
    views = trino.query(
        "SELECT table_name FROM information_schema.views WHERE table_schema = 'ten_providers'",
        "ten_providers",
    )
    stages = {}
    for (view,) in views:
        explained = trino.query(f"EXPLAIN (TYPE DISTRIBUTED) SELECT * FROM {view}", "ten_providers")
        stages[view] = explained[0][0].count("Fragment ")
    print(sorted(stages.items(), key=lambda item: -item[1])[:8])
    assert {view: count for view, count in stages.items() if count > STAGES} == {}
    found = trino.query("SELECT DISTINCT provider FROM focus_pipeline_metrics", "ten_providers")
    assert {("alibaba",), ("eight",), ("nine",), ("ten",)} <= set(found)
