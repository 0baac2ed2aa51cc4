"""The job as Glue starts it: its own arguments, its session, Job.init and commit.

What the package AWSGlueDataplanePython can do without Glue's jars is done for real; the rest is a
stand-in, held to that package's signatures. On Python 3.12 there is no such package.
"""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

import pytest

from focus_lake.spark.java import java_home
from helpers import glue_stand_in
from helpers.exports import NAME, PUSH, bill, rows
from helpers.job_runs import SCRIPT, run_here, run_process

pytestmark = pytest.mark.thorough

awsglue = pytest.importorskip(
    "awsglue.context", reason="AWSGlueDataplanePython is there for Python 3.11 and 3.13 only"
)
# As Glue 5.1 passes them: some with a value, some without.
GLUE = """
    --JOB_ID j_1 --JOB_RUN_ID jr_1 --job-bookmark-option job-bookmark-disable --enable-metrics
    --enable-continuous-cloudwatch-log true --enable-glue-datacatalog --JOB_NAME normalize
    --extra-py-files s3://bucket/focus_lake.zip --TempDir s3://bucket/tmp/ --enable-spark-ui=true
    --job-language python --scriptLocation s3://bucket/normalize_focus.py
"""


@pytest.fixture
def on_glue(job, cluster, monkeypatch):
    """The job where Glue would run it: a gateway is there, and Glue's classes are stand-ins."""
    import awsglue.job

    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    monkeypatch.setattr("awsglue.context.GlueContext", glue_stand_in.GlueContext)
    monkeypatch.setattr(awsglue.job, "Job", glue_stand_in.Job)
    monkeypatch.setattr(glue_stand_in, "calls", [])
    job.put(f"{PUSH}/{NAME}.csv", bill(*rows(10)))
    return job


def test_among_glues_own_arguments(on_glue):
    result = run_here([*on_glue.argv({}), *GLUE.split()])
    assert result.code == 0, result.err
    assert on_glue.status() == {PUSH[7:]: "published"}
    assert glue_stand_in.calls == [
        ("GlueContext", "SparkContext"),
        ("Job", "GlueContext"),
        ("init", "normalize", "normalize"),
        ("commit",),
    ]


def test_glues_arguments_may_come_first(on_glue):
    assert run_here([*GLUE.split(), *on_glue.argv({})]).code == 0


def test_glues_session_goes_on_running(on_glue, cluster):
    run_here([*on_glue.argv({}), *GLUE.split()])
    assert cluster.map(len, ["abc"]) == [3]


def test_a_refused_batch_ends_with_exit_code_1_so_that_glue_calls_the_run_failed(on_glue):
    on_glue.put(f"{PUSH}/{NAME}.csv", "<html>")
    assert run_here([*on_glue.argv({}), *GLUE.split()]).code == 1


def test_a_job_name_alone_is_no_glue(job):
    """The same command line runs on a laptop, where awsglue may be installed."""
    job.put(f"{PUSH}/{NAME}.csv", bill(*rows(10)))
    assert run_here([*job.argv({}), *GLUE.split()], job.cluster).code == 0


def test_without_glues_jars_the_real_context_says_so(on_glue, monkeypatch):
    monkeypatch.setattr("awsglue.context.GlueContext", REAL_CONTEXT)
    result = run_here([*on_glue.argv({}), *GLUE.split()])
    assert (result.code, result.out) == (1, "")
    assert "this Spark has no Glue jars" in result.err
    assert [path.name for path in on_glue.lake.iterdir()] == ["runs"]  # and no table or ledger


REAL_CONTEXT = awsglue.GlueContext


@pytest.mark.parametrize("name", ["__init__"])
def test_the_stand_in_context_has_the_real_signature(name):
    real, ours = getattr(REAL_CONTEXT, name), getattr(glue_stand_in.GlueContext, name)
    assert inspect.signature(ours) == inspect.signature(real)
    assert "self.spark_session" in inspect.getsource(real)


@pytest.mark.parametrize("name", ["__init__", "init", "commit"])
def test_the_stand_in_job_has_the_real_signature(name):
    from awsglue.job import Job

    ours = getattr(glue_stand_in.Job, name)
    assert inspect.signature(ours) == inspect.signature(getattr(Job, name))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["glue", "plain cluster"])
def test_submitted_to_a_cluster(job, tmp_path, way):
    """spark-submit starts the JVM first, as Glue and EMR do."""
    import pyspark

    job.put(f"{PUSH}/{NAME}.csv", bill(*rows(10)))
    program = glue_stand_in.__file__ if way == "glue" else SCRIPT
    extra = GLUE.split() if way == "glue" else []
    submit = [Path(pyspark.__file__).parent / "bin" / "spark-submit", "--master", "local[2]"]
    submit += ["--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1"]
    environment = {
        "JAVA_HOME": str(java_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": os.sys.executable,
        "GLUE_CALLS": str(tmp_path / "calls.json"),
    }
    result = run_process([*submit, program, *job.argv({}), *extra], environment)
    assert result.code == 0, result.err
    assert "1 published" in result.last
    assert len(job.rows(PUSH)) == 10
    if way == "glue":
        calls = json.loads((tmp_path / "calls.json").read_text())
        assert [call[0] for call in calls] == ["GlueContext", "Job", "init", "commit"]
