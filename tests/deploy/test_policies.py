"""Least privilege: each job may do what it was seen to call, on those places, and nothing else."""

from __future__ import annotations

import io
import json
import re

import pytest

from focus_lake import storage
from focus_lake.catalog import job as refresh_job
from focus_lake.options import parse
from focus_lake.reference import __main__ as reference
from focus_lake.reference.kinds import table as reference_kinds
from helpers.rights import (
    CONSOLE_ON_ALL,
    CONSOLE_ON_CATALOG,
    CONSOLE_ON_WORKGROUP,
    GLUE_ITSELF,
    GLUE_RIGHTS,
    RESULTS,
    actions,
    allowed,
    athena_needs,
    read_by_queries,
    s3_needs,
    template,
    unload_needs,
)
from helpers.stack_template import ROOT, Resolved, statements


def names_of(resolved: Resolved) -> dict:
    """Every holder of rights that is not a resource policy."""
    return {**resolved.of("AWS::IAM::Role"), **resolved.of("AWS::IAM::User")}


@pytest.mark.s3
def test_normalize_may_do_all_it_does_and_nothing_more(lake, bucket, calls):
    role = template(bucket).of("AWS::IAM::Role")["NormalizeRole"]
    needs = s3_needs(calls)
    assert {(right, arn) for right, arn in needs if not allowed(role, right, arn)} == set()
    assert {service for service, _, _ in calls} == {"s3"}
    # A large file goes up in parts; boto3 aborts them if one fails.
    spare = {"s3:AbortMultipartUpload"} | GLUE_ITSELF
    assert actions(role) == {right for right, _ in needs} | spare
    # Nothing is granted on a folder that was not touched.
    touched = {arn.split("/")[2] for right, arn in needs if f"{bucket}/lake/" in arn}
    granted = {
        resource.split("/")[2]
        for one in statements(role)
        for resource in one["Resource"]
        if f"{bucket}/lake/" in resource
    }
    assert granted == touched


@pytest.mark.s3
def test_normalize_may_not_write_raw_files_nor_delete_the_ledger(lake, bucket):
    role = template(bucket).of("AWS::IAM::Role")["NormalizeRole"]
    for right in ("s3:PutObject", "s3:DeleteObject"):
        assert not allowed(role, right, f"arn:aws:s3:::{bucket}/bills/alibaba/202601/a.zip")
    assert not allowed(role, "s3:DeleteObject", f"arn:aws:s3:::{bucket}/lake/ledger/a/202601.jsonl")


@pytest.mark.s3
@pytest.mark.parametrize("days", ["0", "1"])
def test_refresh_may_do_all_it_does_and_nothing_more(
    days, lake, bucket, s3_endpoint, calls, fake_athena, monkeypatch
):
    _age_ledger(bucket, s3_endpoint)
    place = storage.at(lake, s3_endpoint)
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", io.StringIO())
        assert reference.example(reference.ReferenceOptions(lake, s3_endpoint)) == 0
    kinds = {entry.path.split("/")[1] for entry in place.list("reference")}
    delivered = {kind.name for kind in reference_kinds().values() if kind.format != "derived"}
    assert kinds == delivered | {"fx_rates"}
    data = storage.at(f"{lake}/normalized/alibaba", s3_endpoint).list()
    folders = {entry.path.rsplit("/", 1)[0] for entry in data}
    calls.clear()
    options = ("--engine", "athena", "--lake", lake, "--s3_endpoint", s3_endpoint)
    options += ("--workgroup", "fl", "--output_location", "s3://results/", "--region", "us-east-1")
    options += ("--declarations", f"{lake}/declarations")
    options += ("--providers", "alibaba", "--expire_superseded_days")
    # The second finds tables, adds a column that one lacks, makes one of the former layout anew.
    for since in ("0", days):
        assert refresh_job.main(parse(refresh_job.RefreshOptions, [*options, since])) == 0
        fake_athena.keys["focus_alibaba_rejected"] = ["yearmonth", "batch_ts"]
        fake_athena.tables["focus_alibaba_normalized"].pop("x_owner", None)
        fake_athena.partitions["focus_alibaba_normalized"] |= folders  # what MSCK REPAIR finds
    resolved = template(bucket, ExpireSupersededDays=days)
    role = resolved.of("AWS::IAM::Role")["RefreshRole"]
    needs, unloads = s3_needs(calls), unload_needs(fake_athena.statements)
    assert unloads
    assert {pair for pair in unloads if not allowed(role, *pair)} == set()
    assert {(right, arn) for right, arn in needs if not allowed(role, right, arn)} == set()
    rights = {right for right, _ in needs} | athena_needs(calls, fake_athena.statements)
    assert actions(role) == rights | GLUE_ITSELF
    read = read_by_queries(fake_athena.statements)
    assert {"ledger", "daily", "checked", "runs", "journal", "statements", "alerts"} <= read
    # Athena reads in the caller's name; line items, where a batch has no daily summary.
    for folder in read | {"normalized"}:
        assert allowed(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/lake/{folder}/x"), folder


def _age_ledger(bucket: str, endpoint: str) -> None:
    """Let the batches have been published long ago, so that superseded ones can expire."""
    lake = storage.at(f"s3://{bucket}/lake", endpoint)
    for entry in list(lake.list("ledger")):
        data, version = lake.read(entry.path)
        lines = [json.loads(line) for line in data.decode().splitlines()]
        old = [json.dumps({**line, "published_at": "2026-01-20T00:00:00.000Z"}) for line in lines]
        lake.put_if(entry.path, "\n".join(old).encode(), version)


# What a query of a view reads, in the caller's name: its tables' files, and the ledger's.
ANALYST = {"AnalystPrincipal": "arn:aws:iam::123456789012:role/finops"}
READ_BY = {
    "AnalystRole": {"normalized", "daily", "rejected", "ledger", "journal", "runs", "reference"}
    | {"checked", "audits", "alerts", "statements", "metrics", "kept"},
    "MaskedAnalystRole": {"normalized", "daily"},
}


@pytest.mark.parametrize("name", READ_BY)
def test_an_analyst_may_ask_and_cancel_and_nothing_more(name, calls, fake_athena):
    """PyAthena, as a notebook uses it: a query, its rows, one that is cancelled; the console."""
    import pyathena

    place = {"work_group": "fl", "schema_name": "focus", "region_name": "us-east-1"}
    cursor = pyathena.connect(**place, s3_staging_dir="s3://results/").cursor()
    cursor.execute("SELECT x_Owner FROM focus.focus_unified_masked").fetchall()
    cursor.cancel()
    asked = {f"athena:{operation}" for service, operation, _ in calls if service == "athena"}
    role = Resolved(LakeBucketName="lake", **ANALYST).of("AWS::IAM::Role")[name]
    console = CONSOLE_ON_ALL | CONSOLE_ON_CATALOG | CONSOLE_ON_WORKGROUP
    listing = {"glue:GetDatabases", "glue:GetTables"}
    assert actions(role) == asked | GLUE_RIGHTS[r"SELECT"] | RESULTS | console | listing
    here = "arn:aws:athena:eu-central-1:123456789012"
    for right in CONSOLE_ON_WORKGROUP | asked:
        assert allowed(role, right, f"{here}:workgroup/fl"), right
        assert not allowed(role, right, f"{here}:workgroup/primary"), right
    for right in CONSOLE_ON_CATALOG:
        assert allowed(role, right, f"{here}:datacatalog/AwsDataCatalog"), right
    stars = [one for one in statements(role) if one["Resource"] == ["*"]]
    assert {right for one in stars for right in one["Action"]} == CONSOLE_ON_ALL
    data = [one for one in statements(role) if one["Sid"] == "ReadData"]
    places = {arn.split("/")[1] for one in data for arn in one["Resource"]}
    assert places == READ_BY[name]
    results = "arn:aws:s3:::lake/_athena/x.csv"
    assert allowed(role, "s3:PutObject", results)
    assert not allowed(role, "s3:PutObject", "arn:aws:s3:::lake/normalized/x.parquet")
    assert not allowed(role, "s3:GetObject", "arn:aws:s3:::lake/private/masking_key")


def test_the_masked_analyst_reads_no_rejected_row_and_no_reference_data():
    role = Resolved(LakeBucketName="lake", **ANALYST).of("AWS::IAM::Role")["MaskedAnalystRole"]
    for folder in ("rejected", "reference", "checked", "ledger", "runs", "metrics", "private"):
        assert not allowed(role, "s3:GetObject", f"arn:aws:s3:::lake/{folder}/a"), folder


def test_with_lake_formation_analysts_get_data_by_grants_alone():
    resolved = Resolved(LakeBucketName="lake", LakeFormation="yes", **ANALYST)
    for name in READ_BY:
        role = resolved.of("AWS::IAM::Role")[name]
        assert "lakeformation:GetDataAccess" in actions(role)
        assert not allowed(role, "s3:GetObject", "arn:aws:s3:::lake/normalized/x.parquet")
    [grant] = resolved.of("AWS::LakeFormation::PrincipalPermissions").values()
    assert grant["Permissions"] == ["SELECT", "DESCRIBE"]
    assert grant["Principal"] == {"DataLakePrincipalIdentifier": "AnalystRole.Arn"}


def test_without_a_principal_there_is_no_role_for_analysts():
    resolved = Resolved(LakeFormation="yes")
    assert not set(READ_BY) & set(resolved.of("AWS::IAM::Role"))
    assert resolved.of("AWS::LakeFormation::PrincipalPermissions") == {}


EVERYTHING = {
    "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1-2-3",
    "ExpireSupersededDays": "30",
}


def test_alerts_writes_down_what_it_sent_and_touches_nothing_else():
    role = template("b").of("AWS::IAM::Role")["AlertsRole"]
    lake = "arn:aws:s3:::b/lake"
    for path in ("alerts/202601/a.jsonl", "alerts/_running.json", "runs/send_alerts/202601.jsonl"):
        assert allowed(role, "s3:PutObject", f"{lake}/{path}")
    for path in ("alerts/202601/a.jsonl", "alerts/_running.json"):
        assert not allowed(role, "s3:DeleteObject", f"{lake}/{path}")
    for folder in ("normalized", "daily", "ledger", "journal", "reference", "checked"):
        for right in ("s3:PutObject", "s3:DeleteObject"):
            assert not allowed(role, right, f"{lake}/{folder}/a")
    changing = ("Create", "Update", "Delete", "Start", "Stop", "Run")
    services = ("s3:", "athena:", "logs:", "kms:")
    changed = {
        one
        for one in actions(role)
        if not one.startswith(services) and one.split(":")[1].startswith(changing)
    }
    assert changed <= {"glue:CreateDatabase"}  # Athena asks for it, of the database default alone
    assert not allowed(role, "glue:CreateDatabase", "arn:aws:glue:eu-central-1:1:database/focus")


@pytest.mark.parametrize("parameters", [{}, EVERYTHING])
def test_no_right_is_for_every_action_or_every_resource(parameters):
    for name, holder in names_of(Resolved(**parameters)).items():
        assert "ManagedPolicyArns" not in holder, name
        for one in statements(holder):
            assert one["Effect"] == "Allow"
            assert not [action for action in one["Action"] if "*" in action], name
            for resource in one["Resource"]:
                # a star stands for the keys below a named prefix or the tables of a database
                assert re.fullmatch(r"[^*]+(/\*)?", resource), (name, resource)


def test_a_key_of_ones_own_may_be_used_and_not_managed():
    for holder in names_of(Resolved(**EVERYTHING)).values():
        [rights] = [s for s in statements(holder) if s["Action"][0].startswith("kms:")]
        assert rights["Resource"] == [EVERYTHING["KmsKeyArn"]]
        assert set(rights["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}


JOBS = ["NormalizeRole", "RefreshRole", "CloseRole", "AuditRole", "AlertsRole", "PublishRole"]


@pytest.mark.parametrize("name", JOBS)
def test_only_glue_in_this_account_takes_a_jobs_role(name):
    role = Resolved().of("AWS::IAM::Role")[name]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "glue.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_oss_functions_user_has_the_rights_that_its_documentation_names():
    put = json.loads((ROOT / "deploy/function/aws_put_policy.json").read_text())["Statement"]
    listing = json.loads((ROOT / "deploy/function/aws_list_policy.json").read_text())["Statement"]
    for choice, documented in (("put", put), ("put_and_list", put + listing)):
        way = {"OssFunction": choice, "RawBucketName": "RAW_BUCKET", "RawPrefix": "S3_PREFIX/"}
        [user] = Resolved(**way).of("AWS::IAM::User").values()
        [policy] = user["Policies"]
        assert policy["PolicyDocument"]["Statement"] == documented
    assert Resolved(OssFunction="none").of("AWS::IAM::User") == {}
