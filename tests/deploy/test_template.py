"""glue_workflow.json, walked: jobs, options, triggers, buckets; and cfn-lint."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import package
from focus_lake.alerts.job import AlertOptions
from focus_lake.catalog.close_month import CloseOptions
from focus_lake.catalog.job import RefreshOptions as RefreshOptions
from focus_lake.frames.options import AuditOptions
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import glue_arguments, parse
from focus_lake.report.publish import PublishOptions
from helpers.stack_template import FILE, ROOT, Resolved, raw, statements

OPTIONS = {
    "NormalizeJob": NormalizeOptions,
    "RefreshJob": RefreshOptions,
    "AuditJob": AuditOptions,
    "AlertsJob": AlertOptions,
    "CloseJob": CloseOptions,
    "PublishJob": PublishOptions,
}
RELEASE = "releases/1.0-abc"
EVERYTHING = {
    "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1-2-3",
    "AlarmEmail": "finops@example.com",
    "ExpireSupersededDays": "30",
}
EXISTING = {
    "RawBucketName": "our-raw",
    "LakeBucketName": "our-lake",
    "ArtifactBucketName": "our-artifacts",
    "RawPrefix": "bills/",
    "LakePrefix": "lake/",
    "OssFunction": "none",
}
WAYS = [{}, EVERYTHING, EXISTING, {**EXISTING, **EVERYTHING}]


@pytest.mark.thorough
def test_cfn_lint_finds_nothing():
    linter = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([linter, FILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_template_fits_into_a_request():
    assert len(json.dumps(raw(), separators=(",", ":")).encode()) < 51_200


@pytest.mark.parametrize("parameters", WAYS)
def test_every_reference_is_to_something_that_is_made(parameters):
    resolved = Resolved(**parameters)
    assert "Fn::" not in str(resolved.resources)
    outputs = resolved.template["Outputs"].values()
    made = [o for o in outputs if resolved.conditions.get(o.get("Condition"), True)]
    assert all(resolved.value(output["Value"]) for output in made)


def test_each_job_runs_a_script_of_the_jobs_folder_that_the_release_takes_along():
    jobs = Resolved(ArtifactBucketName="code").of("AWS::Glue::Job")
    scripts = {name: job["Command"]["ScriptLocation"] for name, job in jobs.items()}
    assert scripts == {
        "NormalizeJob": f"s3://code/{RELEASE}/normalize_focus.py",
        "RefreshJob": f"s3://code/{RELEASE}/refresh_catalog.py",
        "AuditJob": f"s3://code/{RELEASE}/audit_focus.py",
        "AlertsJob": f"s3://code/{RELEASE}/send_alerts.py",
        "CloseJob": f"s3://code/{RELEASE}/close_month.py",
        "PublishJob": f"s3://code/{RELEASE}/publish_reports.py",
    }
    names = {script.rsplit("/", 1)[1] for script in scripts.values()}
    # What copies from OSS runs at Alibaba; each other script is a job of the stack.
    assert names == {path.name for path in (ROOT / "jobs").glob("*.py")} - {"oss_to_s3.py"}
    assert set(package.jobs()) == names


def split(job: dict) -> tuple[list[str], dict[str, str]]:
    """A job's arguments as Glue passes ours, and those that are Glue's own."""
    arguments = {name.removeprefix("--"): v for name, v in job["DefaultArguments"].items()}
    glue = {name: value for name, value in arguments.items() if name in glue_arguments()}
    ours = [w for n, v in arguments.items() if n not in glue for w in (f"--{n}", str(v))]
    return ours, glue


@pytest.mark.parametrize("parameters", WAYS)
@pytest.mark.parametrize("name", OPTIONS)
def test_each_job_accepts_the_options_it_is_given(name, parameters):
    job = Resolved(**parameters).of("AWS::Glue::Job")[name]
    assert parse(OPTIONS[name], split(job)[0])


def test_the_options_say_what_the_parameters_say():
    ways = {**EXISTING, "Providers": "alibaba,aws", "Database": "bills", "MaxRejectedRows": "7"}
    ways["ReportingCurrency"] = "EUR"
    jobs = Resolved(**ways, ExpireSupersededDays="30").of("AWS::Glue::Job")
    normalize = parse(NormalizeOptions, split(jobs["NormalizeJob"])[0])
    assert normalize.raw == "s3://our-raw/bills/"
    assert normalize.lake == "s3://our-lake/lake/"
    assert normalize.providers == ("alibaba", "aws")
    assert normalize.max_rejected_rows == 7
    refresh = parse(RefreshOptions, split(jobs["RefreshJob"])[0])
    assert refresh.lake == "s3://our-lake/lake/"
    assert refresh.providers == ("alibaba", "aws")
    assert refresh.reporting_currency == "EUR"
    assert (refresh.engine, refresh.database, refresh.workgroup) == ("athena", "bills", "fl")
    assert refresh.expire_superseded_days == 30


def test_the_board_report_goes_to_the_people_that_the_stack_names_and_is_masked():
    people = {"BoardEmails": ["a@example.com", "b@example.com"], "BoardSender": "c@example.com"}
    resolved = Resolved(**EXISTING, **people)
    job = parse(PublishOptions, split(resolved.of("AWS::Glue::Job")["PublishJob"])[0])
    assert (job.board_to, job.board_from) == (
        ("a@example.com", "b@example.com"),
        "c@example.com",
    )
    assert job.masked
    [mail] = [
        one
        for one in statements(resolved.of("AWS::IAM::Role")["PublishRole"])
        if "ses:SendRawEmail" in one["Action"]
    ]
    assert mail["Condition"] == {
        "StringEquals": {"ses:FromAddress": "c@example.com"},
        "ForAllValues:StringEquals": {"ses:Recipients": ["a@example.com", "b@example.com"]},
    }
    assert job.board_by == "attachment"
    nobody = Resolved(**EXISTING).of("AWS::Glue::Job")["PublishJob"]["DefaultArguments"]
    assert not {"--board_to", "--board_from"} & set(nobody)


@pytest.mark.parametrize("name", OPTIONS)
def test_jobs_run_on_glue_5_1_one_at_a_time_with_retry_timeout_scaling_and_logs(name):
    resolved = Resolved()
    job = resolved.of("AWS::Glue::Job")[name]
    glue = split(job)[1]
    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.1", "G.1X", 2)
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    # What was refused or found to differ once is so again: a retry doubles cost, mails and notes.
    retries = int(name in ("RefreshJob", "AlertsJob", "PublishJob"))
    assert (job["MaxRetries"], job["Command"]["Name"]) == (retries, "glueetl")
    assert 0 < job["Timeout"] < 24 * 60  # a scratch folder is kept for a day
    assert glue["enable-auto-scaling"] == "true"
    assert glue["enable-continuous-cloudwatch-log"] == "true"
    assert glue["job-bookmark-option"] == "job-bookmark-disable"
    groups = {group["LogGroupName"] for group in resolved.of("AWS::Logs::LogGroup").values()}
    prefix = glue["custom-logGroup-prefix"]
    assert {f"{prefix}/error", f"{prefix}/output"} <= groups


def test_jobs_get_the_library_as_zip_and_the_modules_that_the_requirements_name():
    required = dict(
        re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements/glue.txt").read_text(), re.MULTILINE)
    )
    jobs = Resolved(ArtifactBucketName="code").of("AWS::Glue::Job")
    boto3 = "boto3>=1.36"  # Glue's own, whichever it is: nothing may be fetched
    wheel = f"s3://code/{RELEASE}/pyathena-{required['pyathena']}-py3-none-any.whl"
    modules = {name: split(job)[1]["additional-python-modules"] for name, job in jobs.items()}
    refresh = f"{boto3},{wheel}"
    asking = dict.fromkeys(("RefreshJob", "AlertsJob", "CloseJob"), refresh)
    linux = "cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64"
    kinds = {"typst": linux}
    fonts = ("fontpkg", "fontpkg-noto-sans", "pylopdf-fonts-zh-cn")
    kinds |= dict.fromkeys(fonts, "py3-none-any")
    for_pdf = [
        f"s3://code/{RELEASE}/{name.replace('-', '_')}-{required[name]}-{kind}.whl"
        for name, kind in kinds.items()
    ]
    pages = ",".join((refresh, *for_pdf))
    assert modules == {"NormalizeJob": boto3, "AuditJob": boto3, **asking, "PublishJob": pages}
    for job in jobs.values():
        assert split(job)[1]["python-modules-installer-option"] == "--no-index"
        assert split(job)[1]["extra-py-files"] == f"s3://code/{RELEASE}/focus_lake.zip"
    # A conditional PutObject is what keeps two runs from one ledger; boto3 knows it from 1.36 on.
    assert tuple(map(int, required["boto3"].split("."))) >= (1, 36)
    common = (ROOT / "requirements/common.txt").read_text()
    for name in ("pyathena", *kinds):
        assert f"{name}=={required[name]} " in common


def test_the_workflow_starts_by_schedule_and_refreshes_however_normalize_ended():
    resolved = Resolved()
    triggers = resolved.of("AWS::Glue::Trigger")
    [workflow] = resolved.of("AWS::Glue::Workflow").values()
    assert workflow["MaxConcurrentRuns"] == 1
    inside = {n: t for n, t in triggers.items() if t.get("WorkflowName") == workflow["Name"]}
    assert set(inside) == {"StartDaily", "AfterNormalize", "AfterRefresh", "AfterAlerts"}
    alerts = inside["AfterRefresh"]
    seen = {(c["JobName"], c["State"]) for c in alerts["Predicate"]["Conditions"]}
    assert seen == {("fl-refresh", state) for state in ("SUCCEEDED", "FAILED", "TIMEOUT")}
    assert alerts["Actions"] == [{"JobName": "fl-alerts"}]
    pages = inside["AfterAlerts"]  # however they ended: pages tell of what was not sent, too
    seen = {(c["JobName"], c["State"]) for c in pages["Predicate"]["Conditions"]}
    assert seen == {("fl-alerts", state) for state in ("SUCCEEDED", "FAILED", "TIMEOUT")}
    assert pages["Actions"] == [{"JobName": "fl-publish"}]
    start, after = inside["StartDaily"], inside["AfterNormalize"]
    assert (start["Type"], start["Schedule"]) == ("SCHEDULED", "cron(0 11 * * ? *)")
    assert start["Actions"] == [{"JobName": "fl-normalize"}]
    assert (after["Type"], after["Predicate"]["Logical"]) == ("CONDITIONAL", "ANY")
    seen = {(c["JobName"], c["State"]) for c in after["Predicate"]["Conditions"]}
    assert seen == {("fl-normalize", state) for state in ("SUCCEEDED", "FAILED", "TIMEOUT")}
    assert after["Actions"] == [{"JobName": "fl-refresh"}]


def test_the_triggers_of_the_workflow_are_made_and_removed_one_after_the_other():
    """At once they fail: "Workflow .. was modified while adding trigger"."""
    made = Resolved().resources
    inside = {n for n, one in made.items() if "WorkflowName" in one["Properties"]}
    first = {name for name in inside if "DependsOn" not in made[name]}
    follows = {made[name]["DependsOn"]: name for name in inside - first}
    [at] = chain = list(first)
    while at := follows.get(at):
        chain.append(at)
    assert set(chain) == inside and len(chain) == len(inside) == 4


def test_the_refresh_has_a_schedule_of_its_own():
    trigger = Resolved().of("AWS::Glue::Trigger")["RefreshDaily"]
    assert "WorkflowName" not in trigger
    assert (trigger["Type"], trigger["Actions"]) == ("SCHEDULED", [{"JobName": "fl-refresh"}])


def test_the_month_before_is_audited_on_the_twelfth():
    resolved = Resolved()
    trigger = resolved.of("AWS::Glue::Trigger")["AuditMonthly"]
    assert "WorkflowName" not in trigger
    assert (trigger["Schedule"], trigger["Actions"]) == (
        "cron(0 4 12 * ? *)",
        [{"JobName": "fl-audit"}],
    )
    audit = parse(AuditOptions, split(resolved.of("AWS::Glue::Job")["AuditJob"])[0])
    assert audit.months(date(2026, 3, 12)) == ("202602",)


def test_months_are_closed_on_a_day_of_the_users_choice_and_not_by_default():
    assert "CloseMonthly" not in Resolved().of("AWS::Glue::Trigger")
    resolved = Resolved(CloseSchedule="cron(0 6 15 * ? *)", ReportingCurrency="EUR")
    trigger = resolved.of("AWS::Glue::Trigger")["CloseMonthly"]
    assert (trigger["Type"], trigger["Schedule"]) == ("SCHEDULED", "cron(0 6 15 * ? *)")
    assert trigger["Actions"] == [{"JobName": "fl-close"}]
    close = parse(CloseOptions, split(resolved.of("AWS::Glue::Job")["CloseJob"])[0])
    assert (close.engine, close.yearmonth, close.reporting_currency) == ("athena", "last", "EUR")


def test_the_rights_of_each_role_are_within_what_iam_takes():
    """IAM and STS quotas: inline policies of a role, 10,240 characters without white space."""
    long = {"RawBucketName": "r" * 63, "LakeBucketName": "l" * 63, "ArtifactBucketName": "a" * 63}
    resolved = Resolved(**{**EVERYTHING, **long, "LakePrefix": "p" * 40 + "/"})
    for name, role in resolved.of("AWS::IAM::Role").items():
        text = json.dumps([p["PolicyDocument"] for p in role["Policies"]], separators=(",", ":"))
        assert len(text) < 10_240, name


def test_every_trigger_is_active_and_starts_a_job_of_this_stack():
    resolved = Resolved()
    jobs = {job["Name"] for job in resolved.of("AWS::Glue::Job").values()}
    triggers = resolved.of("AWS::Glue::Trigger").values()
    started = {action["JobName"] for t in triggers for action in t["Actions"]}
    assert started == jobs - {"fl-close"}
    assert all(trigger["StartOnCreation"] is True for trigger in triggers)


@pytest.mark.parametrize("name", ["RawBucket", "LakeBucket", "ArtifactBucket"])
def test_a_bucket_is_encrypted_private_over_tls_only_and_stays_when_the_stack_goes(name):
    resolved = Resolved()
    bucket = resolved.resources[name]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert encryption(properties) == {"SSEAlgorithm": "AES256"}
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert {"DaysAfterInitiation": 1} in [r.get("AbortIncompleteMultipartUpload") for r in rules]
    [denied] = resolved.of("AWS::S3::BucketPolicy")[f"{name}Policy"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
    assert denied["Resource"] == [f"{name}.Arn", f"{name}.Arn/*"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def encryption(bucket: dict) -> dict:
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return rule["ServerSideEncryptionByDefault"]


def test_a_key_of_ones_own_encrypts_buckets_and_query_results():
    key = EVERYTHING["KmsKeyArn"]
    resolved = Resolved(**EVERYTHING)
    for bucket in resolved.of("AWS::S3::Bucket").values():
        assert encryption(bucket) == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    [workgroup] = resolved.of("AWS::Athena::WorkGroup").values()
    results = workgroup["WorkGroupConfiguration"]["ResultConfiguration"]
    assert results["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": key}


def test_only_scratch_and_query_results_expire_in_the_lake():
    lake = Resolved(LakePrefix="lake/").of("AWS::S3::Bucket")["LakeBucket"]
    rules = lake["LifecycleConfiguration"]["Rules"]
    expiring = {r["Prefix"] for r in rules if "ExpirationInDays" in r}
    assert expiring == {"lake/_scratch/", "lake/_athena/", "lake/kept/_unloaded/"}
    for bucket in ("RawBucket", "ArtifactBucket"):
        other = Resolved().of("AWS::S3::Bucket")[bucket]["LifecycleConfiguration"]["Rules"]
        assert not any("ExpirationInDays" in rule for rule in other)


def test_existing_buckets_are_used_and_none_is_made():
    assert Resolved(**EXISTING).of("AWS::S3::Bucket") == {}


def test_the_workgroup_enforces_its_settings_limit_and_encryption():
    [workgroup] = Resolved(LakeBucketName="lake").of("AWS::Athena::WorkGroup").values()
    settings = workgroup["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 100 * 1024**3
    assert settings["ResultConfiguration"] == {
        "OutputLocation": "s3://lake/_athena/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    }


def test_the_roles_may_read_any_release_for_a_run_may_outlive_a_deployment():
    for name, role in Resolved(ArtifactBucketName="code").of("AWS::IAM::Role").items():
        (release,) = [one for one in statements(role) if one["Sid"] == "ReadRelease"]
        assert release["Resource"] == ["arn:aws:s3:::code/releases/*"], name
