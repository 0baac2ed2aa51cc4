"""The rights of the audit, closing, alerts and publishing jobs, held to what each calls."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from focus_lake import storage
from focus_lake.alerts import job as alerts_job
from focus_lake.alerts.findings import Finding
from focus_lake.allocation import closing
from focus_lake.catalog import close_month
from focus_lake.catalog.close_month import CloseOptions
from focus_lake.frames import job as audit_job
from focus_lake.frames.audit import Finding as AuditFinding
from focus_lake.frames.options import AuditOptions
from focus_lake.options import parse
from focus_lake.reference import __main__ as reference
from focus_lake.report import publish
from focus_lake.report.questions import Answers
from helpers.catalog import refresh
from helpers.lakes import Lake, charge
from helpers.receiver import Receiver
from helpers.rights import (
    ASKS,
    GLUE_ITSELF,
    actions,
    allowed,
    athena_needs,
    read_by_queries,
    s3_needs,
    template,
    unload_needs,
)
from helpers.stack_template import statements


@pytest.mark.s3
def test_the_audit_may_do_all_it_does(lake, bucket, s3_endpoint, calls, monkeypatch):
    """Spark itself reads raw files and published Parquet, which the next test grants."""

    class Agreeing(audit_job.Auditor):
        def audit(self, lines):
            list(self.raw.list())
            for line in lines:
                batch = (self.declaration.name, line["yearmonth"], line["batch_ts"])
                finding = AuditFinding("audit", *batch, line["publication"], audit_job.AGREES)
                finding.rows_raw = finding.rows_published = line["rows_out"]
                yield finding

    monkeypatch.setattr(audit_job, "Auditor", Agreeing)
    calls.clear()
    options = ("--raw", f"s3://{bucket}/bills", "--lake", lake, "--s3_endpoint", s3_endpoint)
    options += ("--declarations", f"{lake}/declarations", "--yearmonths", "202601")
    audit_job.audit(parse(AuditOptions, options), spark=object())
    role = template(bucket).of("AWS::IAM::Role")["AuditRole"]
    needs = s3_needs(calls)
    assert {(right, arn) for right, arn in needs if not allowed(role, right, arn)} == set()
    touched = {arn.split("/")[2] for _, arn in needs if f"{bucket}/lake/" in arn}
    assert touched == {"ledger", "declarations", "audits", "runs"}


def test_the_audit_may_read_raw_files_and_lake_and_write_its_own_lines_alone():
    role = template("b").of("AWS::IAM::Role")["AuditRole"]
    read = ("bills/aws/a.zip", "lake/ledger/aws/202601.jsonl", "lake/normalized/aws/x.parquet")
    for key in (*read, "lake/audits/aws/202601.jsonl", "lake/runs/audit_focus/202601.jsonl"):
        assert allowed(role, "s3:GetObject", f"arn:aws:s3:::b/{key}")
        writes = allowed(role, "s3:PutObject", f"arn:aws:s3:::b/{key}")
        assert writes == key.startswith(("lake/audits/", "lake/runs/"))
    assert allowed(role, "s3:ListBucket", "arn:aws:s3:::b")
    assert actions(role) == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} | GLUE_ITSELF


CLOSED = ("", "cost", "alibaba", "CNY", "cc-1", "Dev", "Tech", None, None, None)
CLOSED += (Decimal("1.50"), Decimal("1.50"), "USD", None, None)
FOUND = Finding(
    *("anomaly", "Costs more", "ticket", "on-call", "active", date(2026, 1, 1), None, "CDN"),
    *(
        "rise",
        "alibaba",
        "222",
        "CDN",
        "CNY",
        Decimal("5"),
        date(2026, 1, 5),
        False,
        False,
        "5 CNY",
    ),
)


def tolerant(original):
    """The same question to Athena, whatever comes of its empty answer."""

    def ask(*arguments):
        try:
            return original(*arguments)
        except closing.ClosingRefused:
            return None

    return ask


@pytest.mark.s3
def test_closing_and_alerts_may_do_all_they_do_and_nothing_more(
    lake, bucket, s3_endpoint, calls, fake_athena, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", io.StringIO())
        assert reference.example(reference.ReferenceOptions(lake, s3_endpoint)) == 0
    lines = closing._lines
    monkeypatch.setattr(closing, "_in_turn", tolerant(closing._in_turn))
    monkeypatch.setattr(closing, "_lines", lambda *of: [*lines(*of), CLOSED])
    calls.clear()
    options = ["--engine", "athena", "--lake", lake, "--s3_endpoint", s3_endpoint]
    options += ["--workgroup", "fl", "--output_location", "s3://results/", "--region", "us-east-1"]
    close = parse(CloseOptions, [*options, "--yearmonth", "202601"])
    assert close_month.main(close) == 0
    with monkeypatch.context() as patched:  # again, without the refresh, which does the same
        patched.setattr(close_month.job, "main", lambda *_: 0)
        assert close_month.main(close) == 0
    resolved = template(bucket)
    role, needs = resolved.of("AWS::IAM::Role")["CloseRole"], s3_needs(calls)
    unloads = unload_needs(fake_athena.statements)
    assert unloads
    assert {pair for pair in unloads if not allowed(role, *pair)} == set()
    assert {pair for pair in needs if not allowed(role, *pair)} == set()
    rights = {right for right, _ in needs} | athena_needs(calls, fake_athena.statements)
    # A refresh may do more (a new column, a table of the former layout); see its own test.
    refresh = actions(resolved.of("AWS::IAM::Role")["RefreshRole"])
    assert rights <= actions(role) == refresh
    for folder in read_by_queries(fake_athena.statements) | {"normalized"}:
        assert allowed(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/lake/{folder}/x"), folder
    put = {arn.split("/")[2] for right, arn in needs if right == "s3:PutObject"}
    assert put == {"checked", "kept", "metrics", "private", "runs", "statements"}

    made = len(fake_athena.statements)
    calls.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", s3_endpoint)
    topic = "arn:aws:sns:eu-central-1:123456789012:AlarmTopic"
    options += ["--sns_endpoint", s3_endpoint, "--attempts", "1", "--routes"]
    options.append(f"on-call=sns:{topic},finance=slack:secret:focus_lake/slack")
    ask = alerts_job._findings
    found = [FOUND, replace(FOUND, route="finance", account="333")]
    monkeypatch.setattr(alerts_job, "_findings", lambda *of: [*ask(*of), *found])
    assert alerts_job.main(parse(alerts_job.AlertOptions, options)) == 1  # nobody hears them
    role, needs = resolved.of("AWS::IAM::Role")["AlertsRole"], s3_needs(calls)
    assert {pair for pair in needs if not allowed(role, *pair)} == set()
    asked = fake_athena.statements[made:]
    needed = {right for right, _ in needs} | athena_needs(calls, asked) | GLUE_ITSELF
    needed |= {"sns:Publish", "secretsmanager:GetSecretValue"}
    assert {(service, operation) for service, operation, _ in calls if service[0] == "s"} >= {
        ("sns", "Publish"),
        ("secretsmanager", "GetSecretValue"),
    }
    assert actions(role) == needed
    assert allowed(role, "secretsmanager:GetSecretValue", f"{SECRETS}:focus_lake/slack-AbCdEf")
    deployed = [sql for sql in fake_athena.statements[:made] if not sql.startswith(ASKS)]
    read = read_by_queries([*deployed, *asked])
    granted = {
        resource.split("/")[2]
        for one in statements(role)
        if "s3:GetObject" in one["Action"]
        for resource in one["Resource"]
        if f"{bucket}/lake/" in resource
    }
    # A policy may ask for measures; where nothing could be kept, views read what it is made of.
    worked_out_of = {"normalized", "daily", "ledger", "reference", "checked"}
    assert granted == read | worked_out_of | {"alerts", "metrics", "kept", "runs", "_athena"}


SECRETS = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"


@pytest.fixture
def small_lake(bucket, s3_endpoint, tmp_path):
    """A lake of one bill."""
    made = Lake(tmp_path / "lake")
    made.batch("alibaba", "202601", "20260131173000", [charge("2026-01-05", "1.5")])
    target = storage.at(f"s3://{bucket}/lake", s3_endpoint)
    for path in made.root.rglob("*.*"):
        target.put_if(path.relative_to(made.root).as_posix(), path.read_bytes(), None)
    return f"s3://{bucket}/lake"


@pytest.mark.s3
def test_publishing_may_do_all_it_does_and_nothing_more(
    small_lake, bucket, s3_endpoint, calls, fake_athena, monkeypatch
):
    options = ["--engine", "athena", "--lake", small_lake, "--s3_endpoint", s3_endpoint]
    options += ["--workgroup", "fl", "--output_location", "s3://results/", "--region", "us-east-1"]
    assert refresh(*options) in (0, 1)
    deployed = [sql for sql in fake_athena.statements if not sql.startswith(ASKS)]
    made = len(fake_athena.statements)
    storage.at(small_lake, s3_endpoint).put_if("reports/latest/gone.html", b"of yesterday", None)
    monkeypatch.setattr(Answers, "months", lambda self: ["202601"])  # this Athena has no rows
    ses = Receiver()
    options += ["--today", "2026-02-05", "--board_to", "a@example.com"]
    options += ["--board_from", "c@example.com", "--ses_endpoint", ses.url, "--board_by", "link"]
    calls.clear()
    assert publish.main(parse(publish.PublishOptions, options)) == 0
    ses.close()
    raw = base64.b64decode(ses.requests[0].json["Content"]["Raw"]["Data"])
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.is_multipart()
    links = [line for line in message.get_content().splitlines() if line.startswith("http")]
    assert [urlsplit(link).path for link in links] == [
        f"/{bucket}/lake/reports/board/202601/board.{kind}" for kind in ("html", "pdf")
    ]
    for link in links:  # opened without credentials
        asked_for = parse_qs(urlsplit(link).query)
        assert asked_for["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert asked_for["X-Amz-Expires"] == [str(7 * 24 * 3600)]
        with urlopen(link) as answer:
            assert answer.read()[:5] in (b"<!doc", b"%PDF-")
    role = template(bucket, BoardSender="c@example.com").of("AWS::IAM::Role")["PublishRole"]
    needs = s3_needs(calls)
    assert {pair for pair in needs if not allowed(role, *pair)} == set()
    asked = fake_athena.statements[made:]
    needed = {right for right, _ in needs} | athena_needs(calls, asked) | GLUE_ITSELF
    assert ("sesv2", "SendEmail") in {(service, operation) for service, operation, _ in calls}
    # SES asks for the second where a message is given whole.
    assert actions(role) == needed | {"ses:SendEmail", "ses:SendRawEmail"}
    for folder in read_by_queries([*deployed, *asked]):
        assert allowed(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/lake/{folder}/x"), folder
    put = {arn.split("/")[2] for right, arn in needs if right == "s3:PutObject"}
    assert put == {"reports", "runs"}
    gone = {arn for right, arn in needs if right == "s3:DeleteObject"}
    assert gone == {f"arn:aws:s3:::{bucket}/lake/reports/latest/gone.html"}
    unmailed = template(bucket).of("AWS::IAM::Role")["PublishRole"]
    assert not {action for action in actions(unmailed) if action.startswith("ses:")}
