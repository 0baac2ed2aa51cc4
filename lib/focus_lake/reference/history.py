"""When which revisions counted: one line for each change of a set, appended at a refresh."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from focus_lake.storage.base import Store


@dataclass(frozen=True)
class Change:
    """From `at` (UTC text) on these revisions counted, by kind."""

    at: str
    revisions: dict[str, str]


def append(store: Store, name: str, revisions: dict[str, str]) -> None:
    """Note that the revisions of a set count from now on. Raises VersionConflict."""
    data, version = store.read(_path(name))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = json.dumps({"at": now, "revisions": revisions}, sort_keys=True) + "\n"
    store.put_if(_path(name), (data or b"") + line.encode(), version)


def changes(store: Store, name: str) -> list[Change]:
    """Every change of a set, the oldest first."""
    text = (store.read(_path(name))[0] or b"").decode()
    return [Change(**json.loads(line)) for line in text.splitlines() if line]


def _path(name: str) -> str:
    return f"checked/_history/{name}.jsonl"
