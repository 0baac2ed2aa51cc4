"""The publishing job: folders of a day and `latest`, and one mail a month, never none for none."""

from __future__ import annotations

import base64
import json
from email import message_from_bytes, policy

import pytest

from focus_lake.errors import OptionsError
from focus_lake.options import parse
from focus_lake.report import publish
from helpers.catalog import refresh
from helpers.lakes import Lake, governed
from helpers.receiver import Receiver

pytestmark = pytest.mark.thorough

MAIL = ("--board_to", "a@example.com,b@example.com", "--board_from", "c@example.com")


@pytest.fixture(scope="module")
def governed_lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    governed(lake)
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


@pytest.fixture
def ses(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    receiver = Receiver()
    yield receiver
    receiver.close()


def run(lake, *more: str, today: str = "2026-02-05") -> int:
    options = ["--engine", "duckdb", "--lake", str(lake), "--today", today, *more]
    return publish.main(parse(publish.PublishOptions, options))


def mailed(request) -> list:
    raw = base64.b64decode(request.json["Content"]["Raw"]["Data"])
    return list(message_from_bytes(raw, policy=policy.default).walk())


def test_pages_and_one_board_report_a_month_to_all_people(governed_lake, ses):
    lake = governed_lake
    gone = lake / "reports" / "latest" / "statements" / "gone.html"
    gone.parent.mkdir(parents=True)
    gone.write_text("a department of yesterday")
    ses.answers += [400]
    options = (*MAIL, "--ses_endpoint", ses.url, "--region", "eu-central-1")

    assert run(lake, *options, today="2026-02-04") == 0  # too early in the month
    assert ses.requests == []
    assert run(lake, *options) == 1  # SES refuses: said, and tried again
    assert run(lake, *options, today="2026-02-06") == 0
    assert run(lake, *options, today="2026-02-07") == 0  # sent already

    refused, sent = ses.requests
    assert sent.json["Destination"] == {"ToAddresses": ["a@example.com", "b@example.com"]}
    assert sent.json["FromEmailAddress"] == "c@example.com"
    attached = {part.get_filename(): part for part in mailed(sent) if part.get_filename()}
    assert {name: part.get_content_type() for name, part in attached.items()} == {
        "board.html": "text/html",
        "board.pdf": "application/pdf",
    }
    kept = (lake / "reports" / "board" / "202601" / "board.pdf").read_bytes()
    assert attached["board.pdf"].get_content() == kept
    assert kept.startswith(b"%PDF-")
    mark = json.loads((lake / "reports" / "board" / "202601" / "sent.json").read_text())
    assert (mark["to"], mark["message_id"]) == (["a@example.com", "b@example.com"], "m-1")

    assert not gone.exists()
    pages = {p.name for p in (lake / "reports" / "latest").glob("*.html")}
    assert {"index.html", "executive.html", "on-call.html", "debug.html", "board.html"} <= pages
    assert pages == {p.name for p in (lake / "reports" / "20260205").glob("*.html")}
    [history] = (lake / "runs" / "publish_reports").glob("*.jsonl")
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert [line["exit_code"] for line in lines] == [0, 1, 0, 0]
    assert [line["counts"].get("mails") for line in lines] == [0, None, 1, 0]
    assert "SES must have verified c@example.com" in lines[1]["refusals"][0]


def test_names_of_accounts_stay_hidden_unless_told_otherwise(governed_lake, monkeypatch):
    asked, ask = [], publish.ask
    monkeypatch.setattr(publish, "ask", lambda *of: asked.append(of[2]) or ask(*of))
    assert run(governed_lake) == 0
    assert run(governed_lake, "--masked", "false") == 0
    assert asked == [True, False]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--board_to", "a@example.com"), "--board_to needs --board_from"),
        (
            ("--board_to", "somebody", "--board_from", "c@example.com"),
            "'somebody' is not an address",
        ),
        (("--board_day", "31"), "--board_day 31: write a day from 1 to 28"),
        (("--board_by", "pigeon"), "--board_by pigeon: write attachment or link"),
        (
            ("--board_by", "link"),
            "is not on S3, nobody could open a link to it; write --board_by attachment",
        ),
        (("--engine", "oracle"), "--engine oracle"),
        (("--today", "soon"), "--today soon"),
    ],
)
def test_options_that_cannot_be_used_are_refused(tmp_path, options, said):
    given = {"--engine": "duckdb", "--lake": str(tmp_path)}
    given |= dict(zip(options[::2], options[1::2], strict=True))
    with pytest.raises(OptionsError, match=said):
        publish.main(parse(publish.PublishOptions, [w for pair in given.items() for w in pair]))
