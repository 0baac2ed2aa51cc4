"""One Spark for all tests of the job, and folders for each."""

from __future__ import annotations

import sys

import pytest

from focus_lake.spark.session import Cluster
from helpers.format_bills import Bills
from helpers.job_runs import ROOT, Job


@pytest.fixture(scope="session")
def cluster(spark):
    """A Cluster on the Spark of this test run; its workers have this Python and our library."""
    spark.sparkContext.pythonExec = sys.executable
    spark.sparkContext.environment["PYTHONPATH"] = str(ROOT / "lib")
    return Cluster(spark.sparkContext)


@pytest.fixture
def job(tmp_path, cluster) -> Job:
    """Empty folders for raw data and lake, and the job that runs on them."""
    job = Job(tmp_path, cluster)
    (job.raw / "alibaba").mkdir(parents=True)
    return job


@pytest.fixture
def bills(job) -> Bills:
    """Raw folders of any providers, and the job on them."""
    return Bills(job)
