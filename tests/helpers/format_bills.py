"""Bills of a few rows in every format that a provider delivers, and the job on them."""

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.job_runs import Job, Result

START = datetime(2026, 1, 1)
AWS, AWS_ABOUT = "focus/data/BILLING_PERIOD=2026-01", "focus/metadata/BILLING_PERIOD=2026-01"
PART, ABOUT = f"{AWS}/focus-00001.snappy.parquet", f"{AWS_ABOUT}/focus-Manifest.json"
RANGE = "costs/focus/20260101-20260131"
RUN = "6f1b2c3d-0000-4000-8000-00000000000{}"
AI = "202601/20260131120000"
GCP = f"{AI}/000000000000.parquet"
REPORT = "FOCUS Reports/2026/01/05/0001-00001.csv.gz"  # Oracle's


class Bills:
    """Raw folders of any providers, and the job on them."""

    def __init__(self, job: Job):
        self.job = job

    def put(self, provider: str, path: str, content) -> Path:
        """content: bytes, a table for Parquet, an object for JSON, or a text; gzip'd for .gz."""
        file = self.job.raw / provider / path
        file.parent.mkdir(parents=True, exist_ok=True)
        data = as_bytes(content)
        file.write_bytes(gzip.compress(data) if path.endswith(".gz") else data)
        return file

    def manifest(self, *parts: str, path: str = ABOUT) -> Path:
        return self.put("aws", path, {"dataFiles": [f"s3://b/{part}" for part in parts]})

    def run(self, *providers: str, **options) -> Result:
        return self.job.run(providers=",".join(providers), **options)

    def lines(self, provider: str, month: str = "202601") -> list[dict]:
        path = self.job.lake / "ledger" / provider / f"{month}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def reason(self, provider: str) -> tuple[str, str, str]:
        """(code, file, message) of the only reason of the only line, which is a refusal."""
        (line,) = self.lines(provider)
        (reason,) = line["reasons"]
        assert line["status"] == "rejected"
        return reason["code"], reason["file"], reason["message"]

    def rows(self, provider: str, columns: str, rest: str = "") -> list[tuple]:
        """Of every batch that was written, in the order of the columns."""
        files = f"{self.job.lake}/normalized/{provider}/*/*/*/*.parquet"
        return duckdb.sql(
            f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = true, "
            f"hive_types = {{yearmonth: VARCHAR, batch_ts: VARCHAR}}) {rest} ORDER BY ALL"
        ).fetchall()

    def is_stored(self, provider: str) -> bool:
        return any((self.job.lake / "normalized" / provider).rglob("*.parquet"))


def as_bytes(content) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, pa.Table):
        file = io.BytesIO()
        pq.write_table(content, file)
        return file.getvalue()
    return json.dumps(content).encode()


def table(costs=(1.5,), start: datetime = START, **others) -> pa.Table:
    """A bill of a few columns as AWS delivers it; others: a column for all rows, or an array."""
    count = len(costs)
    columns = {
        "BilledCost": costs if isinstance(costs, pa.Array) else pa.array(costs, pa.float64()),
        "BillingCurrency": ["USD"] * count,
        "BillingPeriodStart": pa.array([start] * count, pa.timestamp("ms")),
        "ChargePeriodStart": pa.array([start] * count, pa.timestamp("ms")),
        "ServiceName": ["Amazon S3"] * count,
    }
    return pa.table(columns | others)


def text(*costs: str, start: str = "2026-01-01T00:00:00Z", more: str = "", value: str = "") -> str:
    """A CSV bill; more: a further column, value: what it holds."""
    head = f"BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart{more and ',' + more}\n"
    end = f"{more and ',' + value}\n"
    return head + "".join(f"{cost},USD,{start},{start}{end}" for cost in costs)


def calls(*costs: str) -> list[dict]:
    """AI calls as a JSON export has them."""
    return [{"BilledCost": cost, "BillingPeriodStart": "2026-01-01T00:00:00Z"} for cost in costs]


def azure_run(bills: Bills, number: int, submitted: str, *costs: str, export: str = "focus"):
    run = f"{RANGE.replace('focus', export)}/{RUN.format(number)}"
    bills.put("azure", f"{run}/part_0_0001.csv.gz", text(*costs))
    about = {"runInfo": {"submittedTime": submitted}}
    about["blobs"] = [{"blobName": f"{run}/part_0_0001.csv.gz"}]
    bills.put("azure", f"{run}/manifest.json", about)
    return run
