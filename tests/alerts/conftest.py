"""A place where alerts arrive, and a catalog of findings typed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from focus_lake.alerts import job
from focus_lake.options import parse
from helpers.receiver import Receiver

COLUMNS = """x_Policy varchar, x_Title varchar, x_Severity varchar, x_Route varchar,
    x_Mode varchar, x_ActiveFrom date, x_ActiveUntil date, x_Finding varchar, x_Level varchar,
    x_Provider varchar, x_Account varchar, ServiceName varchar, x_Currency varchar,
    x_Amount decimal(38, 18), x_Day date, x_IsNamed boolean, x_IsQuiet boolean,
    x_Sentence varchar"""
FINDING = {
    "x_Policy": "anomaly",
    "x_Title": "A service costs more than it should",
    "x_Severity": "ticket",
    "x_Route": "on-call",
    "x_Mode": "active",
    "x_ActiveFrom": "2026-01-10",
    "x_ActiveUntil": None,
    "x_Finding": "service CDN from 2026-01-15",
    "x_Level": "rise",
    "x_Provider": "aws",
    "x_Account": "222",
    "ServiceName": "CDN",
    "x_Currency": "USD",
    "x_Amount": "1200.50",
    "x_Day": "2026-01-15",
    "x_IsNamed": False,
    "x_IsQuiet": False,
    "x_Sentence": "CDN cost 1,600 USD, expected were 399.50",
}


class Catalog:
    """A lake whose focus_policy_findings is what a test says; send() runs the job on it."""

    def __init__(self, lake: Path, receiver: Receiver):
        self.lake, self.receiver = lake, receiver
        lake.mkdir()

    def finds(self, *findings: dict) -> None:
        (self.lake / "focus.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(self.lake / "focus.duckdb")) as connection:
            connection.execute(f"CREATE TABLE focus_policy_findings ({COLUMNS})")
            for finding in findings:
                row = {**FINDING, **finding}
                marks = ", ".join("?" for _ in row)
                connection.execute(
                    f"INSERT INTO focus_policy_findings ({', '.join(row)}) VALUES ({marks})",
                    list(row.values()),
                )

    def send(self, *argv: str, today: str = "2026-01-16", kind: str = "webhook") -> int:
        routes = f"on-call={kind}:{self.receiver.url}/a,finance={kind}:{self.receiver.url}/b"
        options = ["--engine", "duckdb", "--lake", str(self.lake), "--today", today]
        if "--routes" not in argv:
            options += ["--routes", routes]
        if "--attempts" not in argv:
            options += ["--attempts", "1"]
        return job.main(parse(job.AlertOptions, [*options, *argv]))

    def records(self) -> list[dict]:
        files = sorted(self.lake.glob("alerts/*/*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def kinds(self) -> list[str]:
        return [record["kind"] for record in self.records()]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def catalog(tmp_path, receiver) -> Catalog:
    return Catalog(tmp_path / "lake", receiver)
