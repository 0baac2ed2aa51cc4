"""Rows that others made, laid out as AWS, Azure, Google and Oracle deliver theirs.

They lie in ../shared/samples beside the project; where that is absent, tests skip and say so.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
REAL = "focus_sample_data/focus_sample.csv"
GENERATED = "generated_1.2/focus_1_2_cost_and_usage_{}.csv"
PROVIDERS = {"AWS": "aws", "Microsoft": "azure", "Oracle": "oci"}  # by ProviderName
# Oracle's older names of columns.
OLDER = {
    "ProviderName": "Provider",
    "PublisherName": "Publisher",
    "InvoiceIssuerName": "InvoiceIssuer",
    "RegionId": "Region",
    "ConsumedQuantity": "UsageQuantity",
    "ConsumedUnit": "UsageUnit",
}
AWS_TIME, AZURE_TIME = 1_780_300_800, "2026-06-01T04:00:00.1234567Z"  # the first is 08:00 UTC
RUN = "0f1e2d3c-4b5a-4678-a9b0-c1d2e3f40516"


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a file of SAMPLES as texts; skips the test if it is not there."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not beside this checkout (../shared/samples)")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lay_out_real(raw: Path) -> dict[str, list[dict[str, str]]]:
    """FOCUS-Sample-Data as three providers' exports, texts as they are, defects and all.

    AWS: gzip'd CSV and manifest; Azure: a run with manifest; Oracle: a report for each day of
    its charges, with Oracle's older names. Gives the rows by provider.
    """
    rows = defaultdict(list)
    for row in rows_of(REAL):
        rows[PROVIDERS[row["ProviderName"]]].append(row)
    _put_aws(raw, "2024-09", "focus-00001.csv.gz", _packed(rows["aws"]))
    _put_azure(raw, "20240901-20240930", "1.0", rows["azure"])
    days = defaultdict(list)
    for row in rows["oci"]:
        older = {OLDER.get(name, name): text for name, text in row.items()}
        days[row["ChargePeriodStart"][:10].replace("-", "/")].append(older)
    for day, reported in days.items():
        _put(raw / "oci" / "FOCUS Reports" / day / "0000001-00001.csv.gz", _packed(reported))
    return dict(rows)


def lay_out_generated(raw: Path) -> dict[str, list[dict[str, str]]]:
    """Generated FOCUS 1.2 rows of May 2026: AWS as Parquet with doubles and a map, Azure as
    gzip'd CSV, Google as Parquet with decimals and an array of labels. Gives the rows by provider.
    """
    rows = {name: rows_of(GENERATED.format(name)) for name in ("aws", "azure", "gcp")}
    _put_aws(raw, "2026-05", "focus-00001.snappy.parquet", _parquet(rows["aws"], pa.float64()))
    _put_azure(raw, "20260501-20260531", "1.2-preview", rows["azure"])
    table = _parquet(rows["gcp"], pa.decimal128(38, 18), labels="x_Labels")
    _put(raw / "gcp/billing/202605/20260601T090000Z/000000000000.parquet", table)
    return rows


def sums(rows: list[dict[str, str]], as_double: bool = False) -> dict[str, Decimal]:
    """Cost -> sum over rows of one currency; of the doubles' shortest texts where asked for."""
    found = {}
    for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        texts = [row[cost] for row in rows if row[cost] not in ("", "NULL")]
        values = [Decimal(repr(float(text))) if as_double else Decimal(text) for text in texts]
        found[cost] = sum(values, Decimal(0)) if values else None
    return found


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _put_aws(raw: Path, month: str, name: str, data: bytes) -> None:
    """The data file, and a minute later the manifest that names it."""
    place = f"BILLING_PERIOD={month}"
    file = _put(raw / "aws/finops/focus/data" / place / name, data)
    uri = f"s3://example-billing/finops/focus/data/{place}/{name}"
    told = json.dumps({"dataFiles": [uri]}).encode()
    manifest = _put(raw / "aws/finops/focus/metadata" / place / "focus-Manifest.json", told)
    os.utime(file, (AWS_TIME - 60, AWS_TIME - 60))
    os.utime(manifest, (AWS_TIME, AWS_TIME))


def _put_azure(raw: Path, dates: str, version: str, rows: list[dict]) -> None:
    folder = raw / "azure/finance/focus-cost" / dates / RUN
    file = _put(folder / "part_0_0001.csv.gz", _packed(rows))
    blob = {
        "blobName": f"finance/focus-cost/{dates}/{RUN}/part_0_0001.csv.gz",
        "byteCount": file.stat().st_size,
        "dataRowCount": len(rows),
    }
    manifest = {
        "exportConfig": {"exportName": "focus-cost", "dataVersion": version},
        "runInfo": {"runId": RUN, "submittedTime": AZURE_TIME},
        "blobs": [blob],
    }
    _put(folder / "manifest.json", json.dumps(manifest).encode())


def _packed(rows: list[dict]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode(), mtime=0)


def _parquet(rows: list[dict], money: pa.DataType, labels: str | None = None) -> bytes:
    """Costs, prices and quantities as money, Tags as a map or, under another name, as pairs."""
    found = {}
    for name in rows[0]:
        texts = [row[name] or None for row in rows]
        if name.endswith(("Cost", "Price", "Quantity")):
            found[name] = _numbers(texts, money)
        elif name == "Tags":
            found[labels or name] = _tags(texts, bool(labels))
        else:
            found[name] = pa.array(texts, pa.string())
    file = io.BytesIO()
    pq.write_table(pa.table(found), file)
    return file.getvalue()


def _numbers(texts: list, kind: pa.DataType) -> pa.Array:
    read = float if pa.types.is_floating(kind) else Decimal
    return pa.array([text and read(text) for text in texts], kind)


def _tags(texts: list, as_pairs: bool) -> pa.Array:
    """Values as text, as a label's or a tag's value is."""
    tags = [
        [(key, str(value)) for key, value in json.loads(text).items()] if text else []
        for text in texts
    ]
    if not as_pairs:
        return pa.array(tags, pa.map_(pa.string(), pa.string()))
    pairs = [[{"key": key, "value": value} for key, value in each] for each in tags]
    return pa.array(pairs, pa.list_(pa.struct({"key": pa.string(), "value": pa.string()})))
