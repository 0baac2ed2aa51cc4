"""Seven providers in one view: every total equals the Decimal sum over the raw files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import raw_bills
from helpers.catalog import assert_same_rows, deploy, refresh
from helpers.lakes import Lake
from helpers.raw_bills import COSTS

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "samples"
REAL = SHARED / "focus_sample_data" / "focus_sample.csv"
MADE = SHARED / "generated_1.2"
ENGINES = [
    pytest.param("duckdb", marks=pytest.mark.slow),
    pytest.param("trino", marks=pytest.mark.trino),
]
ALL = ["ai_spend", "alibaba", "aws", "azure", "datacenter", "gcp", "oci"]
RATES = {"CNY": "0.1391", "EUR": "1.075012345678", "SGD": "0.7412"}


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def normalize(raw: Path, lake: Lake, providers: list[str]) -> str:
    where = ["--raw", str(raw), "--lake", str(lake.root), "--quiet_minutes", "0"]
    return run("jobs/normalize_focus.py", "--providers", ",".join(providers), *where)


def seven(lake: Lake) -> dict:
    """The sample of all providers through the job; the sums of the raw files."""
    raw = lake.root.parent / f"raw_of_{lake.root.name}"
    shape = ["--rows", "1500", "--months", "2", "--pushes", "3", "--seed", "11"]
    shape += ["--until", "202601"]
    run("-m", "focus_lake.sample", "--out", str(raw), "--providers", ",".join(ALL), *shape)
    normalize(raw, lake, ALL)
    rates = lake.root / "reference" / "fx_rates" / "rates.csv"
    rates.parent.mkdir(parents=True)
    lines = [f"{currency},USD,2025-12-01,{rate}\n" for currency, rate in RATES.items()]
    rates.write_text("from,to,valid_from,rate\n" + "".join(lines))
    return raw_bills.sums(raw, ALL)


@pytest.fixture(scope="module", params=ENGINES)
def sampled(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, seven, "seven")


def totals(deployed, view: str, costs=COSTS) -> dict:
    """The view's sums in the shape of raw_bills.sums; null sums left out."""
    listed = ", ".join(f"SUM({cost})" for cost in costs)
    found = deployed.query(
        f"SELECT x_Provider, yearmonth, BillingCurrency, {listed} FROM {view} GROUP BY 1, 2, 3"
    )
    return {
        (*key, cost): value
        for *key, one, two, three, four in found
        for cost, value in zip(costs, (one, two, three, four), strict=True)
        if value is not None
    }


def test_totals_by_provider_month_and_currency_are_those_of_the_raw_files(sampled):
    assert {key[0] for key in sampled.sums} == set(ALL)
    assert totals(sampled, "focus_unified") == sampled.sums


def test_some_deliveries_of_every_snapshot_provider_are_superseded_and_in_no_total(sampled):
    raw = sampled.lake.root.parent / "raw_of_seven"
    superseded = {name: raw_bills.deliveries(raw, name)[1] for name in ALL}
    assert superseded.pop("oci") == 0
    assert min(superseded.values()) > 0
    batches = sampled.query("SELECT provider, COUNT(*) FROM focus_batches GROUP BY 1")
    assert all(dict(batches)[name] > 2 for name in superseded)


def test_monthly_cost_adds_up_to_the_raw_files(sampled):
    listed = ("BilledCost", "EffectiveCost")
    found = totals(sampled, "focus_monthly_cost")
    assert {key: value for key, value in found.items() if key[3] in listed} == {
        key: value for key, value in sampled.sums.items() if key[3] in listed
    }


def test_converted_totals_are_those_of_each_row_rounded_once(sampled):
    raw, expected = sampled.lake.root.parent / "raw_of_seven", defaultdict(Decimal)
    with localcontext(prec=60):
        for name in ALL:
            for month, row in raw_bills.live_rows(raw, name):
                currency = row["BillingCurrency"]
                rate = Decimal(RATES.get(currency, "1" if currency == "USD" else "NaN"))
                for cost in set(COSTS) & row.keys():
                    product = (row[cost] * rate).quantize(raw_bills.STEP, ROUND_HALF_UP)
                    expected[name, month, currency, cost] += product
    converted = [f"x_{cost}Converted" for cost in COSTS]
    found = totals(sampled, "focus_unified_converted", converted)
    known = {key: value for key, value in expected.items() if not value.is_nan()}
    assert {(*key, cost[2:-9]): value for (*key, cost), value in found.items()} == known
    missing = sampled.query("SELECT DISTINCT BillingCurrency FROM focus_missing_rates")
    assert {currency for (currency,) in missing} == {key[2] for key in expected} - {*RATES, "USD"}


@pytest.mark.trino
@pytest.mark.parametrize("sampled", ["trino"], indirect=True)
def test_both_engines_give_equal_rows_of_seven_providers(sampled):
    assert refresh("--engine", "duckdb", "--lake", str(sampled.lake.root)) == 0
    assert_same_rows(sampled.lake.root, sampled.trino, sampled.database)


# --- published samples


needs_samples = pytest.mark.skipif(
    not REAL.is_file(), reason=f"{SHARED} is not there: the published samples are not in this tree"
)
AZURE_RUN = "costs/focus/{0}01-{0}30/6f1b2c3d-0000-4000-8000-000000000001"
REAL_NAMES = {"AWS": "aws", "Microsoft": "azure", "Oracle": "oci"}


def real(lake: Lake) -> dict:
    """The FOCUS-Sample-Data file, split by provider and laid out as each of them delivers."""
    raw = lake.root.parent / f"raw_of_{lake.root.name}"
    with REAL.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, header = list(reader), reader.fieldnames
    texts = {
        name: _csv(header, [row for row in rows if row["ProviderName"] == provider])
        for provider, name in REAL_NAMES.items()
    }
    _aws(raw, "2024-09", texts["aws"])
    _azure(raw, "202409", texts["azure"])
    _put(raw / "oci/FOCUS Reports/2024/09/30/0001.csv.gz", gzip.compress(texts["oci"]))
    normalize(raw, lake, list(REAL_NAMES.values()))
    return raw_bills.sums(raw, REAL_NAMES.values())


def made(lake: Lake) -> dict:
    """focus-data-toolkit's rows of FOCUS 1.2: CSV for AWS and Azure, Parquet for Google."""
    raw = lake.root.parent / f"raw_of_{lake.root.name}"
    data = {p: (MADE / f"focus_1_2_cost_and_usage_{p}.csv") for p in ("aws", "azure", "gcp")}
    _aws(raw, "2026-05", data["aws"].read_bytes())
    _azure(raw, "202605", data["azure"].read_bytes())
    with data["gcp"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {cost: float(row[cost]) if row[cost] else None for cost in COSTS}
    target = raw / "gcp/billing/202605/20260603T000000Z/000000000000.parquet"
    target.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), target)
    normalize(raw, lake, list(data))
    return raw_bills.sums(raw, data)


def _csv(header, rows: list[dict]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _aws(raw: Path, month: str, text: bytes) -> None:
    _put(raw / f"aws/focus/data/BILLING_PERIOD={month}/focus-00001.csv.gz", gzip.compress(text))
    about = json.dumps({"dataFiles": ["s3://bucket/focus-00001.csv.gz"]})
    _put(raw / f"aws/focus/metadata/BILLING_PERIOD={month}/Manifest.json", about.encode())


def _azure(raw: Path, month: str, text: bytes) -> None:
    folder = raw / "azure" / AZURE_RUN.format(month)
    _put(folder / "part_0_0001.csv", text)
    about = {"runInfo": {"submittedTime": "2026-06-01T04:00:00Z"}}
    _put(
        folder / "manifest.json",
        json.dumps({**about, "blobs": [{"blobName": "part_0_0001.csv"}]}).encode(),
    )


@pytest.fixture(scope="module", params=ENGINES)
def published(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, real, "real")


@needs_samples
def test_the_published_sample_sums_up_to_its_text(published):
    assert {key[0] for key in published.sums} == {"aws", "azure", "oci"}
    assert totals(published, "focus_unified") == published.sums
    counts = published.query("SELECT x_Provider, COUNT(*) FROM focus_unified GROUP BY 1")
    assert dict(counts) == {"aws": 942, "azure": 51, "oci": 7}


@needs_samples
def test_the_published_samples_defects_are_repaired_and_told(published):
    frequency = published.query(
        "SELECT ChargeFrequency, COUNT(*) FROM focus_oci WHERE x_SourceChanges LIKE "
        "'%ChargeFrequency: Usage-based -> Usage-Based%' GROUP BY 1"
    )
    assert frequency == [("Usage-Based", 7)]
    nulls = "SELECT COUNT(*) FROM focus_unified WHERE {0} = 'NULL' OR TRIM({0}) = ''"
    for column in ("ChargeClass", "RegionId", "AvailabilityZone", "BillingAccountName"):
        assert published.query(nulls.format(column)) == [(0,)], column
    ids = published.query("SELECT COUNT(*), COUNT(element_at(x_Other, 'Id')) FROM focus_unified")
    assert ids == [(1000, 1000)]
    unknown = published.query("SELECT DISTINCT unknown_columns FROM focus_batches")
    assert [list(names) for (names,) in unknown] == [["Id"]]


@needs_samples
def test_the_published_samples_broken_rules_are_in_the_ledger(published):
    lines = [
        json.loads(line)
        for path in (published.lake.root / "ledger").rglob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert {line["status"] for line in lines} == {"published"}
    told = Counter(
        (line["provider"], x["column_name"]) for line in lines for x in line["conformance"]
    )
    assert told["oci", "ChargeFrequency"] >= 1
    assert told["oci", "ContractedCost"] >= 1


@pytest.fixture(scope="module", params=ENGINES)
def generated(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, made, "made")


@needs_samples
def test_generated_bills_of_focus_1_2_sum_up_to_their_values(generated):
    assert totals(generated, "focus_unified") == generated.sums
    versions = "SELECT x_Provider, x_SourceFocusVersion, COUNT(*) FROM focus_unified GROUP BY 1, 2"
    assert sorted(generated.query(versions)) == [
        ("aws", "1.2", 1000),
        ("azure", "1.2", 1000),
        ("gcp", "1.2", 1000),
    ]
