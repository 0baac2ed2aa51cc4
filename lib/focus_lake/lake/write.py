"""Typed tables to Parquet files: ordered in windows, near 128 MB each, summed up on the way."""

from __future__ import annotations

from contextlib import ExitStack
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.lake.audit import Audit
from focus_lake.lake.daily import Summary
from focus_lake.storage.base import Store

WINDOW = 96 * 1024  # rows ordered together; bounds the memory of a task
ROW_GROUP = 40 * 1024  # rows at most; small enough for a service or an account to prune row groups
FILE_BYTES = 128 * 1024 * 1024
ORDER = [("ServiceName", "ascending"), ("SubAccountId", "ascending")]


class Writer:
    """Writes tables of one schema to ``<folder>/part-<number>-<n>.parquet``; audits them, and
    groups them by day where a summary is given."""

    def __init__(
        self, store: Store, folder: str, number: int, audit: Audit, summary: Summary | None = None
    ):
        self._store, self._folder, self._number = store, folder, number
        self._audit, self._summary = audit, summary
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self._open = ExitStack()
        self._file: BinaryIO | None = None
        self._parquet: pq.ParquetWriter | None = None
        self.files: list[str] = []

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        self._rows_waiting += len(rows)
        if self._rows_waiting >= WINDOW:
            self._flush()

    def close(self) -> list[str]:
        """Paths of the files written, relative to the store."""
        self._flush()
        self._end_file()
        return self.files

    def _flush(self) -> None:
        if not self._rows_waiting:
            return
        rows = pa.concat_tables(self._waiting)
        self._waiting, self._rows_waiting = [], 0  # frees each copy when the next is made
        rows = _ordered(rows.combine_chunks())
        self._audit.observe(rows)
        if self._summary is not None:
            self._summary.add(rows)
        file, parquet = self._begun(rows.schema)
        groups = -(-len(rows) // ROW_GROUP)  # of even size
        parquet.write_table(rows, row_group_size=-(-len(rows) // groups))
        if file.tell() >= FILE_BYTES:
            self._end_file()

    def _begun(self, schema: pa.Schema) -> tuple[BinaryIO, pq.ParquetWriter]:
        """The file that is open, or the next one."""
        if self._file is not None and self._parquet is not None:
            return self._file, self._parquet
        path = f"{self._folder}/part-{self._number:05d}-{len(self.files)}.parquet"
        self._file = self._open.enter_context(self._store.writer(path))
        self._parquet = pq.ParquetWriter(
            self._file, schema, compression="snappy", store_schema=False, write_statistics=True
        )
        self.files.append(path)
        return self._file, self._parquet

    def _end_file(self) -> None:
        if self._parquet is not None:
            self._parquet.close()
            self._open.close()
            self._file = self._parquet = None


def _ordered(rows: pa.Table) -> pa.Table:
    """The rows by ORDER; columns without any value, a third of a table, need no moving."""
    places = pc.sort_indices(rows.select([name for name, _ in ORDER]), sort_keys=ORDER)
    moved = [
        pa.nulls(len(rows), column.type) if column.null_count == len(rows) else column.take(places)
        for column in rows.columns
    ]
    return pa.table(moved, schema=rows.schema)
