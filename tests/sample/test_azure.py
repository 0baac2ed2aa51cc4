"""Azure's sample: a folder and a manifest for each run, CSV and Parquet, 1.0 and 1.2."""

import json
import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.sample_exports import COSTS, make, paths, rows_of, sums, truth

RUN = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
MAIN, LABS = "finance/focus-cost", "sandbox/focus-mca"
DECEMBER, JANUARY = "20251201-20251231", "20260101-20260131"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("azure"), "azure", rows=4000, pushes=2, parts=400)


def runs(raw, export, dates) -> list[tuple[dict, list[dict]]]:
    """(manifest, rows) of the runs of a date range, in the order of their times."""
    found = []
    for folder in (raw / export / dates).iterdir():
        manifest = json.loads((folder / "manifest.json").read_text())
        parts = sorted(path for path in folder.iterdir() if path.name != "manifest.json")
        found.append((manifest, [row for path in parts for row in rows_of(path)]))
    return sorted(found, key=lambda run: run[0]["runInfo"]["submittedTime"])


def test_each_run_has_a_folder_of_its_own_below_export_and_date_range(raw):
    place = re.compile(
        f"({MAIN}/({DECEMBER}|{JANUARY})/{RUN}/(manifest.json|part_0_000[12].csv.gz)"
        f"|{LABS}/({DECEMBER}|{JANUARY})/{RUN}/(manifest.json|part_0_0001.snappy.parquet))"
    )
    assert [path for path in paths(raw) if not place.fullmatch(path)] == []
    assert len([path for path in paths(raw) if path.endswith("/manifest.json")]) == 8


def test_a_manifest_says_names_sizes_and_rows_of_its_blobs_version_and_time(raw):
    for manifest, rows in runs(raw, MAIN, JANUARY):
        blobs = manifest["blobs"]
        for blob in blobs:
            path = raw / blob["blobName"]
            assert path.stat().st_size == blob["byteCount"]
            assert len(rows_of(path)) == blob["dataRowCount"]
        assert manifest["blobCount"] == len(blobs)
        assert manifest["dataRowCount"] == len(rows)
        assert manifest["byteCount"] == sum(blob["byteCount"] for blob in blobs)
        assert manifest["runInfo"]["runId"] == blobs[0]["blobName"].split("/")[3]
        assert manifest["exportConfig"]["dataVersion"] == "1.2-preview"
    times = [manifest["runInfo"]["submittedTime"] for manifest, _ in runs(raw, MAIN, JANUARY)]
    assert times == ["2026-01-17T03:08:47.1234567Z", "2026-02-04T03:44:29.1234567Z"]


def test_an_older_run_is_the_month_to_date_of_the_newer_one(raw):
    (_, older), (_, newer) = runs(raw, MAIN, JANUARY)
    assert 0 < len(older) < len(newer) == 600
    days = [row["ChargePeriodStart"] for row in older if row["ChargeFrequency"] == "Usage-Based"]
    assert max(days) < "2026-01-17"
    same = [row["ResourceId"] for row in newer[: len(older)]]
    assert [row["ResourceId"] for row in older] == same
    assert sums(older) != sums(newer[: len(older)])  # a few costs are restated


def test_the_older_dataset_has_its_own_names_and_times(raw):
    manifest, rows = runs(raw, MAIN, DECEMBER)[-1]
    assert manifest["exportConfig"]["dataVersion"] == "1.0"
    names = set(rows[0])
    assert {"x_InvoiceId", "x_PricingCurrency"} < names
    assert not {"InvoiceId", "PricingCurrency", "ServiceSubcategory", "x_ServiceModel"} & names
    assert {row["BillingPeriodStart"] for row in rows} == {"2025-12-01T00:00Z"}
    assert {row["x_InvoiceId"] for row in rows} == {"INV-202512-0001"}


def test_the_newer_dataset_has_every_column_of_the_documentation(raw):
    _, rows = runs(raw, MAIN, JANUARY)[-1]
    names = list(rows[0])
    assert len(names) == len(set(names))
    assert len([name for name in names if not name.startswith("x_")]) == 57
    assert {"x_CostCenter", "x_SkuMeterCategory", "x_BillingExchangeRateDate"} < set(names)
    assert {row["BillingPeriodEnd"] for row in rows} == {"2026-02-01T00:00:00Z"}
    assert {row["x_BillingExchangeRateDate"] for row in rows} == {"01/01/2026"}
    assert {row["AvailabilityZone"] for row in rows} == {""}


def test_tags_are_a_json_string_and_costs_decimal_text(raw):
    _, rows = runs(raw, MAIN, JANUARY)[-1]
    tags = [json.loads(row["Tags"]) for row in rows if row["Tags"]]
    assert 0 < len(tags) < len(rows)
    assert any(tag.get("cost-center") == "customer-success" for tag in tags)
    assert all(re.fullmatch(r"-?\d+\.\d+", row["BilledCost"]) for row in rows)
    assert {row["BillingCurrency"] for row in rows} == {"EUR"}


def test_the_other_export_is_parquet_of_decimals(raw):
    path = next((raw / LABS / JANUARY).rglob("*.parquet"))
    schema = pq.read_schema(path)
    for name in COSTS:
        assert schema.field(name).type == pa.decimal128(38, 18)
    assert schema.field("Tags").type == pa.string()
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us")
    (row, *_) = rows_of(path)
    assert Decimal(row["x_BilledCostInUsd"]) == row["BilledCost"]


def test_the_truth_names_the_time_of_the_run_as_the_batch(raw):
    batches = [key for key in truth(raw.parent) if key[2] == MAIN]
    assert ("202601", "20260204034429", MAIN) in batches
    assert len(batches) == 4
