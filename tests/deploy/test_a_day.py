"""A day in the life: from OSS events to the analyst's query, with all that can come in between.

The jobs run as on a laptop; OSS is a small server, the raw bucket a local S3 endpoint, the lake a
folder, and DuckDB stands in for Athena.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import boto3
import duckdb
import pytest

from helpers.exports import bill, row, zipped
from helpers.fake_oss import BUCKET, FakeOss
from helpers.stack_template import ROOT

pytestmark = pytest.mark.s3
MONDAY, TUESDAY, WEDNESDAY = "20260112173000", "20260113173000", "20260114173000"


class Day:
    """The company: an export in OSS, a raw bucket, a lake, and the people who press buttons."""

    def __init__(self, oss: FakeOss, bucket: str, endpoint: str, folder: Path):
        self.oss, self.bucket, self.endpoint, self.lake = oss, bucket, endpoint, folder / "lake"
        self.function = _function()

    def deliver(self, batch: str, part: str, *rows: tuple) -> str:
        """Alibaba writes a part of a push; its key."""
        key = f"focus/202601/{batch}/1500_2_X_202601{part}.zip"
        self.oss.put(key, zipped(bill__csv=bill(*rows)))
        return key

    def event(self, *keys: str) -> None:
        """OSS tells the function of new objects."""
        records = [
            {
                "eventName": "ObjectCreated:PutObject",
                "eventSource": "acs:oss",
                "region": "cn-hangzhou",
                "oss": {
                    "bucket": {"name": BUCKET},
                    "object": {"key": key, "size": 1, "eTag": self.oss.objects[key].etag},
                },
            }
            for key in keys
        ]
        self.function.handler(json.dumps({"events": records}).encode(), None)

    def timer(self) -> None:
        self.function.timer_handler(b"{}", None)

    def normalize(self, *options: str, code: int = 0) -> str:
        places = ("--raw", f"s3://{self.bucket}/raw", "--lake", str(self.lake))
        options = (*places, "--quiet_minutes", "0", "--s3_endpoint", self.endpoint, *options)
        return self._job("normalize_focus.py", options, code)

    def refresh(self, *options: str) -> str:
        options = ("--engine", "duckdb", "--lake", str(self.lake), *options)
        return self._job("refresh_catalog.py", options, 0)

    def _job(self, script: str, options, code: int) -> str:
        command = [sys.executable, ROOT / "jobs" / script, *options]
        path = os.pathsep.join([str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def billed(self) -> Decimal:
        """What the analyst sees."""
        with duckdb.connect(str(self.lake / "focus.duckdb"), read_only=True) as connection:
            query = "SELECT SUM(BilledCost) FROM focus_unified WHERE yearmonth = '202601'"
            return connection.execute(query).fetchone()[0]

    def ledger(self) -> list[tuple[str, str]]:
        """(batch_ts, status) of Alibaba's January, in order."""
        lines = (self.lake / "ledger" / "alibaba" / "202601.jsonl").read_text().splitlines()
        return [(line["batch_ts"], line["status"]) for line in map(json.loads, lines)]


def _function():
    """jobs/oss_to_s3.py, as Function Compute loads it."""
    spec = importlib.util.spec_from_file_location("oss_to_s3_job", ROOT / "jobs" / "oss_to_s3.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def day(bucket, s3_endpoint, tmp_path, monkeypatch):
    oss = FakeOss()
    settings = {
        "S3_BUCKET_NAME": bucket,
        "S3_REGION": "us-east-1",
        "S3_PREFIX": "raw",
        "AWS_ENDPOINT_URL_S3": s3_endpoint,
        "OSS_BUCKET": BUCKET,
        "OSS_PREFIX": "focus",
        "OSS_REGION": "cn-hangzhou",
        "OSS_ENDPOINT": oss.url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.test",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield Day(oss, bucket, s3_endpoint, tmp_path)
    oss.close()


def test_a_day_from_the_push_to_the_query_and_back(day):
    # The first push: told, copied, normalized, shown.
    key = day.deliver(MONDAY, "", row("1.50", day=5), row("0.25", day=6))
    day.event(key)
    day.normalize()
    day.refresh()
    assert day.billed() == Decimal("1.75")

    # The same event once more, and the job once more: nothing is read, nothing is doubled.
    day.event(key)
    assert "0 published, 1 unchanged" in day.normalize()
    day.refresh()
    assert day.billed() == Decimal("1.75")

    # The next push is the whole month again: it takes the place of the first.
    day.event(day.deliver(TUESDAY, "_part_001", row("2.00", day=5), row("0.25", day=7)))
    day.normalize()
    assert day.billed() == Decimal("1.75"), "readers switch when the catalog is refreshed"
    day.refresh()
    assert day.billed() == Decimal("2.25")

    # A part comes late and its event is lost: the timer finds it, the batch is replaced whole.
    day.deliver(TUESDAY, "_part_002", row("0.15", day=6), row("-0.05", day=6))
    day.timer()
    day.normalize()
    day.refresh()
    assert day.billed() == Decimal("2.35")
    assert day.ledger() == [(MONDAY, "published"), (TUESDAY, "published")]

    # Another provider fails: loudly, and without a harm to the one that works.
    day.event(day.deliver(WEDNESDAY, "", row("3.00", day=5), row("0.05", day=8)))
    s3 = boto3.client("s3", endpoint_url=day.endpoint)
    broken = "raw/datacenter/202601/20260201000000/costs.csv"
    s3.put_object(Bucket=day.bucket, Key=broken, Body=b"room,rack\n1,2\n")
    said = day.normalize("--providers", "alibaba,datacenter", code=1)
    assert f"published  alibaba/202601/{WEDNESDAY}: 2 rows, billed CNY 3.05" in said
    assert "refused    datacenter/202601/20260201000000" in said
    day.refresh()
    assert day.billed() == Decimal("3.05")

    # The month is played again from the raw files: the same to the last digit.
    before = day.ledger()
    again = ("--reprocess", "true", "--yearmonths", "202601")
    assert "3 published" in day.normalize(*again)
    day.refresh()
    assert day.billed() == Decimal("3.05")
    assert day.ledger() == before == [(ts, "published") for ts in (MONDAY, TUESDAY, WEDNESDAY)]
