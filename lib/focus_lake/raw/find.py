"""Which raw files there are, and which batches they make: one listing, no file is read whole."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from focus_lake.declare.model import Declaration, Layout
from focus_lake.raw import manifest as manifests
from focus_lake.raw import parts, times
from focus_lake.raw.batch import UNKNOWN, Batch, RawFile, Reason
from focus_lake.raw.junk import why_junk
from focus_lake.raw.manifest import Manifest
from focus_lake.storage.base import Entry, Store


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

    @property
    def modified(self) -> datetime:
        """When the newest of its files was written."""
        return max(entry.modified for entry, _ in self.entries)


def find(raw: Store, declaration: Declaration) -> tuple[list[Batch], list[Stray]]:
    """(batches by month and time, stray files) below the provider's raw folder."""
    folders, strays = _listed(raw, declaration.layout)
    batches: dict[tuple[str, str], Batch] = {}
    for folder in folders:
        layout, about = declaration.layout, folder.manifest
        yearmonth = times.yearmonth(folder.groups)
        batch_ts = times.batch_ts(folder.groups, layout, folder.modified, about)
        if why := times.not_a_time(yearmonth, batch_ts):
            strays += [Stray(entry.path, why) for entry, _ in folder.entries]
            continue
        batch = Batch(declaration.name, yearmonth, batch_ts)
        strays += _fill(batch, folder, declaration)
        if batch.files:
            _merge(batches, batch)
    if "part" in declaration.layout.file.groupindex:
        for batch in batches.values():
            parts.check(batch, raw)
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
            folder = folders.setdefault(tuple(groups.items()), Folder(groups))
            folder.entries.append((entry, name))
        else:
            strays.append(Stray(entry.path, "not where the declaration expects bill files"))
    strays += _give_manifests(raw, layout, list(folders.values()), manifests)
    return list(folders.values()), strays


def _printable(path: str) -> str:
    """The path with bytes that are not UTF-8, as a local disk may have them, written as \\xd5."""
    if path.isascii():
        return path
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
    named = times.digits(match.groupdict().get("yearmonth") or batch.yearmonth)
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
