"""Findings grouped into messages: one for each route, severity, account and service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from focus_lake.alerts.findings import Finding


@dataclass(frozen=True)
class Message:
    """What is sent at once. id: the same for the same findings of a day, so that a receiver can
    tell a repeated delivery from a new message."""

    id: str
    route: str
    severity: str
    title: str
    lines: tuple[str, ...]
    findings: tuple[dict[str, Any], ...] = field(default=())
    is_digest: bool = False

    @property
    def text(self) -> str:
        return "\n".join([self.title, *(f"- {line}" for line in self.lines)])

    def as_record(self) -> dict[str, Any]:
        return {
            "message_id": self.id,
            "route": self.route,
            "severity": self.severity,
            "title": self.title,
            "lines": list(self.lines),
            "findings": list(self.findings),
            "is_digest": self.is_digest,
        }


def of_record(record: dict[str, Any]) -> Message:
    return Message(
        record["message_id"],
        record["route"],
        record["severity"],
        record["title"],
        tuple(record["lines"]),
        tuple(record["findings"]),
        record["is_digest"],
    )


def grouped(findings: Iterable[Finding], day: date) -> list[Message]:
    """A message a group, in the findings' order."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        place = (one.account or "", one.service or "")
        group = place if any(place) else (one.policy, one.finding)
        groups.setdefault((one.route, one.severity, *group), []).append(one)
    return [_message(group, _title(group), day) for group in groups.values()]


def digest(messages: list[Message], day: date) -> Message:
    """One message in the place of many."""
    first = messages[0]
    severity = "page" if any(one.severity == "page" for one in messages) else "ticket"
    findings = [finding for one in messages for finding in one.findings]
    lines = tuple(line for one in messages for line in one.lines)
    title = f"[{severity}] {len(lines)} more findings today, in one message"
    return Message(
        _id(first.route, findings, day), first.route, severity, title, lines, tuple(findings), True
    )


def capped(messages: list[Message], sent: dict[str, int], most: int, day: date) -> list[Message]:
    """At most so many messages a route and day, the last of them a digest of the rest.

    sent: messages of today by route. Where none is left, the rest waits for tomorrow.
    """
    kept: list[Message] = []
    for route in dict.fromkeys(one.route for one in messages):
        ours = [one for one in messages if one.route == route]
        left = most - sent.get(route, 0)
        if len(ours) <= left:
            kept += ours
        elif left > 0:
            kept += [*ours[: left - 1], digest(ours[left - 1 :], day)]
    return kept


def _message(group: list[Finding], title: str, day: date) -> Message:
    first = group[0]
    records = [one.as_record() for one in group]
    lines = tuple(f"{one.sentence} ({one.policy})" for one in group)
    return Message(
        _id(first.route, records, day), first.route, first.severity, title, lines, tuple(records)
    )


def _title(group: list[Finding]) -> str:
    first = group[0]
    where = " in account ".join(filter(None, (first.service, first.account)))
    if not first.service and first.account:
        where = f"account {first.account}"
    count = f" ({len(group)} findings)" if len(group) > 1 else ""
    return f"[{first.severity}] {first.title}{f': {where}' if where else ''}{count}"


def _id(route: str, findings: list[dict[str, Any]], day: date) -> str:
    parts = sorted(f"{one['policy']}|{one['finding']}|{one.get('level')}" for one in findings)
    return hashlib.sha256("\n".join([route, str(day), *parts]).encode()).hexdigest()[:32]
