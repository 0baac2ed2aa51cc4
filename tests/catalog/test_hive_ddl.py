"""Athena's DDL is Hive's: Spark with Hive's metastore runs it as written, and reads the tables."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.catalog import render, sources
from focus_lake.lake.live import Live
from focus_lake.lake.publications import Key
from helpers.lakes import Lake, publication_of, story
from s3a import cache_folder, maven

pytestmark = pytest.mark.slow

# Hive's JSON SerDe, which Athena has built in and Spark lacks.
SERDE = "org/apache/hive/hcatalog/hive-hcatalog-core/2.3.9/hive-hcatalog-core-2.3.9.jar"
SHA256 = "24fa64f383a5e383de368a43e616c001d3145349c434d31e29b08c4d6eb4824a"
HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture(scope="module")
def serde() -> Path:
    """The SerDe's jar (266 kB) from the cache or Maven Central."""
    jar = cache_folder() / "jars" / SERDE.rsplit("/", 1)[1]
    if not jar.is_file():
        try:
            with urllib.request.urlopen(f"{maven()}/{SERDE}", timeout=60) as answer:
                data = answer.read()
        except urllib.error.URLError as error:
            pytest.skip(f"{SERDE} is not in {jar.parent} and cannot be fetched: {error}")
        assert hashlib.sha256(data).hexdigest() == SHA256
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.write_bytes(data)
    return jar


QUERIES = {
    "live": "SELECT yearmonth, SUM(BilledCost), COUNT(*) FROM focus.focus_alibaba GROUP BY 1",
    "tags": "SELECT Tags['Owner'] FROM focus.focus_alibaba_normalized WHERE size(Tags) = 2",
    "time": "SELECT MIN(ChargePeriodStart) FROM focus.focus_alibaba_normalized",
    "partitions": "SHOW PARTITIONS focus.focus_alibaba_normalized",
    "ledger": "SELECT status, COUNT(*), SUM(rows_out) FROM focus.focus_batches GROUP BY 1",
    "nested": "SELECT cost_sums[0].BilledCost, null_counts['ChargeClass'], files[0].name, "
    "files[0].size, data_files[0].`rows`, conformance[0].examples[0].file "
    "FROM focus.focus_batches WHERE size(files) = 1",
    "rates": "SELECT * FROM focus.focus_fx_rates",
    "comment": "DESCRIBE focus.focus_alibaba_normalized BilledCost",
}


@pytest.fixture(scope="module")
def answers(serde, tmp_path_factory) -> dict[str, list]:
    """The DDL is run twice, as a second refresh does, then the queries."""
    scratch = tmp_path_factory.mktemp("hive")
    lake = Lake(scratch / "lake")
    story(lake)
    rates = lake.root / "reference" / "fx_rates" / "rates.csv"
    rates.parent.mkdir(parents=True)
    rates.write_text('from,to,valid_from,rate\r\n"CNY",USD,2026-01-01,0.14\nshort\n')
    place = render.CatalogPlace("focus", str(lake.root))
    keys = [(month, "20260131173000") for month in ("202601", "202602")]
    live = Live(tuple(Key(*key, publication_of(*key)) for key in keys))
    ddl = [*render.shared_tables(place)]
    ddl += render.of_provider(declare.load("alibaba"), live, place)
    # Of the views, the one that tells the live rows; those above speak Athena's SQL alone.
    hive = (sources.TABLES, sources.PARTITIONS)
    ddl = [item for item in ddl if item.folder in hive or item.name == "focus_alibaba"]
    statements = ["CREATE DATABASE focus", *[item.sql for item in ddl] * 2, *QUERIES.values()]
    done = subprocess.run(
        [sys.executable, str(HELPERS / "hive_session.py"), str(scratch), str(serde)],
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(statements)
    assert [item.folder for item in ddl].count(sources.PARTITIONS) == 3  # daily, too
    return dict(zip(QUERIES, results[-len(QUERIES) :], strict=True))


def test_the_tables_are_read_as_athena_reads_them(answers):
    assert sorted(answers["live"]) == [
        ["202601", "12.600000000000000001", "3"],
        ["202602", "92.230000000000000000", "3"],
    ]
    assert answers["tags"] == [['a "b"\\']]
    assert answers["time"] == [["2025-12-31 16:00:00"]]


def test_msck_repair_finds_every_folder(answers):
    found = [row[0].rpartition("/publication=")[0] for row in answers["partitions"]]
    assert found == [
        "yearmonth=202601/batch_ts=20260120173000",
        "yearmonth=202601/batch_ts=20260131173000",
        "yearmonth=202601/batch_ts=20260131180000",
        "yearmonth=202601/batch_ts=20260201180000",
        "yearmonth=202602/batch_ts=20260131173000",
        "yearmonth=202602/batch_ts=20260203173000",
        "yearmonth=202602/batch_ts=20260204173000",
    ]


def test_the_ledger_is_read_with_its_lists_and_maps(answers):
    assert sorted(answers["ledger"]) == [
        ["published", "5", "10"],
        ["publishing", "1", "0"],
        ["rejected", "1", "0"],
    ]
    assert answers["nested"] == [
        ["12.600000000000000001", "3", "202601/账单.zip", "4000000000", "3", "账单.zip"]
    ]


def test_rates_are_read_as_they_are_written(answers):
    assert answers["rates"] == [
        ["from", "to", "valid_from", "rate"],
        ["CNY", "USD", "2026-01-01", "0.14"],
        ["short", "None", "None", "None"],
    ]


def test_columns_carry_their_descriptions(answers):
    described = dict(answers["comment"])
    assert described["data_type"] == "decimal(38,18)"
    assert (
        described["comment"].startswith("Charge that is the basis for invoicing")
        or len(described["comment"]) > 20
    )
