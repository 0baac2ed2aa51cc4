"""Parts of an export by their numbers: which is missing, which came twice."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from focus_lake.raw.batch import UNKNOWN, Batch, RawFile, Reason
from focus_lake.storage.base import Store


def check(batch: Batch, raw: Store) -> None:
    """Note parts that are missing or refused; a file that was delivered twice counts once."""
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
    with raw.open(file.path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads
