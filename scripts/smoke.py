"""make smoke: a tiny bill through a deployed stack, from the raw bucket to Athena's answer.

A test provider gets the sample's smallest bill. Both jobs run for it alone, Athena's sums are
compared with those of the file, what was put is removed, and the workflow runs once as it does
every day. While it runs focus_unified shows the test provider's rows, and between its removal and
the workflow's refresh it answers with an error: for a new stack, or at a quiet hour.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from aws_stack import DeployError, Stack, confirmed
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.lake import publications
from focus_lake.options import option, run_job
from focus_lake.resources import data
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions

PROVIDER = "smoke_test"
LIKE = "datacenter"  # the sample's smallest bill, and the declaration that reads it
DPU_HOUR, TERABYTE, LEAST = Decimal("0.44"), Decimal(5), 10 * 1024**2  # USD list prices; bytes
ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"}


@dataclass(frozen=True)
class Options:
    """Which stack to try."""

    stack: str = option("name of the stack")
    region: str = option("AWS region")
    yes: bool = option("do not ask", False)
    poll_seconds: float = option("between two looks at a run", 10.0)

    def __post_init__(self):
        if not (self.stack and self.region):
            raise OptionsError("name both: make smoke STACK=.. REGION=..")


def main(options: Options) -> int:
    """Run it; 0 if every sum agrees and every run ended well."""
    stack = Stack(options.stack, options.region)
    try:
        smoke = Smoke(stack, options.poll_seconds)
        print(f"{PROVIDER} goes into {smoke.raw} and database {smoke.outputs['Database']}.")
        print("focus_unified shows it, and answers with an error for the minutes of its removal.")
        if not options.yes and not confirmed("Run it?", "yes"):
            print("nothing was changed")
            return 1
        return smoke.run()
    except (FocusLakeError, BotoCoreError, ClientError) as error:
        print(f"smoke test failed: {error}", file=sys.stderr)
        return 1


@dataclass
class Smoke:
    """One trial of a stack; `said` are the lines of the outcome."""

    stack: Stack
    poll_seconds: float
    cost: Decimal = Decimal(0)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.outputs = self.stack.outputs()
        if not self.outputs:
            raise DeployError(f"there is no stack {self.stack.name}: make deploy first")
        self.raw, self.lake = self.outputs["Raw"], self.outputs["Lake"]
        self.s3, self.glue = self.stack.client("s3"), self.stack.client("glue")

    def run(self) -> int:
        started = time.monotonic()
        expected = self.put()
        try:
            own = {
                "--providers": PROVIDER,
                "--declarations": f"{self.lake}declarations/{PROVIDER}/",
            }
            self.job("NormalizeJob", {**own, "--quiet_minutes": "0"})
            self.job("RefreshJob", own)
            self.compare(expected)
        except (FocusLakeError, BotoCoreError, ClientError) as error:
            self.failures.append(str(error))
        finally:
            self.remove()
        self.workflow()
        for failure in self.failures:
            print(f"FAILED {failure}")
        seconds = time.monotonic() - started
        print(f"{'FAILED' if self.failures else 'passed'}, {seconds:.0f} s, {self.cost:.4f} USD")
        return 1 if self.failures else 0

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """Print what was done, with its seconds and what the block found."""
        found, start = [], time.monotonic()
        yield found
        print(f"{time.monotonic() - start:6.0f} s  {what}{': ' if found else ''}{', '.join(found)}")

    def put(self) -> dict[str, tuple[Decimal, int]]:
        """The bill and its declaration into the buckets; sums and rows by currency."""
        with self.step("put the bill") as found, tempfile.TemporaryDirectory() as folder:
            make_sample(SampleOptions(folder, rows=2000, months=1, pushes=1, providers=(LIKE,)))
            files = [path for path in Path(folder, LIKE).rglob("*") if path.is_file()]
            sums: dict[str, tuple[Decimal, int]] = {}
            for path in files:
                body = path.read_bytes()
                self._put(f"{self.raw}{PROVIDER}/{path.relative_to(Path(folder, LIKE))}", body)
                for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"))):
                    total, rows = sums.get(row["BillingCurrency"], (Decimal(0), 0))
                    sums[row["BillingCurrency"]] = total + Decimal(row["BilledCost"]), rows + 1
            text = data("declare", "providers", f"{LIKE}.toml").read_text(encoding="utf-8")
            text = text.replace(f'name = "{LIKE}"', f'name = "{PROVIDER}"', 1)
            self._put(f"{self.lake}declarations/{PROVIDER}/{PROVIDER}.toml", text.encode())
            found.append(f"{len(files)} files")
        return sums

    def _put(self, url: str, body: bytes) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def job(self, output: str, arguments: dict[str, str]) -> None:
        """Run one job and wait; DeployError if it did not succeed."""
        name = self.outputs[output]
        with self.step(f"job {name}") as found:
            run_id = self.glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
            while True:
                run = self.glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
                if run["JobRunState"] in ENDED:
                    break
                time.sleep(self.poll_seconds)
            self.cost += _price(run)
            found.append(run["JobRunState"])
        if run["JobRunState"] != "SUCCEEDED":
            reason = run.get("ErrorMessage", "no message")
            log = f"/aws-glue/{self.stack.name}/output, stream {run_id}"
            raise DeployError(f"{name} {run['JobRunState']}: {reason}; its log is in {log}")

    def compare(self, expected: dict[str, tuple[Decimal, int]]) -> None:
        """Ask the view that analysts ask."""
        with self.step("asked Athena") as found:
            sql = (
                "SELECT BillingCurrency, CAST(SUM(BilledCost) AS varchar), COUNT(*) FROM "
                f"{self.outputs['Database']}.focus_unified "
                f"WHERE x_Provider = '{PROVIDER}' GROUP BY 1"
            )
            answer = {
                currency: (Decimal(total), int(rows)) for currency, total, rows in self._ask(sql)
            }
            for currency, (total, rows) in sorted(expected.items()):
                found.append(f"{currency} {total:f} in {rows} rows")
            if answer != expected:
                self.failures.append(f"Athena answers {answer}, the file says {expected}")

    def _ask(self, sql: str) -> list[list[str]]:
        athena = self.stack.client("athena")
        started = athena.start_query_execution(QueryString=sql, WorkGroup=self.outputs["Workgroup"])
        query = {"QueryExecutionId": started["QueryExecutionId"]}
        while True:
            run = athena.get_query_execution(**query)["QueryExecution"]
            if run["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(min(self.poll_seconds, 1))
        if run["Status"]["State"] != "SUCCEEDED":
            raise DeployError(f"Athena: {run['Status'].get('StateChangeReason')}")
        scanned = run.get("Statistics", {}).get("DataScannedInBytes", 0)
        self.cost += TERABYTE * max(scanned, LEAST) / 1024**4
        rows = athena.get_query_results(**query)["ResultSet"]["Rows"][1:]  # the first is the header
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]

    def remove(self) -> None:
        """Everything that was put, and what the jobs made of it."""
        with self.step("removed it") as found:
            tables = ("ledger", "journal", *publications.TABLES, "declarations")
            places = [f"{self.raw}{PROVIDER}/", *(f"{self.lake}{t}/{PROVIDER}/" for t in tables)]
            gone = sum(self._delete(place) for place in places)
            pages = self.glue.get_paginator("get_tables").paginate(
                DatabaseName=self.outputs["Database"], Expression=f"focus_{PROVIDER}.*"
            )
            names = [table["Name"] for page in pages for table in page["TableList"]]
            for name in names:
                self.glue.delete_table(DatabaseName=self.outputs["Database"], Name=name)
            found += [f"{gone} objects", f"{len(names)} tables and views"]

    def _delete(self, url: str) -> int:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        count = 0
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
            if keys:
                self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            count += len(keys)
        return count

    def workflow(self) -> None:
        """The day's chain: the refresh follows normalize, and puts the views right again."""
        name = self.outputs["Workflow"]
        with self.step(f"workflow {name}") as found:
            run_id = self.glue.start_workflow_run(Name=name)["RunId"]
            while True:
                run = self.glue.get_workflow_run(Name=name, RunId=run_id, IncludeGraph=True)["Run"]
                if run["Status"] in ("COMPLETED", "STOPPED", "ERROR"):
                    break
                time.sleep(self.poll_seconds)
            runs = [
                job
                for node in run.get("Graph", {}).get("Nodes", ())
                for job in node.get("JobDetails", {}).get("JobRuns", ())
            ]
            self.cost += sum(map(_price, runs), Decimal(0))
            found += [f"{job['JobName']} {job['JobRunState']}" for job in runs]
        states = {job["JobName"]: job["JobRunState"] for job in runs}
        if states.get(self.outputs["RefreshJob"]) != "SUCCEEDED":
            self.failures.append(
                f"the refresh of workflow {name} is {states.get(self.outputs['RefreshJob'])}: "
                f"start {self.outputs['RefreshJob']} again, else focus_unified stays broken"
            )


def _price(run: dict) -> Decimal:
    """USD of a job run: DPU-seconds where Glue tells them, else two DPU for its seconds."""
    seconds = run.get("DPUSeconds") or 2 * max(run.get("ExecutionTime", 0), 60)
    return Decimal(str(seconds)) / 3600 * DPU_HOUR


if __name__ == "__main__":
    sys.exit(run_job(Options, "run a tiny bill through a deployed stack", main))
