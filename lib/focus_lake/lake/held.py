"""Do the lake's folders hold what the ledger says: exactly the files that were published.

A file that somebody put into the folder of a published batch is read by every engine and doubles
money without a word. The ledger names each file with its rows and bytes, so it can be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from focus_lake.errors import FocusLakeError
from focus_lake.lake import publications
from focus_lake.lake.audit import Audit, read_back
from focus_lake.lake.ledger import PUBLISHED, Line
from focus_lake.storage.base import Store

READ_AT_ONCE = 8  # files; reading waits for storage most of the time
TOLD = 5  # problems in one message
DEPTH = 5  # table, provider, yearmonth, batch_ts, publication
# Folder of a publication, or of a batch -> path of a file below it -> its bytes.
Sizes = dict[str, dict[str, int]]


@dataclass
class Held:
    """What was looked at, and what is not as the ledger says."""

    problems: list[str] = field(default_factory=list)
    batches: int = 0
    files: int = 0
    rows: int = 0

    def told(self) -> str:
        """The problems as one message."""
        more = len(self.problems) - TOLD
        return "; ".join(self.problems[:TOLD]) + (f"; and {more} more" if more > 0 else "")


def compare(
    store: Store,
    provider: str,
    lines: Iterable[Line],
    live: Iterable[publications.Key],
    tables: tuple[str, ...] = (publications.NORMALIZED, publications.DAILY),
) -> Held:
    """Hold the names and sizes of files against the published lines of a provider.

    live: publications that must be there; the others may have expired.
    """
    held, needed = Held(), set(live)
    lying = {table: _sizes(store, f"{table}/{provider}") for table in tables}
    for line in (line for line in lines if line.status == PUBLISHED):
        held.batches += 1
        must = publications.key(line) in needed
        told = {publications.NORMALIZED: (publications.key(line), line.data_files)}
        told[publications.DAILY] = (publications.daily_key(line), line.daily_files)
        for table in tables:
            of, files = told[table]
            folder = publications.folder_of(table, provider, of)
            named = {file["name"]: int(file["bytes"]) for file in files}
            if named:  # a line that names none was not written by focus_lake's jobs
                there = _below(lying[table], folder)
                held.problems += _different(store, folder, line, named, there, must)
                held.files += len(named)
    return held


def read_all(store: Store, provider: str, lines: Iterable[Line]) -> Held:
    """Compare, and read each file of each published batch: its rows, and the batch's sums of cost.

    Expired batches are passed over; a line that names no file cannot be verified, which is told.
    """
    published = [line for line in lines if line.status == PUBLISHED]
    there = publications.lying(store, publications.NORMALIZED, provider)
    kept = [line for line in published if publications.key(line) in there]
    held = compare(store, provider, kept, map(publications.key, kept))
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        for line in kept:
            held.problems += _read(store, line, pool)
            held.rows += line.rows_out
    return held


def _sizes(store: Store, prefix: str) -> Sizes:
    found: Sizes = defaultdict(dict)
    for entry in store.list(prefix):
        *folders, name = entry.path.split("/")
        # Engines pass over names such as _SUCCESS; a Parquet file is never a mark.
        if name.endswith(".parquet") or not name.startswith(("_", ".")):
            inside = "/".join([*folders[DEPTH:], name])
            found["/".join(folders[:DEPTH])][inside] = entry.size
    return found


def _below(lying: Sizes, folder: str) -> dict[str, int]:
    """The files in a folder and in folders inside it, which some engines read, too; and those
    that lie in the batch's folder, beside its publications."""
    beside = lying.get(folder.rpartition("/")[0], {})
    return {**{f"../{name}": size for name, size in beside.items()}, **lying.get(folder, {})}


def _different(
    store: Store, folder: str, line: Line, named: dict[str, int], there: dict[str, int], must: bool
) -> Iterator[str]:
    again = (
        f"run normalize_focus.py --providers {line.provider} --yearmonths {line.yearmonth} "
        "--reprocess true"
    )
    if not must and not any(name in there for name in named):
        return  # expired
    lost = named.keys() - there.keys() if must else ()  # an expiry may have been broken off
    where = store.url(folder)
    for name in sorted(there.keys() - named.keys()):
        yield (
            f"{where}/{name} is in the folder of a published batch and not in the ledger, so its "
            f"rows would count: move it out of the lake, or {again}, which publishes the batch "
            "in a new folder"
        )
    for name in sorted(lost):
        yield f"{where}/{name} is in the ledger and not in the lake: {again}"
    for name in sorted(named.keys() & there.keys()):
        if named[name] != there[name]:
            yield (
                f"{where}/{name} has {there[name]:,} bytes, {named[name]:,} were published: {again}"
            )


def _read(store: Store, line: Line, pool: ThreadPoolExecutor) -> Iterator[str]:
    folder = publications.folder(publications.NORMALIZED, line)
    where = store.url(folder)
    if line.rows_out and not line.data_files:
        yield f"{where}: the ledger names no file of this batch, so nothing can be verified"
        return
    whole = Audit()
    names = [str(file["name"]) for file in line.data_files]
    read = pool.map(lambda name: _audit(store, f"{folder}/{name}"), names)
    for file, found in zip(line.data_files, read, strict=True):
        if isinstance(found, str):
            yield f"{where}/{file['name']}: {found}"
            continue
        whole.merge(found)
        if found.rows != file["rows"]:
            yield f"{where}/{file['name']} has {found.rows:,} rows, {file['rows']:,} were published"
    if whole.rows == line.rows_out and whole.cost_sums() != line.cost_sums:
        yield f"{where}: the sums of cost are {whole.cost_sums()}, published were {line.cost_sums}"


def _audit(store: Store, path: str) -> Audit | str:
    """The audit of one file, or why it cannot be read."""
    try:
        return read_back(store, path)[0]
    except (FocusLakeError, pa.ArrowException, OSError, KeyError) as error:
        return f"cannot be read: {error}"
