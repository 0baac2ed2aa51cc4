"""Manifests: the files in which a provider names what belongs to a batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from focus_lake.declare.model import Layout, ManifestLayout
from focus_lake.errors import BatchRejected
from focus_lake.storage.base import Entry, Store

LARGEST = 64 * 1024 * 1024  # bytes; a manifest is a list of names


@dataclass
class Manifest:
    """What one manifest says. names: of data files, without folders; rows: by name, if it says."""

    entry: Entry
    names: set[str] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)
    time: datetime | None = None  # UTC
    version: str | None = None
    fault: str | None = None


def read(raw: Store, entry: Entry, layout: Layout) -> Manifest:
    """The manifest at entry; what is wrong with its content stands in ``fault``."""
    found = Manifest(entry)
    keys = layout.manifest
    try:
        if entry.size > LARGEST:
            raise BatchRejected(
                "broken_manifest", f"{entry.size:,} bytes are too many for a manifest"
            )
        for table in _tables(json.loads(raw.read(entry.path)[0] or b"")):
            if keys is not None:
                _note(found, table, keys, layout)
    except (ValueError, RecursionError, BatchRejected) as error:
        found.fault = f"the manifest cannot be read: {error}"
        return found
    if not found.names:
        found.fault = "the manifest names no data file"
    return found


def _tables(value: object) -> Iterator[dict]:
    """Every JSON object in the value, the outer ones first; a list counts as one of its items."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _tables(inner)
    elif isinstance(value, list):
        yield {str(number): item for number, item in enumerate(value) if isinstance(item, str)}
        for inner in value:
            yield from _tables(inner)


def _note(found: Manifest, table: dict, keys: ManifestLayout, layout: Layout) -> None:
    names = [
        value.rsplit("/", 1)[-1]
        for value in table.values()
        if isinstance(value, str) and layout.ending(value)
    ]
    found.names.update(names)
    if keys.rows_key and isinstance(table.get(keys.rows_key), int) and len(names) == 1:
        found.rows[names[0]] = table[keys.rows_key]
    if keys.time_key and isinstance(table.get(keys.time_key), str):
        found.time = found.time or _time(table[keys.time_key])
    if keys.version_key and isinstance(table.get(keys.version_key), str):
        found.version = found.version or table[keys.version_key]


def _time(text: str) -> datetime | None:
    """An ISO time as UTC; without a zone it is UTC; None for a text that is not a time."""
    # Azure writes seven decimals, Python reads six.
    head, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        time = datetime.fromisoformat(head + dot + digits[:6] + rest[len(digits) :])
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
