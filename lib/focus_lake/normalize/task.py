"""One Spark task of a batch: pieces of text in, Parquet files, their summary and audit out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from focus_lake.conformance.findings import Conformance, Observer
from focus_lake.declare.model import Declaration
from focus_lake.errors import BatchRejected
from focus_lake.lake.audit import Audit, differences, read_back
from focus_lake.lake.daily import Summary
from focus_lake.lake.write import Writer
from focus_lake.normalize.rejects import Rejects
from focus_lake.raw.read import read
from focus_lake.raw.texts import Piece, Text
from focus_lake.storage.base import Store
from focus_lake.transform.select import Origin, Transform


@dataclass(frozen=True)
class Work:
    """What a task does. texts: (text, its origin, the pieces of it that are this task's)."""

    number: int
    raw: Store
    lake: Store
    declaration: Declaration
    yearmonth: str
    folder: str  # in the lake's scratch; data/, daily/ and rejected/ are made in it
    texts: list[tuple[Text, Origin, list[Piece]]]


@dataclass
class Done:
    """What a task did."""

    audit: Audit
    rows_read: int = 0
    rejected: int = 0
    examples: list[str] = field(default_factory=list)
    tags_unparsed: int = 0
    files: list[dict] = field(default_factory=list)  # name, rows, bytes
    daily_files: list[dict] = field(default_factory=list)  # the same of the summary
    differences: list[str] = field(default_factory=list)
    conformance: Conformance = field(default_factory=Conformance)
    error: dict | None = None


def run(work: Work) -> Done:
    """Type, write and read back the pieces of one task."""
    pa.set_cpu_count(1)  # Spark runs a task a core; Arrow's own threads would only compete
    if "mimalloc" in pa.supported_memory_backends():  # a fifth faster here than jemalloc
        pa.set_memory_pool(pa.mimalloc_memory_pool())
    done = Done(Audit(zone=work.declaration.time.zone))
    daily = f"{work.folder}/daily"
    summary = Summary(work.declaration, work.yearmonth, work.lake, daily, work.number)
    writer = Writer(work.lake, f"{work.folder}/data", work.number, done.audit, summary)
    rejects = Rejects(work.lake, f"{work.folder}/rejected/part-{work.number:05d}.parquet")
    try:
        for text, origin, pieces in work.texts:
            _type(work, text, origin, pieces, writer, rejects, done)
    except BatchRejected as error:
        file = error.file or origin.source
        done.error = {"code": error.code, "message": error.message, "file": file}
    rejects.close()
    done.rejected, done.examples = rejects.rows, rejects.examples
    _verify(work.lake, writer.close(), done)
    written = summary.close(done.audit)
    done.daily_files += written.files
    done.differences += written.differences
    return done


def _type(
    work: Work,
    text: Text,
    origin: Origin,
    pieces: list[Piece],
    writer: Writer,
    rejects: Rejects,
    done: Done,
) -> None:
    transform = Transform(work.declaration, text.header)
    observer = Observer(transform, origin, done.conformance)
    null_texts = work.declaration.format.null_texts
    for piece in pieces:
        position = 0
        wanted = transform.wants_rows
        every = _lines(work, text, piece) if wanted else None
        for table in read(work.raw, work.lake, text, piece, null_texts):
            here = None if every is None else every[position : position + len(table)]
            result = transform(table, origin, here)
            observer.observe(result)
            writer.add(result.rows)
            if result.problems:
                lines = _lines(work, text, piece)[position : position + len(table)]
                rejects.add(table, lines, result.problems, origin)
            done.tags_unparsed += result.tags_unparsed
            position += len(table)
        done.rows_read += position
    if text.malformed_path and text.pieces[0] in pieces:
        rejects.add_malformed(work.lake, text.malformed_path, len(text.header), origin)


def _lines(work: Work, text: Text, piece: Piece) -> np.ndarray:
    """Where each row of a piece stands: its line, or in JSON and Parquet the number of the row."""
    if text.format == "json":
        before = sum(each.rows for each in text.pieces[: text.pieces.index(piece)])
        return np.arange(before + 1, before + 1 + piece.rows)
    return piece.line_numbers(work.lake)


def _verify(lake: Store, files: list[str], done: Done) -> None:
    lying = Audit()
    for path in files:
        found, size = read_back(lake, path)
        lying.merge(found)
        name = path.rsplit("/", 1)[1]
        done.files.append({"name": name, "rows": found.rows, "bytes": size})
    done.differences = differences(done.audit, lying)
