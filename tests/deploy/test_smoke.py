"""make smoke with a real S3 endpoint, the real normalize job, and a Glue and Athena of our own."""

from __future__ import annotations

import functools
import io
import re
from decimal import Decimal

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import smoke
from aws_stack import DeployError, Stack
from focus_lake import declare, storage
from focus_lake.catalog.job import RefreshOptions
from focus_lake.normalize import job
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import parse
from helpers.job_process import InProcess

pytestmark = pytest.mark.s3


class Glue:
    """start_job_run runs the job; the second table is one of another provider's."""

    def __init__(self, stack: Trial):
        self.stack, self.runs, self.deleted, self.workflows = stack, [], [], 0
        self.refreshed = "SUCCEEDED"

    def start_job_run(self, JobName: str, Arguments: dict) -> dict:
        words = [word for pair in Arguments.items() for word in pair]
        places = ("--lake", self.stack.at("Lake"), "--s3_endpoint", self.stack.endpoint)
        if JobName == "fl-normalize":
            options = parse(NormalizeOptions, [*words, "--raw", self.stack.at("Raw"), *places])
            code = job.normalize(options, InProcess())
        else:
            options = parse(RefreshOptions, [*words, "--engine", "athena", *places])
            own = storage.at(options.declarations, self.stack.endpoint)
            code = 0 if declare.load(smoke.PROVIDER, own).title else 1
        self.runs.append((JobName, Arguments["--providers"], code))
        return {"JobRunId": str(len(self.runs))}

    def get_job_run(self, JobName: str, RunId: str) -> dict:
        name, _, code = self.runs[int(RunId) - 1]
        assert name == JobName
        state = "FAILED" if code else "SUCCEEDED"
        return {"JobRun": {"JobRunState": state, "DPUSeconds": 180.0, "ErrorMessage": "it said"}}

    def get_paginator(self, operation: str):
        assert operation == "get_tables"
        return self

    def paginate(self, DatabaseName: str, Expression: str):
        assert DatabaseName == "focus"
        names = ["focus_smoke_test", "focus_smoke_test_normalized", "focus_alibaba"]
        found = [{"Name": name} for name in names if re.fullmatch(Expression, name)]
        return [{"TableList": found}]

    def delete_table(self, DatabaseName: str, Name: str) -> None:
        self.deleted.append(Name)

    def start_workflow_run(self, Name: str) -> dict:
        self.workflows += 1
        return {"RunId": "w"}

    def get_workflow_run(self, Name: str, RunId: str, IncludeGraph: bool) -> dict:
        names = {"fl-normalize": "FAILED", "fl-refresh": self.refreshed}
        nodes = [
            {"JobDetails": {"JobRuns": [{"JobName": n, "JobRunState": s, "ExecutionTime": 70}]}}
            for n, s in names.items()
        ]
        return {"Run": {"Status": "COMPLETED", "Graph": {"Nodes": nodes}}}


class Athena:
    """Answers from the Parquet files, not from any view."""

    def __init__(self, stack: Trial, more: str):
        self.stack, self.more = stack, Decimal(more)

    def start_query_execution(self, QueryString: str, WorkGroup: str) -> dict:
        assert "FROM focus.focus_unified WHERE x_Provider = 'smoke_test'" in QueryString
        return {"QueryExecutionId": "q"}

    def get_query_execution(self, QueryExecutionId: str) -> dict:
        statistics = {"DataScannedInBytes": 2 * 1024**4}
        return {"QueryExecution": {"Status": {"State": "SUCCEEDED"}, "Statistics": statistics}}

    def get_query_results(self, QueryExecutionId: str) -> dict:
        lake = storage.at(self.stack.at("Lake"), self.stack.endpoint)
        entries = lake.list(f"normalized/{smoke.PROVIDER}")
        rows = pa.concat_tables(
            pq.read_table(io.BytesIO(lake.read(entry.path)[0])) for entry in entries
        )
        rows_out = [["BillingCurrency", "_col1", "_col2"]]
        for currency in pc.unique(rows["BillingCurrency"]).to_pylist():
            costs = rows.filter(pc.equal(rows["BillingCurrency"], currency))["BilledCost"]
            total = sum(costs.to_pylist(), self.more)
            rows_out.append([currency, str(total), str(len(costs))])
        cells = [{"Data": [{"VarCharValue": value} for value in row]} for row in rows_out]
        return {"ResultSet": {"Rows": cells}}


class Trial(Stack):
    def __init__(self, bucket: str, endpoint: str, more: str = "0"):
        super().__init__("fl", "us-east-1")
        self.bucket, self.endpoint = bucket, endpoint
        self.glue, self.athena = Glue(self), Athena(self, more)
        self.s3 = boto3.client("s3", endpoint_url=endpoint)

    def client(self, service: str):
        return {"s3": self.s3, "glue": self.glue, "athena": self.athena}[service]

    def at(self, output: str) -> str:
        return self.outputs()[output]

    @functools.cache  # noqa: B019, as long as the test
    def outputs(self) -> dict:
        return {
            "Raw": f"s3://{self.bucket}/raw/",
            "Lake": f"s3://{self.bucket}/lake/",
            "Database": "focus",
            "Workgroup": "fl",
            "Workflow": "fl-daily",
            "NormalizeJob": "fl-normalize",
            "RefreshJob": "fl-refresh",
        }

    def objects(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return [item["Key"] for item in found]


def run(stack: Stack) -> int:
    return smoke.Smoke(stack, 0.01).run()


def test_a_bill_goes_through_and_nothing_of_it_stays(bucket, s3_endpoint, capsys):
    stack = Trial(bucket, s3_endpoint)
    stack.s3.put_object(Bucket=bucket, Key="lake/ledger/alibaba/202601.jsonl", Body=b"{}")
    assert run(stack) == 0
    said = capsys.readouterr().out
    assert stack.glue.runs == [("fl-normalize", "smoke_test", 0), ("fl-refresh", "smoke_test", 0)]
    assert "EUR" in said and "job fl-normalize: SUCCEEDED" in said
    assert "workflow fl-daily: fl-normalize FAILED, fl-refresh SUCCEEDED" in said
    assert stack.glue.deleted == ["focus_smoke_test", "focus_smoke_test_normalized"]
    assert not [key for key in stack.objects() if smoke.PROVIDER in key]
    assert "lake/ledger/alibaba/202601.jsonl" in stack.objects()
    # Two runs of 180 DPU-seconds, two of 2 x 70, at 0.44 USD an hour; two TB at 5 USD.
    assert said.splitlines()[-1].startswith("passed")
    assert said.splitlines()[-1].endswith("10.0782 USD")


def test_another_sum_fails_and_what_was_put_is_removed_all_the_same(bucket, s3_endpoint, capsys):
    stack = Trial(bucket, s3_endpoint, more="0.01")
    assert run(stack) == 1
    said = capsys.readouterr().out
    assert "FAILED Athena answers" in said
    assert not [key for key in stack.objects() if smoke.PROVIDER in key]


def test_a_job_that_fails_is_named_with_its_log_and_a_broken_refresh_too(
    bucket, s3_endpoint, capsys, monkeypatch
):
    stack = Trial(bucket, s3_endpoint)
    stack.glue.refreshed = "FAILED"
    monkeypatch.setattr(job, "normalize", lambda *_: 1)
    assert run(stack) == 1
    said = capsys.readouterr().out
    assert "fl-normalize FAILED: it said; its log is in /aws-glue/fl/output, stream 1" in said
    assert "start fl-refresh again, else focus_unified stays broken" in said
    assert stack.glue.workflows == 1


def test_without_a_stack_it_says_so(monkeypatch):
    stack = Trial("b", "http://127.0.0.1:1")
    monkeypatch.setattr(stack, "outputs", dict)
    with pytest.raises(DeployError, match="there is no stack fl: make deploy first"):
        smoke.Smoke(stack, 1)
