"""Batches from their raw files to audited Parquet in scratch: unzip, type, write.

A large batch is shared out over the cores; two are read at a time, so that one has tasks for a
core that the other leaves idle. Small batches are read many at a time, some in a task, for each
action of Spark costs a fifth of a second; while they are published, the next ones are read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from focus_lake.conformance.findings import Conformance
from focus_lake.declare.model import Declaration
from focus_lake.errors import BatchRejected, FocusLakeError
from focus_lake.lake.audit import Audit
from focus_lake.log import utc_now
from focus_lake.normalize import task
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.normalize.plan import SMALL
from focus_lake.raw import clean
from focus_lake.raw.archives import Limits
from focus_lake.raw.batch import Batch, RawFile, Reason
from focus_lake.raw.find import Stray
from focus_lake.raw.texts import Text
from focus_lake.spark.session import Cluster, Here
from focus_lake.storage.base import Store
from focus_lake.transform.select import Origin, Transform

TOGETHER = 64 * 1024 * 1024  # raw bytes of small batches read in one action ...
AT_MOST = 64  # ... and their number: while these are published, the next are read
TASKS_A_CORE = 4  # of small batches: few enough to start, enough to end together
AT_A_TIME = 2  # groups being read: their texts lie in scratch
TEXT_A_FILE = 1024**3  # bytes of text that make about one Parquet file of 128 MB


@dataclass(frozen=True)
class How:
    """What it takes to read a provider's batches; it travels to the executors."""

    raw: Store  # the provider's raw folder
    lake: Store
    declaration: Declaration
    options: NormalizeOptions


@dataclass
class Read:
    """A batch as it was read: its texts, and what the tasks made of them.

    strays: members of archives that were passed over;
    failure: what kept it from being read, where that is not the batch's own fault.
    """

    started: str = field(default_factory=utc_now)
    texts: list[tuple[Text, Origin]] = field(default_factory=list)
    audit: Audit = field(default_factory=Audit)
    rejected: int = 0
    examples: list[str] = field(default_factory=list)
    tags_unparsed: int = 0
    conformance: Conformance = field(default_factory=Conformance)
    data_files: list[dict] = field(default_factory=list)
    daily_files: list[dict] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    failure: str | None = None
    unzip_seconds: float = 0.0
    write_seconds: float = 0.0

    @property
    def rows_in(self) -> int:
        return sum(text.rows + text.malformed for text, _ in self.texts)


Item = tuple[Batch, str]  # a batch, and its folder in the lake's scratch


def in_turn(how: How, cluster: Cluster | Here, items: Sequence[Item]) -> Iterator[Read]:
    """Each batch as it was read, in the order given; it can be published while others are read."""
    groups = _groups(items)
    if isinstance(cluster, Here):
        for group in groups:
            yield from _read(how, cluster, group)
        return
    with ThreadPoolExecutor(AT_A_TIME, "reading") as pool:
        begun = deque(pool.submit(_read, how, cluster, one) for one in groups[:AT_A_TIME])
        waiting = iter(groups[AT_A_TIME:])
        while begun:
            yield from begun.popleft().result()
            begun.extend(pool.submit(_read, how, cluster, one) for one in islice(waiting, 1))


def _read(how: How, cluster: Cluster | Here, group: list[Item]) -> list[Read]:
    """A large batch shared out over the cores, or small ones side by side."""
    if len(group) == 1:
        return [write(how, cluster, group[0], unzip(how, cluster, group[0]))]
    try:
        return _side_by_side(how, cluster, group)
    except FocusLakeError as error:  # of Spark; each batch is named with it
        return [Read(failure=str(error)) for _ in group]


def _side_by_side(how: How, cluster: Cluster | Here, group: list[Item]) -> list[Read]:
    """Small batches, several in a task: a task's own cost is that of half a batch."""
    order = sorted(range(len(group)), key=lambda at: -_size(group[at]))
    count = min(len(group), TASKS_A_CORE * cluster.cores)
    dealt = [order[first::count] for first in range(count)]
    tasks = [[group[at] for at in hand] for hand in dealt]
    reads: dict[int, Read] = {}
    for hand, done in zip(dealt, cluster.map(partial(_several, how), tasks), strict=True):
        reads |= zip(hand, done, strict=True)
    return [reads[at] for at in range(len(group))]


def _several(how: How, items: list[Item]) -> list[Read]:
    return [whole(how, item) for item in items]


def _groups(items: Sequence[Item]) -> list[list[Item]]:
    """The items in runs that are read together: small ones side by side, a large one alone."""
    groups: list[list[Item]] = []
    held = TOGETHER
    for item in items:
        size = _size(item)
        if size > SMALL:
            groups.append([item])
            held = TOGETHER
        elif held + size > TOGETHER or len(groups[-1]) == AT_MOST:
            groups.append([item])
            held = size
        else:
            groups[-1].append(item)
            held += size
    return groups


def _size(item: Item) -> int:
    return item[0].bytes


def _largest_first(
    cluster: Cluster | Here, function: Callable, items: Sequence, size: Callable
) -> list:
    """cluster.map, the items that take longest first: no core ends long after the others."""
    order = sorted(range(len(items)), key=lambda at: -size(items[at]))
    done = cluster.map(function, [items[at] for at in order])
    found = dict(zip(order, done, strict=True))
    return [found[at] for at in range(len(items))]


def whole(how: How, item: Item) -> Read:
    """The batch read where this is called, usually in one task."""
    return write(how, Here(), item, unzip(how, Here(), item))


def unzip(how: How, cluster: Cluster | Here, item: Item) -> Read:
    """The batch's texts in scratch; what is wrong with its files is among the reasons."""
    (batch, folder), read, start = item, Read(), time.perf_counter()
    options, gigabyte = how.options, 1024**3
    limits = Limits(options.max_unzip_ratio, int(options.max_unzip_gb * gigabyte))
    required = {name: how.declaration.heads_of(name) for name in how.declaration.format.required}
    written = how.declaration.format
    settings = (required, limits, written.encoding, written.rows_key)
    one = partial(_unzip_one, how.raw, how.lake, f"{folder}/text", settings)
    files = list(enumerate(batch.files))
    try:
        if batch.bytes <= SMALL:  # the driver does it while Spark starts
            done = list(map(one, files))
        else:
            done = _largest_first(cluster, one, files, lambda file: file[1].entry.size)
    except FocusLakeError as error:
        read.failure = str(error)
        return read
    versions = [about.version for about in batch.manifests]
    version = versions[0] if len(set(versions)) == 1 else None
    for file, unzipped in zip(batch.files, done, strict=True):
        read.strays += [Stray(*junk) for junk in unzipped.junk]
        if unzipped.error:
            read.reasons.append(Reason(**unzipped.error))
        read.texts += [
            (text, Origin(text.source, file.export, version, file.groups))
            for text in unzipped.texts
        ]
    read.unzip_seconds = time.perf_counter() - start
    return read


def _unzip_one(
    raw: Store, lake: Store, folder: str, settings: tuple, numbered: tuple[int, RawFile]
) -> clean.Unzipped:
    number, file = numbered
    return clean.unzip(raw, file.path, lake, f"{folder}/{number:05d}", *settings)


def write(how: How, cluster: Cluster | Here, item: Item, read: Read) -> Read:
    """The same with its texts typed and written to scratch, and audited."""
    (batch, folder), start = item, time.perf_counter()
    if read.reasons or read.failure:
        return read
    try:
        for header in {text.header for text, _ in read.texts}:
            Transform(how.declaration, header)
        # The same files whether a small batch is read alone or with others.
        shares = _shares(read.texts, 1 if batch.bytes <= SMALL else cluster.cores)
        works = [
            task.Work(number, how.raw, how.lake, how.declaration, batch.yearmonth, folder, texts)
            for number, texts in enumerate(shares)
        ]
        for part in cluster.map(task.run, works):
            _add(read, part)
    except BatchRejected as error:
        read.reasons.append(Reason(error.code, error.message, error.file))
        return read
    except FocusLakeError as error:
        read.failure = str(error)
        return read
    _count(batch, read)
    read.write_seconds = time.perf_counter() - start
    return read


def _add(read: Read, part: task.Done) -> None:
    read.audit.merge(part.audit)
    read.rejected += part.rejected
    read.examples += part.examples
    read.tags_unparsed += part.tags_unparsed
    read.conformance.merge(part.conformance)
    read.data_files += part.files
    read.daily_files += part.daily_files
    if part.error:
        read.reasons.append(Reason(**part.error))
    read.reasons += [Reason("audit_failed", words) for words in part.differences]


def _count(batch: Batch, read: Read) -> None:
    """Rows in the text are rows written and rows rejected, and as many as the manifest says."""
    named = batch.rows_named()
    if named is not None and named != read.rows_in:
        message = f"the manifest says {named:,} rows, the files hold {read.rows_in:,}"
        read.reasons.append(Reason("manifest_rows", message))
    if not read.reasons and read.rows_in != read.audit.rows + read.rejected:
        message = (
            f"{read.rows_in:,} rows in the text, {read.audit.rows:,} written and "
            f"{read.rejected:,} rejected; report this as a bug, with the file"
        )
        read.reasons.append(Reason("audit_failed", message))


def _shares(texts: list[tuple[Text, Origin]], cores: int) -> list[list]:
    """The pieces of all texts in even shares: one a core, more where files would grow too large."""
    pieces = [(piece, text, origin) for text, origin in texts for piece in text.pieces]
    total = sum(piece.bytes for piece, _, _ in pieces)
    count = min(len(pieces), max(cores, -(-total // TEXT_A_FILE)))
    shares: list[list] = [[] for _ in range(count)]
    passed = 0
    for piece, text, origin in pieces:
        share = shares[min(passed * count // max(total, 1), count - 1)]
        if share and share[-1][0] is text:
            share[-1][2].append(piece)
        else:
            share.append((text, origin, [piece]))
        passed += piece.bytes
    return [share for share in shares if share]
