"""LiteLLM's files made by its own package, in an environment of its own, are exact in the lake."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal as D

import pytest

from focus_lake import declare, storage
from focus_lake.lake import ledger
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw.find import find

PACKAGES = ("litellm==1.110.2", "polars==1.35.2", "polars-runtime-32==1.35.2")
# Rows of LiteLLM's table of daily spend, as its exporter reads them from the database.
MAKE = r"""
import sys, datetime
import polars as pl
from focus.transformer import FocusTransformer
from focus.serializers.csv import FocusCsvSerializer
from focus.serializers.parquet import FocusParquetSerializer

def row(date, spend, user="u1", model="gpt-4o"):
    return dict(date=date, user_id=user, api_key="hash-1", api_key_alias="web", model=model,
        model_group=model, custom_llm_provider="openai", spend=spend, api_requests=3,
        team_id="t1", team_alias="shop", user_email=user + "@example.com")

hours = {
    "01": [row("2026-01-05", 1.25), row("2026-01-05", 0.000001, "u2")],
    "02": [row("2026-01-05", 2.5)],
    "03": [row("2026-01-05", 19.78), row("2026-01-05", 7.0, model="claude")],
}
kind = sys.argv[2]
serializer = FocusParquetSerializer() if kind == "parquet" else FocusCsvSerializer()
for hour, rows in hours.items():
    data = serializer.serialize(FocusTransformer().transform(pl.DataFrame(rows)))
    name = f"{sys.argv[1]}/usage_20260105T{hour}0000Z_20260105T{hour}5959Z.{serializer.extension}"
    open(name, "wb").write(data)
"""


@pytest.mark.parametrize(
    "path, key, export",
    [
        (
            "exports/date=2026-01-05/hour=01/usage_20260105T010000Z_20260105T020000Z.parquet",
            ("202601", "20260105020000"),
            "exports",
        ),
        (
            "a/b/date=2026-01-05/usage_20260105T000000Z_20260106T000000Z.csv",
            ("202601", "20260106000000"),
            "a/b",
        ),
        ("usage_20260131T000000Z_20260201T000000Z.csv", ("202601", "20260201000000"), "litellm"),
    ],
)
def test_hourly_daily_and_bare_files_have_the_time_of_their_name(tmp_path, path, key, export):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    (batch,), strays = find(storage.at(str(tmp_path)), declare.load("litellm"))
    assert (batch.key, batch.exports, strays) == (key, [export], [])


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with LiteLLM's exporter and polars; nothing of it is in our environment."""
    target = tmp_path_factory.mktemp("litellm")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
    done = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"LiteLLM cannot be had: {done.stderr.strip().splitlines()[-1][:200]}")
    return target


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hourly_files_of_the_exporter_itself_are_exact(packages, tmp_path, kind):
    raw, lake = tmp_path / "raw", tmp_path / "lake"
    folder = raw / "litellm" / "exports/date=2026-01-05/hour=01"
    folder.mkdir(parents=True)
    paths = f"{packages / 'litellm' / 'integrations'}:{packages}"
    made = subprocess.run(
        [sys.executable, "-c", MAKE, str(folder), kind],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin"},
    )
    assert made.returncode == 0, made.stderr
    options = NormalizeOptions(
        raw=str(raw), lake=str(lake), providers=("litellm",), quiet_minutes=0
    )
    assert normalize(options) == 0
    lines = ledger.read_all(storage.at(str(lake)), "litellm")
    # As increments: 1.250001 + 2.5 + 26.78 = 30.530001. What is true: 19.78 + 7 + 0.000001.
    billed = [D(line.cost_sums[0]["BilledCost"]) for line in lines]
    assert billed == [D("1.250001"), D("2.5"), D("26.78")]
    from helpers.catalog import on_duckdb, refresh

    assert refresh("--engine", "duckdb", "--lake", str(lake)) == 0
    sums = on_duckdb(lake, "SELECT SUM(BilledCost), SUM(EffectiveCost) FROM focus_unified")
    assert sums == [(D("26.780001"), D("26.780001"))]
    users = on_duckdb(
        lake, "SELECT x_UserId, x_Owner FROM focus_litellm WHERE ResourceId = 'claude'"
    )
    assert users == [("u1", "u1@example.com")]
