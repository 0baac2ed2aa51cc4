"""The alerts job: each finding once, on its route, quiet where it must be, none lost."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from focus_lake.alerts import job
from focus_lake.alerts.outbox import LOCK, Busy
from focus_lake.errors import OptionsError, StorageError
from focus_lake.options import parse


def test_a_finding_is_said_once_and_again_when_its_level_changes(catalog, receiver):
    catalog.finds({"x_Level": "warning"})
    assert catalog.send() == 0
    assert catalog.send() == 0
    assert len(receiver.requests) == 1
    catalog.finds({"x_Level": "critical"})
    assert catalog.send() == 0
    assert [r.json["findings"][0]["level"] for r in receiver.requests] == ["warning", "critical"]
    assert receiver.requests[0].json["message_id"] != receiver.requests[1].json["message_id"]


def test_a_finding_that_ended_and_came_back_is_said_again_as_a_new_message(catalog, receiver):
    catalog.finds({})
    assert catalog.send() == 0
    catalog.finds()
    assert catalog.send(today="2026-01-17") == 0
    assert catalog.send(today="2026-01-17") == 0
    catalog.finds({})
    assert catalog.send(today="2026-01-20") == 0
    assert catalog.send(today="2026-01-21") == 0
    first, second = receiver.requests
    assert first.json["findings"] == second.json["findings"]
    assert first.json["message_id"] != second.json["message_id"]
    assert catalog.kinds() == ["begun", "sent", "ended", "begun", "sent"]


def test_a_finding_that_is_quiet_or_not_spoken_of_has_not_ended(catalog, receiver):
    catalog.finds({})
    assert catalog.send() == 0
    for meanwhile in ({"x_IsQuiet": True}, {"x_Mode": "shadow"}):
        catalog.finds(meanwhile)
        assert catalog.send() == 0
    catalog.finds({})
    assert catalog.send() == 0
    assert len(receiver.requests) == 1


def test_an_answer_that_is_not_http_is_tried_by_the_next_run(catalog, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        threading.Thread(target=answer, daemon=True).start()
        catalog.finds({})
        route = f"on-call=webhook:http://127.0.0.1:{server.getsockname()[1]}/"
        assert catalog.send("--routes", route) == 1
    assert "NOT DELIVERED route on-call, 127.0.0.1: SSH-2.0-OpenSSH_9.6" in capsys.readouterr().out
    assert catalog.kinds() == ["begun", "failed"]


def test_the_body_says_what_where_and_how_much(catalog, receiver):
    catalog.finds({})
    catalog.send()
    [request] = receiver.requests
    assert request.path == "/a"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["idempotency-key"] == request.json["message_id"]
    assert (
        request.json["title"] == "[ticket] A service costs more than it should: CDN in account 222"
    )
    assert request.json["lines"] == ["CDN cost 1,600 USD, expected were 399.50 (anomaly)"]
    [finding] = request.json["findings"]
    assert (finding["amount"], finding["currency"]) == ("1200.500000000000000000", "USD")
    assert finding["day"] == "2026-01-15"


def test_findings_of_one_account_and_service_are_one_message(catalog, receiver):
    catalog.finds(
        {"x_Finding": "one"},
        {"x_Finding": "two"},
        {"x_Finding": "three", "x_Account": "333"},
        {"x_Finding": "four", "x_Route": "finance"},
    )
    assert catalog.send() == 0
    told = sorted((r.path, len(r.json["findings"])) for r in receiver.requests)
    assert told == [("/a", 1), ("/a", 2), ("/b", 1)]


@pytest.mark.parametrize(
    ("finding", "kind"),
    [
        ({"x_Mode": "shadow"}, "shadow"),
        ({"x_Mode": "canary"}, "shadow"),
        ({"x_ActiveFrom": "2026-01-17"}, "shadow"),
        ({"x_ActiveUntil": "2026-01-15"}, "shadow"),
        ({"x_IsQuiet": True}, "quiet"),
    ],
)
def test_what_does_not_speak_is_recorded_once(catalog, receiver, finding, kind):
    catalog.finds(finding)
    assert catalog.send() == 0
    assert catalog.send() == 0
    assert receiver.requests == []
    assert catalog.kinds() == [kind]


def test_a_canary_speaks_of_named_scopes(catalog, receiver):
    catalog.finds({"x_Mode": "canary", "x_IsNamed": True})
    assert catalog.send() == 0
    assert len(receiver.requests) == 1


def test_a_recorded_finding_is_said_when_its_policy_becomes_active(catalog, receiver):
    catalog.finds({"x_ActiveFrom": "2026-01-17"})
    catalog.send(today="2026-01-16")
    catalog.send(today="2026-01-17")
    assert len(receiver.requests) == 1
    assert catalog.kinds() == ["shadow", "begun", "sent"]


def test_beyond_the_days_number_the_rest_is_one_digest_pages_first(catalog, receiver):
    ids = range(6)
    catalog.finds(
        *({"x_Finding": f"f{n}", "x_Account": str(n), "x_Amount": str(100 - n)} for n in ids),
        {"x_Finding": "p", "x_Account": "9", "x_Amount": "1", "x_Severity": "page"},
    )
    assert catalog.send("--max_a_day", "3") == 0
    assert [len(r.json["findings"]) for r in receiver.requests] == [1, 1, 5]
    assert receiver.requests[0].json["severity"] == "page"
    assert receiver.requests[2].json["title"] == "[ticket] 5 more findings today, in one message"
    catalog.finds({"x_Finding": "late"})
    assert catalog.send("--max_a_day", "3") == 0  # waits, and is not lost
    assert len(receiver.requests) == 3
    assert catalog.send("--max_a_day", "3", today="2026-01-17") == 0
    assert receiver.requests[3].json["findings"][0]["finding"] == "late"


def test_a_webhook_that_answers_500_is_tried_again_and_then_by_the_next_run(
    catalog, receiver, capsys
):
    receiver.answers += [500, 503]
    catalog.finds({})
    assert catalog.send() == 1
    assert "NOT DELIVERED route on-call, 127.0.0.1: answered 500 said so" in capsys.readouterr().out
    assert catalog.send() == 1
    assert catalog.send() == 0
    assert catalog.send() == 0
    ids = [r.headers["idempotency-key"] for r in receiver.requests]
    assert (len(ids), len(set(ids))) == (3, 1)  # once delivered, and known as the same message
    assert catalog.kinds() == ["begun", "failed", "failed", "sent"]


def test_within_a_run_a_delivery_is_tried_again(catalog, receiver, monkeypatch):
    waits = []
    monkeypatch.setattr("focus_lake.alerts.routes.Delivery.wait", waits.append, raising=False)
    monkeypatch.setattr("time.sleep", waits.append)
    receiver.answers += [500, 500]
    catalog.finds({})
    assert catalog.send("--attempts", "3") == 0
    assert len(receiver.requests) == 3
    assert catalog.kinds() == ["begun", "sent"]


def test_a_webhook_that_times_out_is_tried_by_the_next_run(catalog, receiver, capsys):
    receiver.answers += [1.5]
    catalog.finds({})
    assert catalog.send("--timeout", "1") == 1
    assert "timed out" in capsys.readouterr().out
    assert catalog.send() == 0
    assert len({r.headers["idempotency-key"] for r in receiver.requests}) == 1


def test_a_redirect_is_not_followed(catalog, receiver):
    receiver.answers += [302]
    catalog.finds({})
    assert catalog.send() == 1
    assert [r.path for r in receiver.requests] == ["/a"]


def test_a_run_that_died_while_it_sent_leaves_a_message_that_is_sent_again(
    catalog, receiver, monkeypatch
):
    catalog.finds({})

    def die(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("focus_lake.alerts.routes.Delivery.deliver", die)
        catalog.send()
    assert catalog.kinds() == ["begun"]
    catalog.finds()  # even if the finding is gone meanwhile
    assert catalog.send() == 0
    assert len(receiver.requests) == 1


def test_a_route_that_nobody_named_is_said_and_its_findings_wait(catalog, receiver, capsys):
    catalog.finds({"x_Route": "board"})
    assert catalog.send() == 1
    assert (
        "policy anomaly speaks on the route board, which --routes does not name: add "
        "board=KIND:TARGET to it" in capsys.readouterr().out
    )
    assert catalog.send("--routes", f"board=webhook:{receiver.url}/c") == 0
    assert [r.path for r in receiver.requests] == ["/c"]


def test_of_two_runs_at_once_the_second_ends(catalog):
    catalog.finds({})
    (catalog.lake / "alerts").mkdir()
    mark = {"run_id": "other", "since": "2999-01-01T00:00:00.000Z"}
    (catalog.lake / LOCK).write_text(json.dumps(mark))
    with pytest.raises(Busy, match="run other has been sending alerts since 2999"):
        catalog.send()
    mark["since"] = "2020-01-01T00:00:00.000Z"  # that one died
    (catalog.lake / LOCK).write_text(json.dumps(mark))
    assert catalog.send() == 0
    assert catalog.send() == 0  # it left no mark that holds up the next run


def test_a_run_whose_place_was_taken_sends_no_more_and_leaves_the_others_mark(
    catalog, receiver, monkeypatch
):
    catalog.finds({"x_Account": "1"}, {"x_Account": "2", "x_Finding": "second"})
    mark = json.dumps({"run_id": "other", "since": "2999-01-01T00:00:00.000Z"})
    deliver = job.Delivery.deliver

    def slowly(*args):
        deliver(*args)
        (catalog.lake / LOCK).write_text(mark)  # an hour has passed, and another run began

    monkeypatch.setattr(job.Delivery, "deliver", slowly)
    with pytest.raises(Busy, match="because this one took too long"):
        catalog.send()
    assert len(receiver.requests) == 1
    assert (catalog.lake / LOCK).read_text() == mark


def test_a_broken_record_of_what_was_sent_stops_the_job(catalog, receiver):
    catalog.finds({})
    catalog.send()
    [file] = catalog.lake.glob("alerts/*/*.jsonl")
    file.write_text("{broken\n")
    with pytest.raises(StorageError, match="line 1: not a line of alerts"):
        catalog.send()
    assert len(receiver.requests) == 1


def test_a_dry_run_says_what_it_would_send_and_changes_nothing(catalog, receiver, capsys):
    catalog.finds({})
    before = sorted(catalog.lake.rglob("*"))
    assert catalog.send("--dry_run", "true") == 0
    assert "on-call: [ticket] A service costs more" in capsys.readouterr().out
    assert (receiver.requests, sorted(catalog.lake.rglob("*"))) == ([], before)


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ("on-call=slack:http://hooks.example.com/x", "http://hooks.example.com is not https"),
        (
            "on-call=teams:ftp://example.com",
            "its webhook is not an https:// URL; write on-call=KIND:https://",
        ),
        ("on-call=sns:topic", "'topic' is not the ARN of an SNS topic; write arn:aws:sns:"),
        ("on-call=mail:a@example.com", "KIND is one of sns, slack, teams, webhook, stdout"),
        ("a=stdout,a=stdout", "a is given twice"),
    ],
)
def test_routes_that_cannot_be_used_are_wrong_options(catalog, routes, said):
    catalog.finds({})
    with pytest.raises(OptionsError, match=said):
        catalog.send("--routes", routes)


def test_a_day_that_is_none_is_a_wrong_option(catalog):
    with pytest.raises(OptionsError, match="--today tomorrow"):
        catalog.send(today="tomorrow")


def test_the_run_stands_in_the_history(catalog):
    catalog.finds({}, {"x_Finding": "b", "x_Mode": "shadow"})
    catalog.send()
    [file] = catalog.lake.glob("runs/send_alerts/*.jsonl")
    line = json.loads(file.read_text())
    assert line["exit_code"] == 0
    assert line["counts"] == {"sent": 1, "failed": 0, "recorded": 1, "known": 0, "waiting": 0}


def test_an_unknown_engine_is_a_wrong_option(tmp_path):
    with pytest.raises(OptionsError, match="--engine oracle"):
        job.main(parse(job.AlertOptions, ["--engine", "oracle", "--lake", str(tmp_path)]))
