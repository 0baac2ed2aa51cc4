"""--rebuild_daily: summaries for batches that have none that can be used, from their Parquet files.

A lake from before summaries gets them this way, and so does one whose declarations ask for other
tag keys. The raw files are not read. Until a summary is there the batch's line items stand in for
it in the views, so sums are the same before, between and after. Nothing that a view may name is
changed: each summary gets a publication of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake.declare.model import Declaration
from focus_lake.errors import LedgerError
from focus_lake.lake import daily, publications, summaries
from focus_lake.lake.audit import Audit
from focus_lake.lake.ledger import PUBLISHED, Ledger, Line
from focus_lake.log import Log
from focus_lake.spark.session import Cluster, Here
from focus_lake.spec.columns import arrow_type
from focus_lake.storage.base import Store

AT_ONCE = 64  # batches in one action: what is made is soon in the ledger


@dataclass(frozen=True)
class Made:
    """What a task made: the audit of the rows, and the files of their summary."""

    audit: Audit
    written: daily.Written


def rebuild_daily(
    lake: Store,
    ledger: Ledger,
    declaration: Declaration,
    months: tuple[str, ...],
    cluster: Cluster | Here,
    folder: str,
    log: Log,
) -> list[Line]:
    """Summarise the published batches (of the months, if any are named) that need it.

    folder: in the lake's scratch. Returns the new ledger lines. Raises LedgerError where rows and
    ledger do not tell the same sums; batches done by then keep their summaries.
    """
    published = [line for line in ledger.lines() if line.status == PUBLISHED]
    asked = [line for line in published if not months or line.yearmonth in months]
    rows = publications.lying(lake, publications.NORMALIZED, declaration.name)
    usable = summaries.usable(lake, declaration, asked)
    keys = {publications.key(line): line for line in asked}
    todo = [line for key, line in keys.items() if key in rows and key not in usable]
    lines = []
    for start in range(0, len(todo), AT_ONCE):
        some = [
            (line, f"{folder}/{line.yearmonth}-{line.batch_ts}")
            for line in todo[start : start + AT_ONCE]
        ]
        found = cluster.map(partial(_summarise, lake, declaration), some)
        for (line, place), made in zip(some, found, strict=True):
            lines.append(_publish(lake, ledger, declaration, line, place, made))
            log.event("summarised", yearmonth=line.yearmonth, batch_ts=line.batch_ts)
    return lines


def _summarise(lake: Store, declaration: Declaration, work: tuple[Line, str]) -> Made:
    line, place = work
    audit = Audit()
    summary = daily.Summary(declaration, line.yearmonth, lake, place, 0)
    folder = publications.folder(publications.NORMALIZED, line)
    for entry in sorted(lake.list(folder), key=lambda one: one.path):
        if not entry.path.endswith(".parquet"):
            continue
        with lake.open(entry.path) as opened:
            parquet = pq.ParquetFile(opened)
            for number in range(parquet.num_row_groups):
                rows = _rows(parquet, number)
                audit.rows += len(rows)
                audit.add_sums(rows)
                summary.add(rows)
    return Made(audit, summary.close(audit))


def _rows(parquet: pq.ParquetFile, number: int) -> pa.Table:
    """What a summary is made of; a column that is newer than the file is null."""
    there = set(parquet.schema_arrow.names)
    wanted = daily.sources()
    names = [name for name in wanted if name in there]
    rows = parquet.read_row_group(number, names, use_threads=False)
    for name, stored in wanted.items():
        if name not in there:
            rows = rows.append_column(name, pa.nulls(len(rows), arrow_type(stored)))
    return rows


def _publish(
    lake: Store, ledger: Ledger, declaration: Declaration, line: Line, place: str, made: Made
) -> Line:
    told = line.cost_sums
    if made.written.differences or (told and made.audit.cost_sums() != told):
        why = "; ".join(made.written.differences) or "the rows do not add up to the ledger's sums"
        raise LedgerError(
            f"{line.provider}/{line.yearmonth}/{line.batch_ts}: {why}; run normalize_focus.py "
            f"with --yearmonths {line.yearmonth} --reprocess true"
        )
    new = replace(
        line,
        daily_files=made.written.files,
        daily_version=daily.version(declaration),
        daily_publication=publications.new_id(),
    )
    of = publications.daily_key(new)
    lake.move_folder(place, publications.folder_of(publications.DAILY, line.provider, of))
    ledger.put(new)
    return new
