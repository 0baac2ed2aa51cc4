"""A batch of raw files, by their names alone, and why it waits or is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from focus_lake.raw.manifest import Manifest
from focus_lake.storage.base import Entry

UNKNOWN = "unknown"  # export of a file whose name is not as declared


@dataclass(frozen=True)
class Reason:
    """Why a batch waits or is refused. code: for --accept and the ledger."""

    code: str
    message: str
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.file + ': ' if self.file else ''}{self.message}"

    def as_dict(self) -> dict:
        return {"code": self.code, "message": self.message, "file": self.file}


@dataclass(frozen=True)
class RawFile:
    """One raw file of a batch. kind and part come from its name, "" and None if it has none."""

    entry: Entry
    name: str
    export: str
    kind: str = ""
    part: int | None = None
    groups: tuple[tuple[str, str], ...] = ()  # of path and name, as the layout declares them

    @property
    def path(self) -> str:
        return self.entry.path


@dataclass
class Batch:
    """The raw files of one folder (yearmonth, batch_ts) and what their names say is wrong."""

    provider: str
    yearmonth: str
    batch_ts: str
    files: list[RawFile] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.yearmonth, self.batch_ts

    @property
    def exports(self) -> list[str]:
        return sorted({file.export for file in self.files})

    @property
    def bytes(self) -> int:
        return sum(file.entry.size for file in self.files)

    @property
    def newest(self) -> datetime:
        return max(file.entry.modified for file in self.files)

    def delivered_at(self, zone: str) -> str:
        """batch_ts, a time in zone, as UTC text."""
        time = datetime.strptime(self.batch_ts, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
        return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"

    @property
    def is_finished(self) -> bool:
        """Whether a manifest says that it is all there: it is written last, after every file."""
        return bool(self.manifests) and self.newest <= min(m.entry.modified for m in self.manifests)

    def rows_named(self) -> int | None:
        """Rows by the manifests, if they say it of every file."""
        rows = [m.rows.get(file.name) for m in self.manifests for file in self.files]
        known = [number for number in rows if number is not None]
        return sum(known) if known and len(known) == len(self.files) else None

    def signature(self) -> list[dict]:
        """The files as the ledger has them: path, size, and ETag or modification time."""
        entries = [file.entry for file in self.files] + [m.entry for m in self.manifests]
        entries.sort(key=lambda entry: entry.path)
        return [{"name": e.path, "size": e.size, "etag": e.etag} for e in entries]
