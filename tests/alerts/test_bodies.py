"""What each kind of route puts on the wire: SNS through boto3, Slack's and Teams' JSON, text."""

from __future__ import annotations

import pytest

ARN = "arn:aws:sns:eu-central-1:123456789012:finops"
TEXT = (
    "[ticket] A service costs more than it should: CDN in account 222\n"
    "- CDN cost 1,600 USD, expected were 399.50 (anomaly)"
)


def test_slack_gets_text(catalog, receiver):
    catalog.finds({})
    assert catalog.send(kind="slack") == 0
    assert receiver.requests[0].json == {"text": TEXT}


def test_teams_gets_an_adaptive_card(catalog, receiver):
    catalog.finds({})
    assert catalog.send(kind="teams") == 0
    body = receiver.requests[0].json
    assert body["type"] == "message"
    [attachment] = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["text"] for block in card["body"]] == [
        "[ticket] A service costs more than it should: CDN in account 222",
        "CDN cost 1,600 USD, expected were 399.50 (anomaly)",
    ]


def test_sns_gets_a_subject_a_text_and_attributes(catalog, receiver, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    catalog.finds({"x_Title": "Ein Dienst kostet mehr — 注意"})
    routes = f"on-call=sns:{ARN}"
    assert catalog.send("--routes", routes, "--sns_endpoint", receiver.url) == 0
    form = receiver.requests[0].form
    assert (form["Action"], form["TopicArn"]) == ("Publish", ARN)
    assert form["Subject"] == "[ticket] Ein Dienst kostet mehr ? ??: CDN in account 222"
    assert form["Message"].startswith("[ticket] Ein Dienst kostet mehr — 注意: CDN")
    assert form["MessageAttributes.entry.1.Name"] == "severity"
    assert form["MessageAttributes.entry.1.Value.StringValue"] == "ticket"


@pytest.mark.parametrize(
    ("kind", "most"), [("sns", 262_144), ("slack", 40_000), ("teams", 28_000), ("webhook", None)]
)
def test_a_digest_of_thousands_is_as_long_as_the_service_takes(
    catalog, receiver, monkeypatch, kind, most
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sentence = "Dienst „对象存储“ kostet mehr, expected were 399.50 " * 2
    catalog.finds(
        *(
            {"x_Finding": f"f{n}", "x_Account": None, "ServiceName": None, "x_Sentence": sentence}
            for n in range(4_000)
        )
    )
    route = f"on-call={kind}:{ARN if kind == 'sns' else receiver.url}"
    argv = ("--routes", route, "--sns_endpoint", receiver.url, "--max_a_day", "1")
    assert catalog.send(*argv) == 0
    [request] = receiver.requests
    if kind == "webhook":
        assert len(request.json["lines"]) == 4_000
        return
    told = request.form["Message"] if kind == "sns" else request.text
    assert most * 0.7 < len(told.encode()) < most
    lines = {
        "sns": lambda: told.splitlines(),
        "slack": lambda: request.json["text"].splitlines(),
        "teams": lambda: [
            block["text"] for block in request.json["attachments"][0]["content"]["body"]
        ],
    }[kind]()
    said = lines[-1].removeprefix("- ")
    assert said == f"and {4_000 - (len(lines) - 2):,} more: see focus_policy_findings"


def test_a_fifo_topic_can_tell_a_repeated_message(catalog, receiver, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    catalog.finds({})
    routes = f"on-call=sns:{ARN}.fifo"
    assert catalog.send("--routes", routes, "--sns_endpoint", receiver.url) == 0
    form = receiver.requests[0].form
    [record] = [one for one in catalog.records() if one["kind"] == "begun"]
    assert form["MessageDeduplicationId"] == record["message_id"]
    assert form["MessageGroupId"] == "on-call"


def test_an_sns_that_refuses_is_tried_by_the_next_run(catalog, receiver, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    receiver.answers += [500]
    catalog.finds({})
    argv = ("--routes", f"on-call=sns:{ARN}", "--sns_endpoint", receiver.url)
    assert catalog.send(*argv) == 1
    assert f"NOT DELIVERED route on-call, {ARN}" in capsys.readouterr().out
    assert catalog.send(*argv) == 0
    assert catalog.kinds() == ["begun", "failed", "sent"]


def test_standard_output_gets_the_text(catalog, capsys):
    catalog.finds({})
    assert catalog.send("--routes", "on-call=stdout") == 0
    assert TEXT in capsys.readouterr().out
