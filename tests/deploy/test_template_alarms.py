"""glue_workflow.json, walked: who is told of a failed run, a late push, a day without a refresh."""

from __future__ import annotations

import json
import re

from focus_lake.records import deliveries
from helpers.stack_template import Resolved


def test_a_failed_run_of_any_job_reaches_the_topic():
    resolved = Resolved(AlarmEmail="finops@example.com")
    rule = resolved.of("AWS::Events::Rule")["FailedRuns"]
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.glue"], ["Glue Job State Change"])
    jobs = {job["Name"] for job in resolved.of("AWS::Glue::Job").values()}
    assert set(pattern["detail"]["jobName"]) == jobs
    assert {"FAILED", "TIMEOUT", "ERROR"} <= set(pattern["detail"]["state"])
    assert [target["Arn"] for target in rule["Targets"]] == ["AlarmTopic"]
    [policy] = resolved.of("AWS::SNS::TopicPolicy").values()
    allowed = policy["PolicyDocument"]["Statement"]
    # AWS, "Using resource-based policies for EventBridge": no Condition for SNS topics.
    assert {
        (
            s["Principal"]["Service"],
            s.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn"),
        )
        for s in allowed
    } == {
        ("events.amazonaws.com", None),
        ("cloudwatch.amazonaws.com", "NotRefreshed.Arn"),
        ("cloudwatch.amazonaws.com", "DeliveryLate.Arn"),
    }
    [subscription] = resolved.of("AWS::SNS::Subscription").values()
    assert (subscription["TopicArn"], subscription["Endpoint"]) == (
        "AlarmTopic",
        "finops@example.com",
    )


def test_the_mail_of_a_failed_run_holds_nothing_that_would_have_to_be_escaped():
    """A quote in a run's message would end the text: EventBridge escapes no value it fills in."""
    [target] = Resolved().of("AWS::Events::Rule")["FailedRuns"]["Targets"]
    told = target["InputTransformer"]
    assert set(told["InputPathsMap"].values()) == {
        f"$.detail.{name}" for name in ("jobName", "jobRunId", "state")
    }
    text = told["InputTemplate"]
    assert set(re.findall(r"<(\w+)>", text)) == set(told["InputPathsMap"])
    assert "/aws-glue/fl/output" in json.loads(text)  # a JSON string, as SNS targets want it


def test_a_late_push_raises_an_alarm_although_no_run_failed():
    resolved = Resolved(AlarmEmail="finops@example.com")
    filters = resolved.of("AWS::Logs::MetricFilter").values()
    assert {one["LogGroupName"] for one in filters} == {"ErrorLogs", "OutputLogs"}
    assert {one["FilterPattern"] for one in filters} == {f'"{deliveries.LATE}"'}
    [[counted]] = {
        tuple(item["MetricName"] for item in one["MetricTransformations"]) for one in filters
    }
    alarm = resolved.of("AWS::CloudWatch::Alarm")["DeliveryLate"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("focus_lake", counted)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["AlarmActions"] == ["AlarmTopic"]


def test_a_day_without_a_refresh_raises_the_alarm():
    resolved = Resolved()
    alarm = resolved.of("AWS::CloudWatch::Alarm")["NotRefreshed"]
    assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": "Refreshed"}]
    assert (alarm["TreatMissingData"], alarm["AlarmActions"]) == ("breaching", ["AlarmTopic"])
    detail = resolved.of("AWS::Events::Rule")["Refreshed"]["EventPattern"]["detail"]
    assert detail == {"jobName": ["fl-refresh"], "state": ["SUCCEEDED"]}


def test_events_reach_the_log_by_an_arn_without_a_star():
    [target] = Resolved().of("AWS::Events::Rule")["Refreshed"]["Targets"]
    assert target["Arn"].endswith(":log-group:RefreshedLog")  # its name
