"""Rejected rows: kept whole, with file, line, column, value and reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake.spec.columns import arrow_type
from focus_lake.storage.base import Store
from focus_lake.transform import tags
from focus_lake.transform.select import Origin, Problem

SCHEMA = pa.schema(
    [
        ("x_SourceFile", pa.string()),
        ("x_Export", pa.string()),
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("record", arrow_type("map")),
    ]
)
SAMPLE = 3  # reasons shown in the ledger and in messages
AT_ONCE = 10_000  # rows written together


class Rejects:
    """Writes the rejected rows of a task to one Parquet file, made when there is a first one."""

    def __init__(self, store: Store, path: str):
        self._store, self._path = store, path
        self._open = ExitStack()
        self._parquet: pq.ParquetWriter | None = None
        self.rows = 0
        self.examples: list[str] = []

    def add(
        self, text: pa.Table, lines: np.ndarray, problems: list[Problem], origin: Origin
    ) -> None:
        """Rows of text with problems. lines: line number of each row of text."""
        by_row: dict[int, list[Problem]] = {}
        for problem in problems:
            by_row.setdefault(problem.row, []).append(problem)
        rows = sorted(by_row)
        records = _as_text(text.take(rows)).to_pylist()
        self._write(
            {
                **_origin(origin, int(lines[row])),
                "column_name": by_row[row][0].column,
                "value": by_row[row][0].value,
                "reason": by_row[row][0].reason,
                "reasons": [f"{p.column} {p.value!r} {p.reason}" for p in by_row[row]],
                "record": list(record.items()),
            }
            for row, record in zip(rows, records, strict=True)
        )

    def add_malformed(self, scratch: Store, path: str, fields: int, origin: Origin) -> None:
        """Records with a wrong number of fields, from the JSON lines that unzip left."""
        reason = f"does not have the header's {fields} fields"
        with scratch.open(path) as file:
            self._write(
                {
                    **_origin(origin, entry["line"]),
                    "column_name": None,
                    "value": None,
                    "reason": reason,
                    "reasons": [f"the row {reason}"],
                    "record": [("", entry["text"])],
                }
                for entry in map(json.loads, file)
            )

    def _write(self, rows: Iterator[dict]) -> None:
        batch = []
        for row in rows:
            batch.append(row)
            if len(self.examples) < SAMPLE:
                place = f"{row['x_SourceFile']} line {row['line']}"
                self.examples.append(f"{place}: {'; '.join(row['reasons'])}")
            if len(batch) == AT_ONCE:
                self._flush(batch)
                batch = []
        if batch:
            self._flush(batch)

    def _flush(self, batch: list[dict]) -> None:
        if self._parquet is None:
            file = self._open.enter_context(self._store.writer(self._path))
            self._parquet = pq.ParquetWriter(file, SCHEMA, compression="snappy", store_schema=False)
        self._parquet.write_table(pa.Table.from_pylist(batch, SCHEMA))
        self.rows += len(batch)

    def close(self) -> None:
        if self._parquet is not None:
            self._parquet.close()
            self._open.close()
            self._parquet = None


def _as_text(rows: pa.Table) -> pa.Table:
    """Rows of any types with every value as text."""
    columns = [tags.plain(column.combine_chunks()) for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _origin(origin: Origin, line: int) -> dict:
    return {"x_SourceFile": origin.source, "x_Export": origin.export, "line": line}
