"""What was said: ``<lake>/alerts/<YYYYMM>/<time>-<run>.jsonl``, a file a run, lines only added.

A message is written down before it is sent (``begun``) and after it (``sent``, or ``failed`` with
the reason). One that was begun and never sent is sent again by the next run, as it was written and
under the same id. Findings that are only recorded (``shadow``, ``quiet``) are lines, too, and so
are those that were said and are no more (``ended``): should one come back, it is new.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from focus_lake.alerts.findings import Finding
from focus_lake.alerts.messages import Message, of_record
from focus_lake.errors import FocusLakeError, StorageError, VersionConflict
from focus_lake.log import utc_now
from focus_lake.storage import Store

FOLDER = "alerts"
LOCK = f"{FOLDER}/_running.json"
BROKEN_OFF = timedelta(hours=1)  # a lock older than that is of a run that died


class Busy(FocusLakeError):
    """Another run is sending right now."""


class Outbox:
    """The alerts of one lake, as they were when this run began, and this run's own file."""

    def __init__(self, lake: Store, run_id: str):
        self._lake, self._run = lake, run_id
        started = utc_now()
        # To the millisecond: files are read by name, in the order in which they were written.
        stamp = "".join(sign for sign in started if sign.isdigit())
        self._path = f"{FOLDER}/{stamp[:6]}/{stamp}-{run_id}.jsonl"
        self._own: list[dict[str, Any]] = []
        self._version: str | None = None
        self.said: dict[tuple[str, str], str | None] = {}
        self._recorded: set[tuple[str, str, str | None, str]] = set()
        self._waiting: dict[str, Message] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        for record in self._read():
            self._take(record)

    def _read(self) -> Iterable[dict[str, Any]]:
        for entry in sorted(self._lake.list(FOLDER), key=lambda one: one.path):
            if not entry.path.endswith(".jsonl"):
                continue
            text = (self._lake.read(entry.path)[0] or b"").decode("utf-8")
            for number, line in enumerate(text.splitlines(), 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise StorageError(
                        f"{self._lake.url(entry.path)} line {number}: not a line of alerts "
                        f"({error}); "
                        "restore the file from a backup: without it alerts would be sent twice"
                    ) from error

    def _take(self, record: dict[str, Any]) -> None:
        kind = record["kind"]
        if kind == "begun":
            message = of_record(record)
            self._waiting[message.id] = message
            self._counts[message.route, record["day_sent"]] += 1
            for one in message.findings:
                self.said[one["policy"], one["finding"]] = one.get("level")
        elif kind == "sent":
            self._waiting.pop(record["message_id"], None)
        elif kind == "ended":
            self.said.pop((record["policy"], record["finding"]), None)
        elif kind != "failed":
            self._recorded.add((record["policy"], record["finding"], record.get("level"), kind))

    def waiting(self) -> list[Message]:
        """Messages of earlier runs that were not delivered, oldest first."""
        return list(self._waiting.values())

    def sent_on(self, day: str) -> dict[str, int]:
        """Messages of a day, by route."""
        return {route: count for (route, on), count in self._counts.items() if on == day}

    def is_new(self, one: Finding) -> bool:
        """Whether it was never said, or at another level."""
        return one.key not in self.said or self.said[one.key] != one.level

    def record(self, one: Finding, kind: str) -> bool:
        """Note a finding that is not said; False if it stands there already."""
        if (*one.key, one.level, kind) in self._recorded:
            return False
        self._recorded.add((*one.key, one.level, kind))
        self._own.append(self._stamped({"kind": kind, **one.as_record()}))
        return True

    def end_others(self, found: Iterable[Finding]) -> None:
        """Note which findings were said and are no more."""
        for policy, finding in sorted(self.said.keys() - {one.key for one in found}):
            record = self._stamped({"kind": "ended", "policy": policy, "finding": finding})
            self._own.append(record)
            self._take(record)

    def begin(self, message: Message, day: str) -> None:
        """Write a new message down before it is sent."""
        record = self._stamped({"kind": "begun", "day_sent": day, **message.as_record()})
        self._own.append(record)
        self._take(record)
        self.write()

    def end(self, message: Message, error: str | None) -> None:
        """Note how the delivery ended."""
        record: dict[str, Any] = {"kind": "failed" if error else "sent"}
        record |= {"message_id": message.id, "route": message.route}
        if error:
            record["error"] = error
        self._own.append(self._stamped(record))
        self._take(record)
        self.write()

    def write(self) -> None:
        """Put this run's lines into its file."""
        if not self._own:
            return
        lines = (json.dumps(record, ensure_ascii=False, default=str) for record in self._own)
        data = "".join(f"{line}\n" for line in lines).encode()
        self._version = self._lake.put_if(self._path, data, self._version)

    def _stamped(self, record: dict[str, Any]) -> dict[str, Any]:
        return {"at": utc_now(), "run_id": self._run, **record}


class Lock:
    """One run at a time: of two that begin together the second one says so and ends.

    The mark is only ever changed from the version that this run wrote: a run that took too long,
    and whose place another one took, neither sends on nor removes the other's mark.
    """

    def __init__(self, lake: Store, run_id: str):
        self._lake, self._run = lake, run_id
        self._version: str | None = None

    def __enter__(self) -> Lock:
        data, self._version = self._lake.read(LOCK)
        held = json.loads(data) if data else {"until": utc_now()}
        if "until" not in held:
            since = datetime.fromisoformat(held["since"])
            if datetime.now(UTC) - since < BROKEN_OFF:
                raise Busy(
                    f"run {held['run_id']} has been sending alerts since {held['since']}; wait "
                    f"for it, or remove {self._lake.url(LOCK)} if it has died"
                )
        try:
            self._mark()
        except VersionConflict:
            raise Busy(
                "another run began to send alerts at this moment; it says what is new"
            ) from None
        return self

    def renew(self) -> None:
        """Say that this run still lives; Busy if another one took its place meanwhile."""
        try:
            self._mark()
        except VersionConflict:
            raise Busy(
                "another run began to send alerts because this one took too long; what is left "
                "is said by the next run"
            ) from None

    def __exit__(self, *error: object) -> None:
        with suppress(VersionConflict):  # it is the mark of a run that took this one's place
            self._mark(until=utc_now())

    def _mark(self, **more: str) -> None:
        mark = {"run_id": self._run, "since": utc_now(), **more}
        self._version = self._lake.put_if(LOCK, json.dumps(mark).encode(), self._version)
