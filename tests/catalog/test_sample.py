"""From zips to views: every view's sums are those of the live batches' CSV text, by Decimal."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from focus_lake.spec import columns
from helpers.catalog import assert_same_rows, deploy, refresh
from helpers.lakes import Lake

ROOT = Path(__file__).parents[2]
COSTS = ("BilledCost", "EffectiveCost", "ListCost")
SHAPE = ["--rows", "2000", "--months", "2", "--pushes", "3", "--seed", "7", "--until", "202601"]


def fill(lake: Lake) -> dict:
    """Make the sample, run the normalize job on it; sums by month, currency and cost column."""
    raw = lake.root.parent / f"raw_of_{lake.root.name}"
    run("-m", "focus_lake.sample", "--out", str(raw), *SHAPE)
    job = ["--providers", "alibaba", "--raw", str(raw), "--lake", str(lake.root)]
    run("jobs/normalize_focus.py", *job, "--quiet_minutes", "0")
    return sums_of_text(raw)


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def sums_of_text(raw: Path) -> dict[tuple[str, str, str], Decimal]:
    """Of each account and month the newest folder, summed from its CSV text."""
    newest: dict[tuple[str, str], str] = {}
    archives = list((raw / "alibaba").rglob("*.zip"))
    for path in archives:
        of = (path.name.split("_")[0], path.parts[-3])
        newest[of] = max(newest.get(of, ""), path.parts[-2])
    assert len({path.parts[-2] for path in archives}) > len(newest), "some pushes are superseded"
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for path in archives:
        month = path.parts[-3]
        if newest[path.name.split("_")[0], month] == path.parts[-2]:
            for row in rows_of(path):
                for cost in COSTS:
                    sums[month, row["BillingCurrency"], cost] += Decimal(row[cost])
    return dict(sums)


def rows_of(path: Path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")
            yield from csv.DictReader(text)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("duckdb", marks=pytest.mark.slow),
        pytest.param("trino", marks=pytest.mark.trino),
    ],
)
def sampled(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, fill, "sample")


def by_month(sampled, view: str, where: str = "") -> dict:
    costs = ", ".join(f"SUM({cost})" for cost in COSTS if "tag" not in view or cost != "ListCost")
    found = sampled.query(
        f"SELECT yearmonth, BillingCurrency, {costs} FROM {view} {where} GROUP BY 1, 2"
    )
    return {
        (month, currency, cost): value
        for month, currency, *values in found
        for cost, value in zip(COSTS, values, strict=False)
    }


@pytest.mark.parametrize("view", ["focus_alibaba", "focus_unified"])
def test_row_views_sum_to_the_text(sampled, view):
    assert by_month(sampled, view) == sampled.sums


@pytest.mark.parametrize("view", ["focus_daily_cost", "focus_monthly_cost"])
def test_time_views_sum_to_the_text(sampled, view):
    text = {key: value for key, value in sampled.sums.items() if key[2] != "ListCost"}
    found = by_month(sampled, view)
    assert {key: value for key, value in found.items() if key[2] != "ListCost"} == text
    left_out = sampled.query(
        "SELECT yearmonth, BillingCurrency, SUM(ListCost) FROM focus_unified "
        "WHERE NOT (ChargeCategory = 'Purchase' AND EffectiveCost = 0) GROUP BY 1, 2"
    )
    expected = {(month, currency, "ListCost"): value for month, currency, value in left_out}
    assert {key: value for key, value in found.items() if key[2] == "ListCost"} == expected


@pytest.mark.parametrize("attribute", ["x_Owner", "x_CostCenter", "x_Brand"])
def test_each_tag_attribute_shares_out_the_text(sampled, attribute):
    text = {key: value for key, value in sampled.sums.items() if key[2] != "ListCost"}
    where = f"WHERE x_Attribute = '{attribute}'"
    assert by_month(sampled, "focus_cost_by_tag", where) == text


@pytest.mark.parametrize("version", columns.VERSIONS)
def test_version_views_sum_to_the_text(sampled, version):
    view = f"focus_v{version.replace('.', '_')}"
    found = sampled.query(f"SELECT BillingCurrency, SUM(BilledCost) FROM {view} GROUP BY 1")
    text: dict[str, Decimal] = defaultdict(Decimal)
    for (_, currency, cost), value in sampled.sums.items():
        text[currency] += value if cost == "BilledCost" else 0
    assert dict(found) == text


def test_restatements_add_up_to_the_growth_between_first_and_last_push(sampled):
    found = sampled.query(
        "SELECT x_Export, yearmonth, SUM(x_BilledCostChange) FROM focus_restatements GROUP BY 1, 2"
    )
    pushes = sampled.query(
        "SELECT x_Export, yearmonth, batch_ts, SUM(BilledCost) FROM focus_alibaba_normalized "
        "GROUP BY 1, 2, 3 ORDER BY 3"
    )
    series = defaultdict(list)
    for export, month, _, billed in pushes:
        series[export, month].append(billed)
    growth = {key: values[-1] - values[0] for key, values in series.items() if len(values) > 1}
    assert {(export, month): change for export, month, change in found} == growth


@pytest.mark.trino
@pytest.mark.parametrize("sampled", ["trino"], indirect=True)
def test_both_engines_give_equal_rows(sampled):
    assert refresh("--engine", "duckdb", "--lake", str(sampled.lake.root)) == 0
    assert_same_rows(sampled.lake.root, sampled.trino, sampled.database)
