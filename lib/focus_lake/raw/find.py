"""Which raw files there are, and which batches they make: one listing, no file is read whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from focus_lake.declare.model import Declaration, Layout
from focus_lake.raw import manifest as manifests
from focus_lake.raw.junk import why_junk
from focus_lake.raw.manifest import Manifest
from focus_lake.storage.base import Entry, Store

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


class Stray(NamedTuple):
    """A file that belongs to no batch, and why not."""

    path: str
    why: str = "no bill file by its name"


@dataclass
class Folder:
    """Data files whose paths agree in all groups but the name's, and the manifest about them."""

    groups: dict[str, str | None]
    entries: list[tuple[Entry, str]] = field(default_factory=list)  # with the file's name
    manifest: Manifest | None = None


def find(raw: Store, declaration: Declaration) -> tuple[list[Batch], list[Stray]]:
    """(batches by month and time, stray files) below the provider's raw folder."""
    folders, strays = _listed(raw, declaration.layout)
    batches: dict[tuple[str, str], Batch] = {}
    for folder in folders:
        yearmonth, batch_ts = _yearmonth(folder), _batch_ts(folder, declaration.layout)
        if why := _not_a_time(yearmonth, batch_ts):
            strays += [Stray(entry.path, why) for entry, _ in folder.entries]
            continue
        batch = Batch(declaration.name, yearmonth, batch_ts)
        strays += _fill(batch, folder, declaration)
        if batch.files:
            _merge(batches, batch)
    for batch in batches.values():
        _check_parts(batch, raw, "part" in declaration.layout.file.groupindex)
    return [batches[key] for key in sorted(batches)], sorted(strays)


def _listed(raw: Store, layout: Layout) -> tuple[list[Folder], list[Stray]]:
    folders: dict[tuple, Folder] = {}
    strays: list[Stray] = []
    manifests: list[tuple[dict, Entry]] = []
    for entry in raw.list():
        if (shown := _printable(entry.path)) != entry.path:  # no ledger or table could hold it
            strays.append(Stray(shown, "its name is not UTF-8; if it is a bill, rename it"))
        elif why := why_junk(entry.path):
            strays.append(Stray(entry.path, why))
        elif layout.manifest and (about := layout.manifest.path.fullmatch(entry.path)):
            manifests.append((about.groupdict(), entry))
        elif place := layout.path.fullmatch(entry.path):
            groups = place.groupdict()
            name = groups.pop("file")
            folder = folders.setdefault(tuple(sorted(groups.items(), key=str)), Folder(groups))
            folder.entries.append((entry, name))
        else:
            strays.append(Stray(entry.path, "not where the declaration expects bill files"))
    strays += _give_manifests(raw, layout, list(folders.values()), manifests)
    return list(folders.values()), strays


def _printable(path: str) -> str:
    """The path with bytes that are not UTF-8, as a local disk may have them, written as \\xd5."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _give_manifests(raw: Store, layout: Layout, folders: list[Folder], found: list) -> list[Stray]:
    """Read the manifests and give each folder the newest that is about it; those about none.

    A manifest outlives its files where old months are cleared away, so that is not an error.
    """
    if not found or layout.manifest is None:
        return []
    shared = sorted(layout.path.groupindex.keys() & layout.manifest.path.groupindex.keys())
    newest: dict[tuple, Entry] = {}
    for groups, entry in found:
        about = tuple(groups[name] for name in shared)
        if about not in newest or newest[about].modified < entry.modified:
            newest[about] = entry
    with ThreadPoolExecutor(16) as pool:
        read = pool.map(lambda entry: manifests.read(raw, entry, layout), newest.values())
        by_groups = dict(zip(newest, read, strict=True))
    for folder in folders:
        folder.manifest = by_groups.get(tuple(folder.groups[name] for name in shared))
    used = {id(folder.manifest) for folder in folders}
    why = "a manifest, and none of the files it names is there"
    return [Stray(each.entry.path, why) for each in by_groups.values() if id(each) not in used]


def _yearmonth(folder: Folder) -> str:
    groups = folder.groups
    if groups.get("week"):
        monday = _monday(groups)
        return f"{monday:%Y%m}" if monday else f"{groups['year']}-W{groups['week']}"
    return _digits(groups.get("yearmonth") or f"{groups['year']}-{groups['month']}")[:6]


def _monday(groups: dict[str, str | None]) -> date | None:
    """The first day of the path's ISO week, None if the year has no such week."""
    try:
        return date.fromisocalendar(int(groups["year"] or 0), int(groups["week"] or 0), 1)
    except ValueError:
        return None


def _digits(written: str) -> str:
    """A date or time as digits alone: 2026-1-5 as 20260105; digits in one row stay as they are."""
    first, *others = re.findall(r"\d+", written) or [""]
    return first + "".join(part.zfill(2) for part in others)


def _batch_ts(folder: Folder, layout: Layout) -> str:
    """The batch's time as 14 digits; those that do not come from the path are UTC."""
    groups, about = folder.groups, folder.manifest
    if layout.batch_ts == "day" and groups.get("week"):
        monday = _monday(groups)
        return f"{monday:%Y%m%d}000000" if monday else ""
    if layout.batch_ts == "day":
        hour = groups.get("hour") or ""
        return f"{_yearmonth(folder)}{groups['day'] or '':0>2}{hour:0>2}0000"
    if written := groups.get("batch_ts"):  # a layout may have it in some paths only
        digits = _digits(written)[:14]
        return digits.ljust(14, "0") if len(digits) in (8, 10, 12) else digits
    time = max(entry.modified for entry, _ in folder.entries)
    if layout.batch_ts == "manifest" and about is not None:
        time = about.time or about.entry.modified
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}"


def _not_a_time(yearmonth: str, batch_ts: str) -> str:
    """What is wrong with the month or time of a folder, or ""."""
    if not re.fullmatch(r"[0-9]{4}(0[1-9]|1[0-2])", yearmonth):
        return f"{yearmonth!r} in its path is not a month"
    try:
        month, day, hour, minute, second = (int(batch_ts[at : at + 2]) for at in range(4, 14, 2))
        datetime(int(batch_ts[:4]), month, day, hour, minute, second)
    except ValueError:
        pass
    else:
        if re.fullmatch(r"[0-9]{14}", batch_ts):
            return ""
    return f"{batch_ts!r} in its path is not a time"


def _fill(batch: Batch, folder: Folder, declaration: Declaration) -> list[Stray]:
    """Put the folder's data files into the batch; returns the other files."""
    strays, about = [], folder.manifest
    if about is not None:
        batch.manifests.append(about)
        if about.fault:
            batch.reasons.append(Reason("broken_manifest", about.fault, about.entry.path))
    for entry, name in folder.entries:
        if about is not None and not about.fault and name not in about.names:
            strays.append(Stray(entry.path, "the manifest does not name it"))
        elif not _add(batch, entry, name, folder.groups, declaration.layout):
            strays.append(Stray(entry.path))
    there = {name for _, name in folder.entries}
    if about is not None:
        for name in sorted(about.names - there):
            message = f"the manifest names {name}, which is not there"
            batch.reasons.append(Reason("manifest_file_missing", message, about.entry.path))
    return strays


def _add(batch: Batch, entry: Entry, name: str, place: dict, layout: Layout) -> bool:
    """Add the file to the batch; False if by its name it is not a data file."""
    ending, match = layout.ending(name), layout.file.fullmatch(name)
    refusals = [refusal for refusal in layout.refuse if refusal.pattern.search(name)]
    if ending is None or not (match or ending or refusals):
        return False
    for refusal in refusals:
        batch.reasons.append(Reason(refusal.reason, refusal.message, entry.path))
        match = match or layout.file.fullmatch(_without(refusal.pattern, name))
    if match is None:
        message = "the name is not as declared, so nobody can say whose bill it is; move it away, "
        message += "or declare [layout] file"
        batch.reasons.append(Reason("unknown_file_name", message, entry.path))
        batch.files.append(RawFile(entry, name, UNKNOWN))
        return True
    groups = {name: value or "" for name, value in (place | match.groupdict()).items()}
    every = tuple(sorted(groups.items()))
    export = layout.export.format(**groups).strip("/ ") or batch.provider
    part = int(groups["part"]) if groups.get("part") else None
    batch.files.append(RawFile(entry, name, export, groups.get("kind", ""), part, every))
    named = _digits(match.groupdict().get("yearmonth") or batch.yearmonth)
    if named != batch.yearmonth:
        message = f"the name says {named}, the folder {batch.yearmonth}"
        batch.reasons.append(Reason("month_mismatch", message, entry.path))
    return True


def _merge(batches: dict[tuple[str, str], Batch], batch: Batch) -> None:
    """Two folders with one month and time are one batch, if they are of different exports."""
    other = batches.setdefault(batch.key, batch)
    if other is batch:
        return
    for export in sorted(set(other.exports) & set(batch.exports)):
        message = f"two deliveries of export {export} have the same time; which is right? Move the "
        message += "other away, or let [layout] tell them apart: groups hour or batch_ts, or export"
        other.reasons.append(Reason("same_time", message, batch.files[0].path))
    other.files += batch.files
    other.reasons += batch.reasons
    other.manifests += batch.manifests


def _without(pattern: re.Pattern[str], name: str) -> str:
    """A refused name as it would be without its day, so that --accept can read it."""
    found = pattern.search(name)
    if found is None:
        return name
    return name[: found.start()] + re.sub(r"(\d{6})\d\d", r"\1", found.group(), count=1)


def _check_parts(batch: Batch, raw: Store, has_parts: bool) -> None:
    if not has_parts:
        return
    groups: dict[tuple[str, str], list[RawFile]] = defaultdict(list)
    for file in batch.files:
        groups[file.export, file.kind].append(file)
    for (export, _), files in groups.items():
        if export == UNKNOWN:
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
    same_etag = one.entry.etag == other.entry.etag
    if same_etag and not one.entry.etag.startswith("mtime:"):  # a time says nothing of the bytes
        return True
    return _bytes(raw, one) == _bytes(raw, other)


def _bytes(raw: Store, file: RawFile) -> str:
    import hashlib

    with raw.open(file.path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads


def files_of(batches: Iterable[Batch]) -> int:
    return sum(len(batch.files) for batch in batches)
