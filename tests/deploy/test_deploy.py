"""make deploy and make destroy, against a local endpoint that makes most of the stack.

It refuses AWS::Glue::Workflow, so the stack is deployed without the workflow, and its triggers
stand alone; how they are linked is tested in test_template.py. Not tried here, for no local
endpoint does it: that rights are enough, that rules and alarms fire, that Glue starts the jobs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from helpers.stack_template import ROOT, Resolved, raw

pytestmark = pytest.mark.s3
REGION = "eu-central-1"
NOT_MADE = "AWS::Glue::Workflow"


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("dist")


@pytest.fixture
def stack(request) -> str:
    """A name of its own for each test: the endpoint lives as long as the run."""
    return "fl-" + hashlib.md5(request.node.name.encode()).hexdigest()[:8]


@pytest.fixture
def template(tmp_path, stack) -> Path:
    """The template without what the endpoint does not make, and with a database of its own."""
    made = raw()
    made["Parameters"]["Database"]["Default"] = stack.replace("-", "_")
    [workflow] = [n for n, r in made["Resources"].items() if r["Type"] == NOT_MADE]
    del made["Resources"][workflow], made["Outputs"][workflow]
    for resource in made["Resources"].values():
        resource.get("Properties", {}).pop("WorkflowName", None)
    path = tmp_path / "template.json"
    path.write_text(json.dumps(made))
    return path


@pytest.fixture
def run(s3_endpoint, stack, dist, template):
    """Runs deploy.py or destroy.py as make does; its exit code and what it printed."""
    environment = {**os.environ, "AWS_ENDPOINT_URL": s3_endpoint}

    def run(script: str, *options: str, typed: str = "") -> tuple[int, str]:
        command = [sys.executable, ROOT / "scripts" / script, "--stack", stack, "--region", REGION]
        if script == "deploy.py":
            command += ["--dist", dist, "--template", template]
        done = subprocess.run(
            [*command, *options], input=typed, env=environment, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def client(s3_endpoint):
    return lambda service: boto3.client(service, endpoint_url=s3_endpoint, region_name=REGION)


def deployed(run, *options: str) -> dict[str, str]:
    """The stack's outputs after a deployment that must succeed."""
    code, said = run("deploy.py", "--yes", "true", *options)
    assert code == 0, said
    return dict(re.findall(r"^  (\w+) +(\S+)$", said, re.MULTILINE))


def keys(s3, bucket: str) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ())}


def test_a_deployment_makes_all_resources_but_the_workflow(run, stack, client):
    outputs = deployed(run)
    made = client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    resources = Resolved().resources  # of the parameters' defaults
    wanted = {name for name, one in resources.items() if one["Type"] != NOT_MADE}
    assert {"CloseRole", "RefreshRights", "JobRights"} <= wanted
    assert {item["LogicalResourceId"] for item in made} == wanted
    glue, athena = client("glue"), client("athena")
    job = glue.get_job(JobName=outputs["NormalizeJob"])["Job"]
    assert job["DefaultArguments"]["--lake"] == f"s3://{outputs['LakeBucket']}/"
    assert job["Command"]["ScriptLocation"].startswith(f"s3://{outputs['ArtifactBucket']}/releases")
    database = stack.replace("-", "_")
    assert glue.get_database(Name=database)["Database"]["Name"] == outputs["Database"] == database
    triggers = {t["Name"] for t in glue.get_triggers()["Triggers"] if t["Name"].startswith(stack)}
    daily = ("start-daily", "after-normalize", "after-refresh", "after-alerts", "refresh-daily")
    assert triggers == {f"{stack}-{name}" for name in (*daily, "audit-monthly")}
    found = athena.get_work_group(WorkGroup=stack)["WorkGroup"]["Configuration"]
    results = found["ResultConfiguration"]["OutputLocation"]
    assert results == f"s3://{outputs['LakeBucket']}/_athena/"


def test_every_file_that_a_job_reads_is_uploaded_with_its_checksum(run, client):
    outputs = deployed(run)
    s3, bucket = client("s3"), outputs["ArtifactBucket"]
    for name in ("NormalizeJob", "RefreshJob"):
        job = client("glue").get_job(JobName=outputs[name])["Job"]
        arguments = job["DefaultArguments"]
        places = [job["Command"]["ScriptLocation"], arguments["--extra-py-files"]]
        places += arguments["--additional-python-modules"].split(",")[1:]
        for place in places:
            prefix = f"s3://{bucket}/"
            assert place.startswith(prefix)
            found = s3.get_object(Bucket=bucket, Key=place.removeprefix(prefix))
            assert found["Metadata"]["sha256"] == hashlib.sha256(found["Body"].read()).hexdigest()


def test_deploying_twice_changes_nothing(run):
    deployed(run)
    code, said = run("deploy.py", "--yes", "true")
    assert code == 0
    assert "0 files uploaded" in said
    assert "nothing to change" in said


def test_the_changes_are_shown_and_without_a_yes_nothing_is_made(run, stack, client):
    code, said = run("deploy.py", typed="no\n")
    assert code == 1
    assert re.search(r"Add +AWS::Glue::Job +NormalizeJob", said)
    assert "nothing was changed" in said
    with pytest.raises(client("cloudformation").exceptions.ClientError, match="does not exist"):
        client("cloudformation").describe_stacks(StackName=stack)


def test_a_parameter_is_changed_alone_and_the_others_stay(run, client):
    outputs = deployed(
        run, "--parameters", "Providers=alibaba 'NormalizeSchedule=cron(5 12 * * ? *)'"
    )
    s3 = client("s3")
    s3.put_object(Bucket=outputs["LakeBucket"], Key="ledger/alibaba/202601.jsonl", Body=b"{}\n")
    code, said = run("deploy.py", "--yes", "true", "--parameters", "Providers=alibaba,aws")
    assert code == 0, said
    assert re.search(r"Modify +AWS::Glue::Job +NormalizeJob", said)
    assert "StartDaily" not in said
    job = client("glue").get_job(JobName=outputs["NormalizeJob"])["Job"]
    assert job["DefaultArguments"]["--providers"] == "alibaba,aws"
    name = outputs["NormalizeJob"].replace("normalize", "start-daily")
    assert client("glue").get_trigger(Name=name)["Trigger"]["Schedule"] == "cron(5 12 * * ? *)"
    assert keys(s3, outputs["LakeBucket"]) == {"ledger/alibaba/202601.jsonl"}


def test_a_parameter_that_is_not_there_is_refused(run):
    code, said = run("deploy.py", "--parameters", "Provider=alibaba")
    assert code == 2
    assert "--parameters Provider=alibaba" in said
    assert "Providers" in said


def test_destroy_leaves_the_buckets_and_says_how_to_come_back(run, stack, client):
    outputs = deployed(run)
    s3 = client("s3")
    s3.put_object(Bucket=outputs["LakeBucket"], Key="ledger/alibaba/202601.jsonl", Body=b"{}\n")
    iam = client("iam")
    iam.create_access_key(UserName=outputs["OssFunctionUser"])  # as a person does by hand
    code, said = run("destroy.py", "--yes", "true")
    assert code == 0, said
    assert keys(s3, outputs["LakeBucket"]) == {"ledger/alibaba/202601.jsonl"}
    assert f"LakeBucketName={outputs['LakeBucket']}" in said
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=outputs["OssFunctionUser"])
    again = re.search(r'PARAMETERS="(.+)"', said)[1]
    assert deployed(run, "--parameters", again)["Lake"] == outputs["Lake"]


def test_destroy_empties_only_when_told(run, client):
    outputs = deployed(run)
    s3 = client("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=outputs["RawBucket"], Key="alibaba/a.zip", Body=body)
    s3.delete_object(Bucket=outputs["RawBucket"], Key="alibaba/a.zip")
    code, said = run("destroy.py", "--yes", "true", "--empty", "true")
    assert code == 0, said
    left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert left.isdisjoint(outputs[name] for name in ("RawBucket", "LakeBucket", "ArtifactBucket"))


def test_destroy_asks_for_the_stacks_name_and_removes_nothing_without_it(run, stack, client):
    deployed(run)
    code, said = run("destroy.py", typed="yes\n")
    assert code == 1
    assert "nothing was changed" in said
    [found] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE"


def test_there_is_nothing_to_destroy_where_there_is_no_stack(run, stack):
    code, said = run("destroy.py", "--yes", "true")
    assert code == 1
    assert f"there is no stack {stack}" in said


@pytest.mark.parametrize("target", ["deploy", "destroy"])
def test_without_a_name_make_says_what_to_type(target):
    script = ROOT / "scripts" / f"{target}.py"
    command = [sys.executable, script, "--stack", "", "--region", "eu-central-1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"make {target} STACK=.. REGION=.." in done.stderr
