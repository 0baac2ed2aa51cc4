"""Fixtures that every test may use: Spark, a local S3 endpoint, a bucket, a Trino; no real AWS."""

from __future__ import annotations

import os
import resource
import sys
import uuid

import pytest
from hypothesis import HealthCheck, settings

from helpers import local_s3, local_trino
from helpers.catalog import UNIFIED, declare_only, deploy_only

# Enough for boto3 and S3A to sign requests, good for nothing at AWS.
NO_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


# A test that would eat the machine's memory fails by itself, with its name, instead of having the
# whole run killed; no test needs a tenth of this.
MOST_MEMORY = 8 * 1024**3
if sys.platform == "linux":
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, resource.RLIM_INFINITY))

# A busy machine is not a defect: hypothesis judges values here, never time.
quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# The same examples at each run, so that a change is red for its own sake; `pytest
# --hypothesis-profile=search` looks for new ones.
settings.register_profile("tests", derandomize=True, **quiet)
settings.register_profile("search", max_examples=500, **quiet)
settings.load_profile("tests")


def pytest_make_parametrize_id(config, val, argname):
    """A zip holds the second it was made, and every core must know a test by the same name."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def no_real_aws():
    """Takes away every way to real AWS credentials, before boto3 or a JVM looks for them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in NO_AWS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def spark(request, no_real_aws, tmp_path_factory):
    """One local Spark for the whole run; with S3A where a test marked s3 is among the chosen."""
    from pyspark import __version__
    from pyspark.sql import SparkSession

    from focus_lake.spark.java import java_home
    from focus_lake.spark.session import FORGETFUL, SQL_HEAP, SQL_JAVA_OPTIONS
    from s3a import s3a_classpath

    os.environ["JAVA_HOME"] = str(java_home())
    needs_s3 = any(item.get_closest_marker("s3") for item in request.session.items)
    classpath = s3a_classpath(__version__) if needs_s3 else []
    session = (
        SparkSession.builder.master("local[2]")
        .appName("focus_lake tests")
        .config("spark.driver.extraClassPath", os.pathsep.join(map(str, classpath)))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        # What the audit has, too: another collector of garbage ran out of the same heap.
        .config("spark.driver.memory", SQL_HEAP)
        .config("spark.driver.extraJavaOptions", SQL_JAVA_OPTIONS)
        .config("spark.ui.enabled", "false")
        .config(map=FORGETFUL)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def s3_endpoint(no_real_aws):
    """Address of a local S3 endpoint that lives as long as the run; mark such tests s3."""
    with local_s3.running() as address:
        yield address


@pytest.fixture(scope="session")
def trino(tmp_path_factory):
    """A Trino that lives as long as the run, with a folder for lakes; mark such tests trino.

    Every lake needs a name of its own, which is its database.
    """
    with local_trino.running(tmp_path_factory.mktemp("trino")) as server:
        yield server


@pytest.fixture
def bucket(s3_endpoint):
    """Name of a new, empty bucket at s3_endpoint."""
    import boto3

    name = f"test-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", endpoint_url=s3_endpoint).create_bucket(Bucket=name)
    return name


@pytest.fixture
def every_view():
    """For a test that looks at all views in a file whose others have few_views."""


@pytest.fixture
def few_views(request, monkeypatch):
    """Two providers and ten views: what a refresh does with folders is the same for all."""
    if "every_view" not in request.fixturenames:
        declare_only(monkeypatch, "alibaba", "aws")
        deploy_only(monkeypatch, UNIFIED.__contains__)
