"""make preflight: recorded answers of AWS in, a verdict and a remedy a line out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import ANY, Stubber

import preflight
from aws_stack import Stack
from helpers.stack_template import raw

ROLE = "arn:aws:iam::123456789012:role/fl-NormalizeRole-X"
ADMIN = "arn:aws:sts::123456789012:assumed-role/Admin/me"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:fl-AlarmTopic"
FINANCE = "arn:aws:sns:eu-central-1:123456789012:fl-FinanceTopic"
OUTPUTS = {
    "NormalizeJob": "fl-normalize",
    "RefreshJob": "fl-refresh",
    "Workgroup": "fl",
    "AlarmTopic": TOPIC,
    "FinanceTopic": FINANCE,
}
OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}}]


class Recorded(Stack):
    """A stack whose calls are answered from a list; botocore checks requests and answers."""

    def __init__(self, answers: list[tuple], outputs: dict | None = None):
        super().__init__("fl", "eu-central-1")
        self.clients, self.stubs = {}, {}
        self.given, self.made = outputs, {}
        for service, method, answer, *expected in answers:
            stub = self.stub(service)
            if isinstance(answer, str):
                stub.add_client_error(method, answer, "not yours")
            else:
                stub.add_response(method, answer, *expected)

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
            self.clients[service] = boto3.client(service, region_name=self.region, **keys)
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.stubs[service]

    def client(self, service: str):
        self.stub(service)
        return self.clients[service]

    def outputs(self) -> dict:
        return self.given or {}

    def resources(self, kind: str) -> dict:
        return self.made.get(kind, {})


def decisions(allowed: bool, *actions: str) -> dict:
    decision = "allowed" if allowed else "explicitDeny"
    return {
        "EvaluationResults": [
            {"EvalActionName": action, "EvalDecision": decision} for action in actions
        ]
    }


BEFORE = [
    ("sts", "get_caller_identity", {"Arn": ADMIN, "Account": "123456789012", "UserId": "a:me"}),
    (
        *("iam", "simulate_principal_policy", decisions(True, *preflight.DEPLOYING)),
        {
            "PolicySourceArn": "arn:aws:iam::123456789012:role/Admin",
            "ActionNames": sorted(preflight.DEPLOYING),
            "ResourceArns": ["*"],
        },
    ),
]
QUOTAS = [
    (
        *("service-quotas", "list_service_quotas"),
        {"Quotas": [{"QuotaName": "Active DDL queries", "Value": 20}]},
    ),
    (
        *("service-quotas", "list_service_quotas"),
        {
            "Quotas": [
                {"QuotaName": "Max concurrent job runs per account", "Value": 200},
                {"QuotaName": "Max task DPUs", "Value": 2},
            ]
        },
    ),
]
SETTINGS = {"DataLakeSettings": {"CreateTableDefaultPermissions": OPEN}}
LAKE = [("lakeformation", "get_data_lake_settings", SETTINGS)]


def lines(stack: Stack) -> dict[str, tuple[str, str]]:
    return {one.what: (one.verdict, one.said) for one in preflight.findings(stack, raw())}


def test_before_the_first_deployment_it_asks_what_can_be_asked():
    found = lines(Recorded([*BEFORE, *QUOTAS, *LAKE]))
    assert found["identity"] == ("ok", ADMIN)
    assert found["region"] == ("ok", "eu-central-1")
    assert found["rights to deploy"][0] == "ok"
    assert found["quota of glue, Max concurrent job runs per account"] == ("ok", "200")
    verdict, remedy = found["quota of glue, Max task DPUs"]
    assert (verdict, remedy) == ("WRONG", "2, 4 are needed: ask Service Quotas")
    assert found["quota of athena, Active DML queries"][0] == "cannot tell"
    assert found["Lake Formation"][0] == "ok"
    assert found["stack fl"][0] == "cannot tell"


def test_without_credentials_nothing_else_is_asked():
    found = lines(Recorded([("sts", "get_caller_identity", "ExpiredToken")]))
    assert list(found) == ["identity"]
    assert found["identity"][0] == "WRONG"
    assert "aws sso login" in found["identity"][1]


def test_what_may_not_be_asked_cannot_be_told_and_what_is_missing_is_named():
    denied = decisions(False, "iam:PassRole")
    answers = [BEFORE[0], ("iam", "simulate_principal_policy", denied)]
    answers += [("service-quotas", "list_service_quotas", "AccessDeniedException")]
    governed = {"DataLakeSettings": {"CreateTableDefaultPermissions": []}}
    answers += [("lakeformation", "get_data_lake_settings", governed)]
    found = lines(Recorded(answers))
    assert found["rights to deploy"] == ("WRONG", f"iam:PassRole denied for {ADMIN}")
    assert found["quotas (ListServiceQuotas)"][0] == "cannot tell"
    assert found["Lake Formation"][0] == "WRONG"
    assert "docs/operations.md" in found["Lake Formation"][1]


def after(engine="Athena engine version 3", subscription=f"{TOPIC}:1", state="ACTIVATED") -> list:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    group = {"Name": "fl", "State": "ENABLED"}
    group["Configuration"] = {"EngineVersion": {"EffectiveEngineVersion": engine}}
    mail = {"SubscriptionArn": subscription, "Endpoint": "a@example.com", "Protocol": "email"}
    sids = preflight._sids(raw(), "NormalizeRole")
    place = "arn:aws:s3:::raw/*"
    document = {
        "Statement": [{"Sid": sid, "Action": "s3:GetObject", "Resource": place} for sid in sids]
    }
    policy = {"RoleName": "fl-NormalizeRole-X", "PolicyName": "normalize"}
    role = {"Path": "/", "RoleName": "fl-NormalizeRole-X", "RoleId": "R" * 16, "Arn": ROLE}
    return [
        ("glue", "get_job", {"Job": {"Name": "fl-normalize", "GlueVersion": "5.1"}}),
        ("glue", "get_job", {"Job": {"Name": "fl-refresh", "GlueVersion": "5.0"}}),
        ("glue", "get_trigger", {"Trigger": {"Name": "fl-start-daily", "State": state}}),
        ("athena", "get_work_group", {"WorkGroup": group}, {"WorkGroup": "fl"}),
        ("sns", "list_subscriptions_by_topic", {"Subscriptions": [mail]}, {"TopicArn": TOPIC}),
        ("sns", "list_subscriptions_by_topic", {"Subscriptions": []}, {"TopicArn": FINANCE}),
        ("iam", "get_role", {"Role": {**role, "CreateDate": now}}),
        ("iam", "list_role_policies", {"PolicyNames": ["normalize"]}),
        ("iam", "get_role_policy", {**policy, "PolicyDocument": json.dumps(document)}, ANY_POLICY),
        (
            *("iam", "simulate_principal_policy", decisions(True, "s3:GetObject")),
            {"PolicySourceArn": ROLE, "ActionNames": ANY, "ResourceArns": [place[:-1] + NAME]},
        ),
    ]


NAME = "preflight"
LACKS = "the stack has none: make deploy"
ANY_POLICY = {"RoleName": "fl-NormalizeRole-X", "PolicyName": "normalize"}


def deployed(**more) -> Recorded:
    stack = Recorded([*BEFORE, *QUOTAS, *LAKE, *after(**more)], OUTPUTS)
    stack.made = {
        "AWS::Glue::Trigger": {"StartDaily": "fl-start-daily"},
        "AWS::IAM::Role": {"NormalizeRole": "fl-NormalizeRole-X"},
    }
    return stack


def test_after_a_deployment_jobs_triggers_athena_mail_and_roles_are_looked_at():
    found = lines(deployed())
    assert found["job fl-normalize"] == ("ok", "Glue 5.1")
    assert found["job fl-refresh"] == ("WRONG", "Glue 5.0, the template says 5.1: make deploy")
    assert found["trigger fl-start-daily"][0] == "ok"
    assert found["Athena workgroup fl"] == ("ok", "Athena engine version 3")
    assert found["alarm to a@example.com"] == ("ok", "confirmed")
    assert found["alerts on the route finance"][0] == "cannot tell"
    assert found["role fl-NormalizeRole-X"][0] == "ok"
    missing = {what for what, found in found.items() if found == ("WRONG", LACKS)}
    assert missing == {
        *("job AuditJob", "job AlertsJob", "job CloseJob", "job PublishJob"),
        *("role RefreshRole", "role CloseRole", "role AuditRole", "role AlertsRole"),
        "role PublishRole",
    }
    assert not [what for what in found if "AnalystRole" in what]  # no job's
    assert found["Python modules of Glue's image"][0] == "cannot tell"


def test_a_right_under_a_condition_is_simulated_with_what_the_condition_asks_for():
    """Without it IAM's simulation denies the board report's mail to a role that may send it."""
    address = {"StringEquals": {"ses:FromAddress": "finance@example.com"}}
    statement = {"Sid": "MailBoardReport", "Action": "ses:SendEmail", "Condition": address}
    statement["Resource"] = "arn:aws:ses:eu-central-1:123456789012:identity/*"
    *_, role, names, policy, _ = after()
    policy[2]["PolicyDocument"] = json.dumps({"Statement": [statement]})
    told = {"ContextKeyName": "ses:FromAddress", "ContextKeyValues": ["finance@example.com"]}
    asked = {"PolicySourceArn": ROLE, "ActionNames": ["ses:SendEmail"], "ResourceArns": ANY}
    asked["ContextEntries"] = [{**told, "ContextKeyType": "string"}]
    answer = ("iam", "simulate_principal_policy", decisions(True, "ses:SendEmail"), asked)
    stack = Recorded([role, names, policy, answer], OUTPUTS)
    stack.made = {"AWS::IAM::Role": {"NormalizeRole": "fl-NormalizeRole-X"}}
    list(preflight._role(stack, "NormalizeRole", raw()))
    stack.stub("iam").assert_no_pending_responses()  # it asked so; another question is an error


@pytest.mark.parametrize(
    ("more", "what", "remedy"),
    [
        ({"engine": "Athena engine version 2"}, "Athena workgroup fl", "engine version 3"),
        ({"subscription": "PendingConfirmation"}, "alarm to a@example.com", "open the link"),
        ({"state": "DEACTIVATED"}, "trigger fl-start-daily", "aws glue start-trigger --name"),
    ],
)
def test_what_is_wrong_has_a_remedy(more, what, remedy):
    verdict, said = lines(deployed(**more))[what]
    assert verdict == "WRONG"
    assert remedy in said


def test_it_says_how_many_are_wrong_and_ends_with_one(monkeypatch, capsys):
    stack = deployed(subscription="PendingConfirmation")
    monkeypatch.setattr(preflight, "Stack", lambda *_: stack)
    assert preflight.main(preflight.Options("fl", "eu-central-1")) == 1
    said = capsys.readouterr().out
    assert "WRONG        alarm to a@example.com: not confirmed" in said
    assert said.splitlines()[-1].endswith("wrong")
