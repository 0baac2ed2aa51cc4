"""Measures are worked out once, at refresh, and kept by run."""

from __future__ import annotations

import json

import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, charge, governed

pytestmark = pytest.mark.thorough


def test_the_measures_are_those_of_the_refresh_and_every_run_is_kept(tmp_path):
    lake = Lake(tmp_path / "lake")
    governed(lake)
    options = ("--engine", "duckdb", "--lake", str(lake.root), "--providers", "alibaba")
    assert refresh(*options) == 0
    shown = "metric, provider, yearmonth, BillingCurrency, value, met, reason, x_BillingMonth"
    now = on_duckdb(lake.root, f"SELECT {shown} FROM focus_metrics_now")
    kept = on_duckdb(lake.root, f"SELECT {shown} FROM focus_pipeline_metrics")
    # How old the newest batch is changes with the clock; all else is the same to the digit.
    assert {row for row in kept if row[0] != "M2"} <= set(now) | set(kept)
    assert len(kept) == len(now) > 5
    (file,) = lake.root.glob("metrics/*/*.jsonl")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {line["run_id"] for line in lines} == {file.stem}
    assert len(lines) == len(kept)

    lake.batch("alibaba", "202603", "20260331173000", [charge("2026-03-05", "1")])
    assert refresh(*options) == 0
    runs = on_duckdb(
        lake.root, "SELECT run_id, COUNT(*), MIN(run_at) FROM focus_metric_history GROUP BY 1"
    )
    assert len(runs) == 2 and all(at for _, _, at in runs)
    months = on_duckdb(lake.root, "SELECT DISTINCT yearmonth FROM focus_pipeline_metrics")
    assert ("202603",) in months, "the newest run is shown"
    total = on_duckdb(lake.root, "SELECT COUNT(*) FROM focus_pipeline_metrics")
    assert total[0][0] < sum(count for _, count, _ in runs)


def test_a_plan_measures_nothing(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    governed(lake)
    given = ("--lake", str(lake.root), "--providers", "alibaba", "--dry_run", "true")
    assert refresh("--engine", "duckdb", *given) == 0
    assert "-- measures: SELECT * FROM focus.focus_metrics_now" in capsys.readouterr().out
    assert not list(lake.root.glob("metrics/**/*.jsonl"))
