"""make preflight: ask AWS what the template cannot know, before and after a deployment.

Each line is ok, wrong with a remedy, or what cannot be told (a call that is denied, or a fact that
only a run shows). It only reads; SimulatePrincipalPolicy runs nothing.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from aws_stack import TEMPLATE, Stack
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.options import option, run_job

OK, WRONG, UNKNOWN = "ok", "WRONG", "cannot tell"
DEPLOYING = (  # what make deploy does itself or CloudFormation does in its name
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "s3:CreateBucket",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:PassRole",
    "glue:CreateJob",
    "glue:CreateTrigger",
    "glue:CreateWorkflow",
    "glue:CreateDatabase",
    "athena:CreateWorkGroup",
    "logs:CreateLogGroup",
    "logs:PutMetricFilter",
    "logs:PutResourcePolicy",
    "logs:PutRetentionPolicy",
    "events:PutRule",
    "events:PutTargets",
    "sns:CreateTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "cloudwatch:PutMetricAlarm",
)
QUOTAS = (  # service, name of the quota, what the stack needs of it
    ("glue", "Max concurrent job runs per account", 2),
    ("glue", "Max task DPUs", 4),
    ("athena", "Active DDL queries", 1),
    ("athena", "Active DML queries", 1),
)
AT_ONCE = 50  # actions in one simulation


class Finding(NamedTuple):
    """One line: the verdict, what was asked, and the remedy or what was found."""

    verdict: str
    what: str
    said: str = ""


@dataclass(frozen=True)
class Options:
    """Which deployment to look at."""

    stack: str = option("name of the stack")
    region: str = option("AWS region")
    template: str = option("the CloudFormation template", str(TEMPLATE))

    def __post_init__(self):
        if not (self.stack and self.region):
            raise OptionsError("name both: make preflight STACK=.. REGION=..")


def main(options: Options) -> int:
    """Print every finding; 1 if one is wrong."""
    template = json.loads(Path(options.template).read_text(encoding="utf-8"))
    stack = Stack(options.stack, options.region)
    wrong = 0
    for found in findings(stack, template):
        wrong += found.verdict == WRONG
        print(f"{found.verdict:<12} {found.what}{': ' if found.said else ''}{found.said}")
    print(f"{wrong} wrong" if wrong else "nothing is wrong that could be asked for")
    return 1 if wrong else 0


def findings(stack: Stack, template: dict) -> Iterator[Finding]:
    """Every check; without a stack those that a first deployment rests on."""
    identity = None
    for check in (_identity, _region):
        for found in _asked(check, stack):
            identity = found.said if found.what == "identity" else identity
            yield found
            if found.verdict == WRONG:
                return  # nothing else can be asked
    yield from _asked(_own_rights, stack, identity or "")
    for check in (_quotas, _lake_formation):
        yield from _asked(check, stack)
    try:
        outputs = stack.outputs()
    except (FocusLakeError, BotoCoreError, ClientError) as error:
        yield Finding(WRONG, f"stack {stack.name}", str(error))
        return
    if not outputs:
        yield Finding(UNKNOWN, f"stack {stack.name}", "not deployed yet; run this again after it")
        return
    yield from _deployed(stack, template, outputs)


def _deployed(stack: Stack, template: dict, outputs: dict) -> Iterator[Finding]:
    """What can be asked once there is a stack."""
    for job in _of(template, "AWS::Glue::Job"):
        yield from _asked(_job, stack, job, outputs)
    for check in (_triggers, _workgroup, _mail):
        yield from _asked(check, stack, outputs)
    for role in _of(template, "AWS::IAM::Role"):
        if "glue.amazonaws.com" in json.dumps(template["Resources"][role]):
            yield from _asked(_role, stack, role, template)
    yield Finding(UNKNOWN, "Python modules of Glue's image", "only a run shows them: make smoke")


def _asked(check: Callable, stack: Stack, *more: str | dict) -> Iterator[Finding]:
    """The findings of a check; what may not be asked cannot be told."""
    named = [one for one in more if isinstance(one, str)]  # which job, role or identity
    what = " ".join([check.__name__.strip("_").replace("_", " "), *named])
    try:
        yield from check(stack, *more)
    except ClientError as error:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        yield Finding(UNKNOWN, f"{what} ({error.operation_name})", f"{code}: {said}")
    except BotoCoreError as error:
        yield Finding(UNKNOWN, what, str(error))


def _identity(stack: Stack) -> Iterator[Finding]:
    try:
        found = stack.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        remedy = f"{error}; set AWS_PROFILE or log in (aws sso login)"
        yield Finding(WRONG, "identity", remedy)
        return
    yield Finding(OK, "identity", found["Arn"])


def _region(stack: Stack) -> Iterator[Finding]:
    known = boto3.session.Session().get_available_regions("glue")
    if stack.region in known:
        yield Finding(OK, "region", stack.region)
    else:
        yield Finding(WRONG, "region", f"Glue has none called {stack.region}; such as eu-central-1")


def _own_rights(stack: Stack, arn: str) -> Iterator[Finding]:
    if arn.endswith(":root"):
        yield Finding(OK, "rights to deploy", "the account's root; better use a role")
        return
    denied = _denied(stack, _principal(arn), [(action, "*") for action in DEPLOYING])
    if denied:
        said = f"{', '.join(sorted(action for action, _ in denied))} denied for {arn}"
        yield Finding(WRONG, "rights to deploy", said)
    else:
        yield Finding(OK, "rights to deploy")


def _principal(arn: str) -> str:
    """The role behind an assumed role's session: simulations know no sessions."""
    found = re.fullmatch(r"(arn:[^:]+):sts::(\d+):assumed-role/([^/]+)/.*", arn)
    return f"{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn


def _denied(
    stack: Stack, arn: str, wanted: list[tuple[str, str]], context: tuple[dict, ...] = ()
) -> list[tuple[str, str]]:
    """Of (action, resource) those that IAM would deny the principal, where context is true."""
    iam, denied = stack.client("iam"), []
    known = {"ContextEntries": list(context)} if context else {}
    by_resource: dict[str, list[str]] = {}
    for action, resource in wanted:
        by_resource.setdefault(resource, []).append(action)
    for resource, actions in by_resource.items():
        for at in range(0, len(actions), AT_ONCE):
            answer = iam.simulate_principal_policy(
                PolicySourceArn=arn,
                ActionNames=sorted(actions[at : at + AT_ONCE]),
                ResourceArns=[resource],
                **known,
            )
            denied += [
                (result["EvalActionName"], resource)
                for result in answer["EvaluationResults"]
                if result["EvalDecision"] != "allowed"
            ]
    return denied


def _quotas(stack: Stack) -> Iterator[Finding]:
    client, found = stack.client("service-quotas"), {}
    for service in sorted({service for service, _, _ in QUOTAS}):
        for page in client.get_paginator("list_service_quotas").paginate(ServiceCode=service):
            found |= {(service, q["QuotaName"].lower()): q["Value"] for q in page["Quotas"]}
    for service, name, needed in QUOTAS:
        value = found.get((service, name.lower()))
        what = f"quota of {service}, {name}"
        if value is None:
            yield Finding(UNKNOWN, what, "AWS lists none of this name")
        elif value < needed:
            yield Finding(WRONG, what, f"{value:g}, {needed} are needed: ask Service Quotas")
        else:
            yield Finding(OK, what, f"{value:g}")


def _lake_formation(stack: Stack) -> Iterator[Finding]:
    answer = stack.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    defaults = answer.get("CreateTableDefaultPermissions", ())
    open_to = {one["Principal"]["DataLakePrincipalIdentifier"] for one in defaults}
    if "IAM_ALLOWED_PRINCIPALS" in open_to:
        yield Finding(OK, "Lake Formation", "IAM decides over new tables")
    else:
        remedy = "governs new tables: see Security, Lake Formation, in docs/operations.md"
        yield Finding(WRONG, "Lake Formation", remedy)


def _of(template: dict, kind: str) -> list[str]:
    """Logical names of the template's resources of one type, in its order."""
    return [name for name, one in template["Resources"].items() if one["Type"] == kind]


def _job(stack: Stack, logical: str, outputs: dict) -> Iterator[Finding]:
    if logical not in outputs:
        yield Finding(WRONG, f"job {logical}", "the stack has none: make deploy")
        return
    job = stack.client("glue").get_job(JobName=outputs[logical])["Job"]
    if job.get("GlueVersion") == "5.1":
        yield Finding(OK, f"job {job['Name']}", "Glue 5.1")
    else:
        said = f"Glue {job.get('GlueVersion')}, the template says 5.1: make deploy"
        yield Finding(WRONG, f"job {job['Name']}", said)


def _triggers(stack: Stack, outputs: dict) -> Iterator[Finding]:
    for name in sorted(stack.resources("AWS::Glue::Trigger").values()):
        state = stack.client("glue").get_trigger(Name=name)["Trigger"]["State"]
        if state in ("ACTIVATED", "CREATED"):
            yield Finding(OK, f"trigger {name}", state)
        else:
            remedy = f"{state}: aws glue start-trigger --name {name}"
            yield Finding(WRONG, f"trigger {name}", remedy)


def _workgroup(stack: Stack, outputs: dict) -> Iterator[Finding]:
    name = outputs["Workgroup"]
    found = stack.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    settings = found.get("Configuration", {})
    engine = settings.get("EngineVersion", {}).get("EffectiveEngineVersion", "not told")
    what = f"Athena workgroup {name}"
    if found.get("State", "ENABLED") != "ENABLED":
        yield Finding(WRONG, what, "is disabled: enable it in Athena's console")
    elif engine != "Athena engine version 3":
        yield Finding(WRONG, what, f"{engine}; the views need Athena engine version 3")
    else:
        yield Finding(OK, what, engine)


def _mail(stack: Stack, outputs: dict) -> Iterator[Finding]:
    alarm = _subscriptions(stack, outputs["AlarmTopic"])
    if not alarm:
        remedy = "nobody is told of a failed run: deploy with AlarmEmail=.."
        yield Finding(WRONG, "alarm mail", remedy)
    finance = _subscriptions(stack, outputs["FinanceTopic"])
    if not finance:
        remedy = "the topic has no reader: deploy with FinanceEmail=.., or AlertRoutes name another"
        yield Finding(UNKNOWN, "alerts on the route finance", remedy)
    for one in (*alarm, *finance):
        if one["SubscriptionArn"].startswith("arn:"):
            yield Finding(OK, f"alarm to {one['Endpoint']}", "confirmed")
        else:
            remedy = "not confirmed: open the link in AWS's mail, or deploy again for a new one"
            yield Finding(WRONG, f"alarm to {one['Endpoint']}", remedy)


def _subscriptions(stack: Stack, topic: str) -> list[dict]:
    return stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]


def _role(stack: Stack, logical: str, template: dict) -> Iterator[Finding]:
    """What the role's policies say, simulated: boundaries and the organisation may deny it."""
    name = stack.resources("AWS::IAM::Role").get(logical)
    if name is None:
        if logical in template["Resources"]:
            yield Finding(WRONG, f"role {logical}", "the stack has none: make deploy")
        return
    iam = stack.client("iam")
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    wanted, sids, context = [], set(), []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            sids.add(statement.get("Sid"))
            context += _context(statement.get("Condition", {}))
            wanted += [
                (action, resource.replace("*", "preflight"))
                for action in _list(statement["Action"])
                for resource in _list(statement["Resource"])
            ]
    missing = _sids(template, logical) - sids
    denied = _denied(stack, arn, wanted, tuple(context))
    if missing:
        said = f"lacks {', '.join(sorted(missing))} of the template: make deploy"
        yield Finding(WRONG, f"role {name}", said)
    elif denied:
        shown = "; ".join(f"{action} on {resource}" for action, resource in denied[:5])
        remedy = "a permissions boundary or a policy of the organisation forbids it"
        yield Finding(WRONG, f"role {name}", f"denied: {shown}; {remedy}")
    else:
        yield Finding(OK, f"role {name}", f"{len(wanted)} rights")


def _context(condition: dict) -> list[dict]:
    """What a call must carry for a statement's condition to hold; a simulation knows nothing."""
    return [
        {"ContextKeyName": key, "ContextKeyValues": _list(values), "ContextKeyType": "string"}
        for keys in condition.values()
        for key, values in keys.items()
    ]


def _sids(template: dict, logical: str) -> set[str]:
    """The statements of the template's role that are there under every parameter."""
    policies = list(template["Resources"][logical]["Properties"].get("Policies", ()))
    for one in (template["Resources"][name] for name in _of(template, "AWS::IAM::Policy")):
        if {"Ref": logical} in one["Properties"]["Roles"]:
            policies.append(one["Properties"])
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {one["Sid"] for one in statements if "Sid" in one}


def _list(value) -> list:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(run_job(Options, "ask AWS whether the stack can work", main))
