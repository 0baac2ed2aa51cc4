"""The function's environment: a fake OSS, a proxy before the local S3 endpoint, events."""

import importlib.util
import json
from pathlib import Path

import boto3
import pytest

from focus_lake.oss import copy
from helpers.fake_oss import BUCKET, FakeOss
from helpers.s3_proxy import S3Proxy


@pytest.fixture
def oss():
    server = FakeOss()
    yield server
    server.close()


@pytest.fixture
def environ(oss, monkeypatch):
    """The function's environment, S3 not included; pauses between tries are left out."""
    monkeypatch.setattr(copy, "PAUSE_SECONDS", 0)
    values = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "S3_BUCKET_NAME": "raw",
        "S3_REGION": "us-east-1",
        "S3_PREFIX": "lake/raw",
        "OSS_BUCKET": BUCKET,
        "OSS_PREFIX": "focus",
        "OSS_REGION": "cn-hangzhou",
        "OSS_ENDPOINT": oss.url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.test",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def s3(environ, s3_endpoint, bucket, monkeypatch):
    """The proxy before the S3 endpoint, which the function talks to; .client goes past it."""
    proxy = S3Proxy(s3_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    monkeypatch.setenv("S3_BUCKET_NAME", bucket)
    proxy.client, proxy.bucket = boto3.client("s3", endpoint_url=s3_endpoint), bucket
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def job():
    """jobs/oss_to_s3.py, as Function Compute loads it."""
    path = Path(__file__).parents[2] / "jobs" / "oss_to_s3.py"
    spec = importlib.util.spec_from_file_location("oss_to_s3_job", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def event():
    """Makes the bytes that an OSS trigger passes on."""

    def make(*keys: str, etag="0" * 32, name="ObjectCreated:PutObject", bucket=BUCKET) -> bytes:
        records = [
            {
                "eventName": name,
                "eventSource": "acs:oss",
                "region": "cn-hangzhou",
                "oss": {
                    "bucket": {"name": bucket, "arn": f"acs:oss:cn-hangzhou:1:{bucket}"},
                    "object": {"key": key, "size": 1, "eTag": etag},
                },
            }
            for key in keys
        ]
        return json.dumps({"events": records}).encode()

    return make
