"""Which raw files there are, and which batches they make: one listing, no file is read whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from focus_lake.declaration import Declaration
from focus_lake.store import Entry, Store


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

    def signature(self) -> list[dict]:
        """The files as the ledger has them: path, size, and ETag or modification time."""
        entries = sorted((file.entry for file in self.files), key=lambda entry: entry.path)
        return [{"name": e.path, "size": e.size, "etag": e.etag} for e in entries]


def find(raw: Store, declaration: Declaration) -> tuple[list[Batch], list[str]]:
    """(batches by month and time, stray files) below the provider's raw folder."""
    batches: dict[tuple[str, str], Batch] = {}
    strays: list[str] = []
    for entry in raw.list():
        place = declaration.layout.path.fullmatch(entry.path)
        if place is None or not _is_time(place["batch_ts"]):
            strays.append(entry.path)
            continue
        key = place["yearmonth"], place["batch_ts"]
        new = Batch(declaration.name, *key)
        if not _add(batches.get(key, new), entry, place["file"], declaration):
            strays.append(entry.path)
        elif key not in batches:
            batches[key] = new
    for batch in batches.values():
        _check_parts(batch, raw)
    return [batches[key] for key in sorted(batches)], strays


def _is_time(batch_ts: str) -> bool:
    try:
        datetime.strptime(batch_ts, "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True


def _add(batch: Batch, entry: Entry, name: str, declaration: Declaration) -> bool:
    """Add the file to the batch; False if it is no data file by its name."""
    layout = declaration.layout
    suffix = re.search(r"(\.[A-Za-z]+)?$", name).group(0).lower()
    match = layout.file.fullmatch(name)
    for refusal in layout.refuse:
        if refusal.pattern.search(name):
            batch.reasons.append(Reason(refusal.reason, refusal.message, entry.path))
            match = match or layout.file.fullmatch(_without(refusal.pattern, name))
    if match is None and (suffix == "" or suffix not in layout.data_extensions):
        return bool(batch.reasons and batch.reasons[-1].file == entry.path)
    if match is None:
        message = "the name is not as declared, so nobody can say whose bill it is; move it away, "
        message += "or declare [layout] file"
        batch.reasons.append(Reason("unknown_file_name", message, entry.path))
        batch.files.append(RawFile(entry, name, "unknown"))
        return True
    groups = match.groupdict()
    export = layout.export.format(**groups)
    part = int(groups["part"]) if groups.get("part") else None
    batch.files.append(RawFile(entry, name, export, groups.get("kind") or "", part))
    if groups.get("yearmonth", batch.yearmonth) != batch.yearmonth:
        message = f"the name says {groups['yearmonth']}, the folder {batch.yearmonth}"
        batch.reasons.append(Reason("month_mismatch", message, entry.path))
    return True


def _without(pattern: re.Pattern[str], name: str) -> str:
    """A refused name as it would be without its day, so that --accept can read it."""
    found = pattern.search(name)
    return name[: found.start()] + re.sub(r"(\d{6})\d\d", r"\1", found.group(), count=1)


def _check_parts(batch: Batch, raw: Store) -> None:
    groups: dict[tuple[str, str], list[RawFile]] = defaultdict(list)
    for file in batch.files:
        groups[file.export, file.kind].append(file)
    for (export, _), files in groups.items():
        if export == "unknown":
            continue
        _drop_copies(batch, files, raw)
        parts = {file.part for file in files}
        numbers = sorted(part for part in parts if part is not None)
        if None in parts and numbers:
            message = f"export {export} has a whole file and parts of one; which is right?"
            batch.reasons.append(Reason("parts_and_whole", message, files[0].path))
        missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        if missing:
            named = ", ".join(f"{part:03d}" for part in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            batch.waits.append(f"part {named}{more} of export {export} is missing")


def _drop_copies(batch: Batch, files: list[RawFile], raw: Store) -> None:
    """A file delivered twice counts once; two different files for one part are refused."""
    first: dict[int | None, RawFile] = {}
    for file in files:
        other = first.setdefault(file.part, file)
        if other is file:
            continue
        if _same(other, file, raw):
            batch.files.remove(file)
        else:
            message = f"another file for the same part is {other.path}"
            batch.reasons.append(Reason("repeated_part", message, file.path))


def _same(one: RawFile, other: RawFile, raw: Store) -> bool:
    if one.entry.size != other.entry.size or one.name != other.name:
        return False
    return one.entry.etag == other.entry.etag or _bytes(raw, one) == _bytes(raw, other)


def _bytes(raw: Store, file: RawFile) -> str:
    import hashlib

    with raw.open(file.path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_of(batches: Iterable[Batch]) -> int:
    return sum(len(batch.files) for batch in batches)
