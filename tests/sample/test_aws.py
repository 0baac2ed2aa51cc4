"""AWS's sample: Parquet of doubles and maps, manifests written last, and one month as CSV."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.sample_exports import COSTS, make, paths, rows_of, truth

MONTH = "finops/focus-1-2/data/BILLING_PERIOD=2026-01"
PARTS = ["focus-1-2-00001.snappy.parquet", "focus-1-2-00002.snappy.parquet"]
EMEA = "emea/focus-1-0/data/BILLING_PERIOD="


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("aws"), "aws", rows=4000, pushes=2)


@pytest.fixture(scope="module")
def rows(raw):
    return [row for name in PARTS for row in rows_of(raw / MONTH / name)]


def kind_of(rows, category, pricing=None) -> list[dict]:
    return [r for r in rows if (r["ChargeCategory"], r["PricingCategory"]) == (category, pricing)]


def test_one_export_overwrites_its_month_the_other_has_a_folder_for_each_refresh(raw):
    assert sorted(path.name for path in (raw / MONTH).iterdir()) == PARTS
    for month, times in (
        ("2025-12", ["2025-12-17T06:23:01.000Z", "2026-01-04T06:58:43.000Z"]),
        ("2026-01", ["2026-01-17T06:34:30.000Z", "2026-02-04T06:10:12.000Z"]),
    ):
        folders = sorted((raw / f"{EMEA}{month}").iterdir())
        assert [path.name[:24] for path in folders] == times
        assert all(re.fullmatch(r"-[0-9a-f-]{36}", path.name[24:]) for path in folders)


def test_one_month_of_an_export_is_csv_and_the_other_parquet(raw):
    for month, end in (("2025-12", "csv.gz"), ("2026-01", "snappy.parquet")):
        names = {path.name for path in (raw / f"{EMEA}{month}").glob("*/*")}
        assert names == {f"focus-1-0-00001.{end}", f"focus-1-0-00002.{end}"}


def test_a_manifest_names_all_files_of_its_delivery_and_is_younger_than_they_are(raw):
    manifests = [path for path in paths(raw) if path.endswith("-Manifest.json")]
    assert len(manifests) == 6
    named = []
    for path in manifests:
        told = [
            uri.removeprefix("s3://example-billing/")
            for uri in json.loads((raw / path).read_text())["dataFiles"]
        ]
        time = (raw / path).stat().st_mtime
        assert all(0 < time - (raw / name).stat().st_mtime <= 300 for name in told)
        named += told
    assert sorted(named + manifests) == paths(raw)


def test_the_time_of_an_overwritten_month_is_that_of_its_manifest(raw):
    manifest = raw / MONTH.replace("/data/", "/metadata/") / "focus-1-2-Manifest.json"
    assert datetime.fromtimestamp(manifest.stat().st_mtime, UTC) == datetime(
        2026, 2, 4, 5, 44, 29, tzinfo=UTC
    )
    assert ("202601", "20260204054429", "finops/focus-1-2") in truth(raw.parent)


def test_costs_are_doubles_tags_a_map_and_times_timestamps(raw):
    schema = pq.read_schema(raw / MONTH / PARTS[0])
    for name in (*COSTS, "ListUnitPrice", "PricingQuantity", "ConsumedQuantity"):
        assert schema.field(name).type == pa.float64(), name
    assert schema.field("Tags").type == pa.map_(pa.string(), pa.string())
    assert schema.field("x_Discounts").type == pa.map_(pa.string(), pa.float64())
    assert pa.types.is_timestamp(schema.field("ChargePeriodStart").type)
    assert schema.field("SkuPriceDetails").type == pa.string()


def test_each_version_has_its_columns(raw):
    (older,) = (raw / f"{EMEA}2026-01").glob("2026-02*/focus-1-0-00001.snappy.parquet")
    newer = pq.read_schema(raw / MONTH / PARTS[0]).names
    assert len(newer) == 57 + 3
    assert newer[-3:] == ["x_Discounts", "x_Operation", "x_ServiceCode"]
    names = pq.read_schema(older).names
    assert len(names) == 43 + 5
    assert "InvoiceId" in newer and "InvoiceId" not in names
    assert {"x_CostCategories", "x_UsageType"} < set(names)


def test_some_doubles_have_the_digits_that_adding_up_leaves(rows):
    texts = [repr(row["BilledCost"]) for row in rows]
    assert any(len(text.replace(".", "")) >= 16 for text in texts)
    assert any("e-" in text for text in texts)
    # None needs more decimals than a stored cost has, or the truth would not be the truth.
    assert min(Decimal(text).as_tuple().exponent for text in texts) >= -18


def test_a_csv_has_empty_nulls_json_tags_and_times_with_a_z(raw):
    (path,) = (raw / f"{EMEA}2025-12").glob("2026*/focus-1-0-00001.csv.gz")
    rows = rows_of(path)
    assert {row["BillingPeriodStart"] for row in rows} == {"2025-12-01T00:00:00.000Z"}
    assert {row["BillingPeriodEnd"] for row in rows} == {"2026-01-01T00:00:00.000Z"}
    tags = [json.loads(row["Tags"]) for row in rows if row["Tags"]]
    assert 0 < len(tags) < len(rows)
    assert any("CostCenter" in tag for tag in tags)
    assert "" in {row["CommitmentDiscountId"] for row in rows}


def test_every_kind_of_charge_is_there_with_its_signs(rows):
    assert len(rows) == 1400
    assert {row["ChargeCategory"] for row in rows} == {
        "Usage",
        "Purchase",
        "Tax",
        "Credit",
        "Adjustment",
    }
    covered = kind_of(rows, "Usage", "Committed")
    assert {row["CommitmentDiscountStatus"] for row in covered} == {"Used", "Unused"}
    assert {row["BilledCost"] for row in covered} == {0.0}
    assert all(row["EffectiveCost"] > 0 for row in covered)
    bought = kind_of(rows, "Purchase", "Standard")
    assert {row["EffectiveCost"] for row in bought} == {0.0}
    assert all(row["BilledCost"] > 0 and row["CommitmentDiscountId"] for row in bought)
    assert all(row["BilledCost"] < 0 for row in kind_of(rows, "Credit"))
    corrections = [row for row in rows if row["ChargeClass"] == "Correction"]
    assert corrections
    for row in corrections:
        assert row["BilledCost"] < 0 and row["PricingQuantity"] < 0
        assert row["ChargePeriodStart"] < row["BillingPeriodStart"]
        assert row["ListUnitPrice"] > 0


def test_list_cost_is_quantity_times_list_unit_price(rows):
    priced = [row for row in kind_of(rows, "Usage", "Standard") if not row["ChargeClass"]]
    assert len(priced) > 500
    for row in priced:
        assert row["ListCost"] == pytest.approx(row["PricingQuantity"] * row["ListUnitPrice"])
        contracted = row["PricingQuantity"] * row["ContractedUnitPrice"]
        assert row["ContractedCost"] == pytest.approx(contracted)
        assert row["BilledCost"] == row["EffectiveCost"] == row["ContractedCost"]
