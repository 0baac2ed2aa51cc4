"""What a run says: progress on a terminal, one JSON object a line everywhere else (stderr)."""

from __future__ import annotations

import getpass
import json
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO


def utc_now() -> str:
    """Now, as text: UTC, milliseconds, ``2026-02-01T03:04:05.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_text(time: datetime | None) -> str | None:
    """A UTC time without zone in the same form; null stays null."""
    return None if time is None else f"{time.isoformat(timespec='milliseconds')}Z"


def local_user() -> str:
    """Who works here, as user@machine."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"unknown@{socket.gethostname()}"


@dataclass(frozen=True)
class Author:
    """On whose account a change is written down."""

    who: str = field(default_factory=local_user)
    run_id: str = ""


class Log:
    """Writes events with the run's id; ``bind`` adds fields such as provider and batch."""

    def __init__(self, stream: TextIO | None = None, fields: dict | None = None):
        self.stream = stream or sys.stderr
        self.fields = fields or {"run_id": uuid.uuid4().hex[:12]}

    @property
    def run_id(self) -> str:
        return self.fields["run_id"]

    def bind(self, **fields: object) -> Log:
        return Log(self.stream, {**self.fields, **fields})

    def event(self, event: str, level: str = "info", **details: object) -> None:
        if self.stream.isatty():
            self._show(event, level, details)
            return
        line = {"time": utc_now(), "level": level, "event": event, **self.fields, **details}
        print(json.dumps(line, ensure_ascii=False, default=str), file=self.stream, flush=True)

    @contextmanager
    def timed(self, event: str, **details: Any) -> Iterator[dict[str, Any]]:
        """Log the event with its seconds when the block ends; details may be added to the dict."""
        start = time.perf_counter()
        yield details
        self.event(event, seconds=round(time.perf_counter() - start, 3), **details)

    def _show(self, event: str, level: str, details: dict) -> None:
        names = ("provider", "yearmonth", "batch_ts")
        where = "/".join(str(self.fields[name]) for name in names if name in self.fields)
        if details.get("rows") and details.get("seconds"):
            details = {**details, "rows/s": round(details["rows"] / details["seconds"])}
        shown = "  ".join(f"{key} {_short(value)}" for key, value in details.items())
        mark = "" if level == "info" else f"{level.upper()} "
        print(f"  {mark}{where:<32} {event:<12} {shown}", file=self.stream, flush=True)


class Progress:
    """A line on a terminal that is written over while something takes long; nothing elsewhere.

    It comes after `after` seconds and goes when the block ends, so that what stays is the outcome.
    """

    def __init__(self, what: str, after: float = 2.0, stream: TextIO | None = None):
        self.what, self.after = what, after
        self.stream = stream or sys.stderr
        self._began, self._width = time.monotonic(), 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._write("")

    def step(self, done: int, of: int, name: str = "") -> None:
        """Say that `done` of `of` are done and what is next."""
        if time.monotonic() - self._began >= self.after and self.stream.isatty():
            self._write(f"  {self.what}: {done} of {of} {name}"[:78])

    def _write(self, text: str) -> None:
        if text or self._width:
            print(
                f"\r{text:<{self._width}}", end="" if text else "\r", file=self.stream, flush=True
            )
        self._width = len(text)


def _short(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int | float) else str(value)
