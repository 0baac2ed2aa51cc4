"""Routes: where messages go. ``--routes on-call=sns:ARN,finance=slack:https://..,log=stdout``.

Kinds: ``sns:TOPIC_ARN``; ``slack:URL``, ``teams:URL`` and ``webhook:URL`` (our own JSON), whose URL
may be ``secret:NAME``, a secret of AWS Secrets Manager; ``stdout``. URLs are https; http is taken
for this machine alone, to try things out.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from focus_lake.alerts.messages import Message
from focus_lake.errors import FocusLakeError, OptionsError

KINDS = ("sns", "slack", "teams", "webhook", "stdout")
ARN = re.compile(r"arn:[a-z-]+:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]+")
LOCAL = ("127.0.0.1", "localhost", "::1")
SUBJECT = 100  # characters of a subject, by SNS
# Bytes of lines that a service takes, by its documentation: SNS refuses messages above 256 KB,
# Teams above 28 KB, Slack cuts above 40,000 characters. A refused one would be tried for ever.
MOST = {"sns": 240_000, "slack": 36_000, "teams": 25_000}
AROUND = {"sns": 3, "slack": 4, "teams": 60}  # bytes that each line takes besides its own


class Undelivered(FocusLakeError):
    """A message did not arrive; the next run tries again."""


@dataclass(frozen=True)
class Route:
    """name: as policies call it; target: ARN, URL, or secret:NAME."""

    name: str
    kind: str
    target: str = ""


@dataclass(frozen=True)
class Delivery:
    """How messages are delivered: seconds a call may take, calls a message, services' addresses."""

    timeout: float = 10
    attempts: int = 3
    sns_endpoint: str = ""
    wait: Callable[[float], None] = time.sleep

    def deliver(self, message: Message, route: Route) -> None:
        """Send a message, again where that can help; Undelivered with the last reason."""
        for attempt in range(1, self.attempts + 1):
            try:
                self._send(message, route)
                return
            except Undelivered:
                if attempt == self.attempts:
                    raise
                self.wait(2 ** (attempt - 1))

    def _send(self, message: Message, route: Route) -> None:
        if route.kind == "stdout":
            print(message.text, flush=True)
        elif route.kind == "sns":
            self._publish(message, route)
        else:
            self._post(message, route)

    def _publish(self, message: Message, route: Route) -> None:
        import boto3  # needed for this kind of route alone
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError  # a proxy's page instead of an answer

        found = ARN.fullmatch(route.target)
        short = Config(
            connect_timeout=self.timeout, read_timeout=self.timeout, retries={"max_attempts": 0}
        )
        more: dict[str, Any] = {}
        if route.target.endswith(".fifo"):
            more = {"MessageGroupId": route.name, "MessageDeduplicationId": message.id}
        try:
            client = boto3.client(
                "sns",
                region_name=found[1] if found else None,
                endpoint_url=self.sns_endpoint or None,
                config=short,
            )
            client.publish(
                TopicArn=route.target,
                Subject=_subject(message.title),
                Message=fitting(message, route.kind).text,
                MessageAttributes={
                    "severity": {"DataType": "String", "StringValue": message.severity},
                    "message_id": {"DataType": "String", "StringValue": message.id},
                },
                **more,
            )
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise Undelivered(f"route {route.name}, {route.target}: {error}") from error

    def _post(self, message: Message, route: Route) -> None:
        url = _url(route)
        request = urllib.request.Request(
            url,
            data=json.dumps(body(message, route.kind), ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Idempotency-Key": message.id,
                "User-Agent": "focus_lake",
            },
            method="POST",
        )
        where = f"route {route.name}, {urllib.parse.urlsplit(url).hostname}"
        try:
            with _opener().open(request, timeout=self.timeout) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(200).decode("utf-8", "replace").strip()
            raise Undelivered(f"{where}: answered {error.code} {said}".strip()) from error
        except (OSError, http.client.HTTPException) as error:
            # URLError, a timeout, a broken connection; an answer that is not HTTP
            why = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise Undelivered(f"{where}: {why}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A hook that moved is an error: what we send must not go to an address nobody chose."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def parse(texts: Iterable[str]) -> dict[str, Route]:
    """Routes by name; OptionsError for one that cannot be used."""
    routes: dict[str, Route] = {}
    for text in texts:
        name, equals, place = text.partition("=")
        kind, _, target = place.partition(":")
        if not equals or not name or kind not in KINDS:
            raise OptionsError(
                f"--routes {text}: write NAME=KIND:TARGET, where KIND is one of {', '.join(KINDS)}"
            )
        if name in routes:
            raise OptionsError(f"--routes: {name} is given twice")
        route = Route(name, kind, target)
        _check(route)
        routes[name] = route
    return routes


def _check(route: Route) -> None:
    if route.kind == "sns" and not ARN.fullmatch(route.target):
        raise OptionsError(
            f"--routes {route.name}: {route.target!r} is not the ARN of an SNS topic; write "
            "arn:aws:sns:REGION:ACCOUNT:TOPIC"
        )
    if route.kind in ("slack", "teams", "webhook") and not route.target.startswith("secret:"):
        check_url(route.name, route.target)


def check_url(name: str, url: str) -> str:
    """The URL, if messages may be sent there; OptionsError if not."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        # The address is not told: whoever knows it may post there.
        raise OptionsError(
            f"--routes {name}: the address of its webhook is not an https:// URL; write "
            f"{name}=KIND:https://.. or {name}=KIND:secret:NAME"
        )
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        raise OptionsError(
            f"--routes {name}: http://{parts.hostname} is not https; what bills say does not go "
            "over the network unencrypted"
        )
    return url


def _url(route: Route) -> str:
    if not route.target.startswith("secret:"):
        return route.target
    import boto3  # needed for secrets alone
    from botocore.exceptions import BotoCoreError, ClientError

    secret = route.target.removeprefix("secret:")
    try:
        found = boto3.client("secretsmanager").get_secret_value(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        raise Undelivered(f"route {route.name}: secret {secret}: {error}") from error
    if "SecretString" not in found:
        raise Undelivered(
            f"route {route.name}: secret {secret} holds no text; store the URL as text"
        )
    return check_url(route.name, found["SecretString"].strip())


def _subject(title: str) -> str:
    """What SNS takes as a subject: ASCII, one line, at most a hundred characters."""
    plain = title.encode("ascii", "replace").decode().replace("\n", " ").strip()
    return plain if len(plain) <= SUBJECT else f"{plain[: SUBJECT - 3]}..."


def fitting(message: Message, kind: str) -> Message:
    """The message with as many lines as the service takes; the last one tells of the others."""
    room, kept = MOST.get(kind), []
    for line in message.lines:
        if room is not None:
            room -= len(json.dumps(line, ensure_ascii=False).encode()) + AROUND[kind]
            if room < 0:
                break
        kept.append(line)
    if left := len(message.lines) - len(kept):
        kept.append(f"and {left:,} more: see focus_policy_findings")
    return replace(message, lines=tuple(kept))


def body(message: Message, kind: str) -> dict[str, Any]:
    """The JSON that a webhook of the kind understands."""
    if kind == "slack":
        return {"text": fitting(message, kind).text}
    if kind == "teams":
        return _adaptive_card(fitting(message, kind))
    return message.as_record()


def _adaptive_card(message: Message) -> dict[str, Any]:
    """What Microsoft Teams' Workflows take: a message with one adaptive card."""
    title = {"type": "TextBlock", "text": message.title, "weight": "Bolder", "wrap": True}
    lines = [{"type": "TextBlock", "text": line, "wrap": True} for line in message.lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *lines],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}
