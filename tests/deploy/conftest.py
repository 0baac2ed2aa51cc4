"""What the jobs ask of AWS: each call that botocore makes, noted; an Athena that runs no SQL."""

from __future__ import annotations

import botocore.client
import pytest

from focus_lake import storage
from focus_lake.catalog.engines import athena
from focus_lake.normalize import job
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import parse
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions
from helpers.fake_athena import FakeAthena
from helpers.job_process import InProcess


@pytest.fixture
def calls(monkeypatch) -> list[tuple[str, str, dict]]:
    """Grows by (service, operation, parameters) with every call through boto3."""
    noted: list[tuple[str, str, dict]] = []
    original = botocore.client.BaseClient._make_api_call

    def noting(self, operation: str, parameters: dict):
        # a copy, for botocore makes text of CopySource
        noted.append((self.meta.service_model.service_name, operation, dict(parameters)))
        return original(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noting)
    return noted


@pytest.fixture
def fake_athena(monkeypatch):
    server = FakeAthena("focus")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", server.url)
    monkeypatch.setattr(athena, "POLL_SECONDS", 0)
    yield server
    server.close()


ODD = {
    "20260108173000/1500_2_X_202601.csv": b"BilledCost,BillingPeriodStart,BillingCurrency\n"
    b"1.50,2026-01-01 00:00:00,CNY\nmuch,2026-01-01 00:00:00,CNY\n",
    "20260109173000/1500_2_X_202601.zip": b"no archive",
}


@pytest.fixture
def lake(bucket, s3_endpoint, tmp_path, monkeypatch, calls):
    """A lake of the sample and the odd files, normalized twice: with a rejected row, without."""
    sample = ("--out", str(tmp_path / "raw"), "--rows", "400", "--months", "1", "--pushes", "2")
    sample += ("--until", "202601")
    assert make_sample(parse(SampleOptions, sample)) == 0
    raw = storage.at(f"s3://{bucket}/bills", s3_endpoint)
    for path in (tmp_path / "raw").rglob("*"):
        if path.is_file():
            with raw.writer(str(path.relative_to(tmp_path / "raw"))) as target:
                target.write(path.read_bytes())
    for name, content in ODD.items():
        with raw.writer(f"alibaba/202601/{name}") as target:
            target.write(content)
    own = storage.at(f"s3://{bucket}/lake/declarations", s3_endpoint)
    own.put_if("alibaba.toml", b'title = "Our Alibaba"\n', None)
    monkeypatch.setattr(job, "Cluster", InProcess)
    calls.clear()
    options = ("--raw", f"s3://{bucket}/bills", "--lake", f"s3://{bucket}/lake")
    options += ("--quiet_minutes", "0", "--s3_endpoint", s3_endpoint)
    declared = ("--declarations", own.root)
    ways = (("--max_rejected_rows", "1"), ("--reprocess", "true", *declared))
    others = ("--rebuild_ledger", "--rebuild_daily", "--verify", "--dry_run")
    codes = [
        job.normalize(parse(NormalizeOptions, [*options, *more]))
        for more in (*ways, *((name, "true") for name in others))
    ]
    assert codes == [1, 1, 1, 1, 1, 0]
    return f"s3://{bucket}/lake"
