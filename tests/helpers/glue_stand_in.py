"""In the place of Glue's own classes, which need its jars; run as a program it is a Glue job.

spark-submit glue_stand_in.py OPTIONS OF THE JOB runs the normalize job as Glue does; what the job
asked of Glue is written to the file that GLUE_CALLS names.
"""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

from pyspark.sql import SparkSession

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "normalize_focus.py"
calls: list[tuple] = []


class GlueContext:
    """awsglue.context.GlueContext, as far as it is used."""

    def __init__(self, sparkContext=None, **options):
        calls.append(("GlueContext", type(sparkContext).__name__))
        self.spark_session = SparkSession.builder.getOrCreate()


class Job:
    """awsglue.job.Job, as far as it is used."""

    def __init__(self, glue_context_or_spark_session):
        calls.append(("Job", type(glue_context_or_spark_session).__name__))

    def init(self, job_name, args={}):  # noqa: B006, the signature is Glue's
        calls.append(("init", job_name, args["JOB_NAME"]))

    def commit(self):
        calls.append(("commit",))


if __name__ == "__main__":
    import awsglue.context
    import awsglue.job

    awsglue.context.GlueContext, awsglue.job.Job = GlueContext, Job
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    finally:
        Path(os.environ["GLUE_CALLS"]).write_text(json.dumps(calls))
