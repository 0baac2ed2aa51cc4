"""Rows of FOCUS as Parquet, CSV or JSON: decimals as plain digits, times as FOCUS writes them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq


def write(format: str, file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the rows; how many there were."""
    return _WRITERS[format](file, schema, batches)


def _parquet(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Decimals stay decimals; times are timestamps of UTC, in milliseconds."""
    fields = [
        pa.field(each.name, pa.timestamp("ms", "UTC")) if pa.types.is_timestamp(each.type) else each
        for each in schema
    ]
    rows, wanted = 0, pa.schema(fields)
    with pq.ParquetWriter(file, wanted, compression="zstd") as writer:
        for batch in batches:
            table = pa.table(batch.columns, names=schema.names).cast(wanted)
            writer.write_table(table)
            rows += len(batch)
    return rows


def _csv(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    rows, text = 0, io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(schema.names)
    for batch in batches:
        columns = [map(_plain, column.to_pylist()) for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
        rows += len(batch)
    text.detach()
    return rows


def _json(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """An array of objects, one a line; numbers are numbers, with all their digits."""
    rows = 0
    for batch in batches:
        for row in batch.to_pylist():
            file.write(b",\n" if rows else b"[\n")
            pairs = (f"{json.dumps(name)}: {_word(value)}" for name, value in row.items())
            file.write(f"{{{', '.join(pairs)}}}".encode())
            rows += 1
    file.write(b"\n]\n" if rows else b"[]\n")
    return rows


def _plain(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return number(value)
    return time(value) if isinstance(value, datetime) else value


def _word(value: Any) -> str:
    if isinstance(value, Decimal):
        return number(value)
    return json.dumps(_plain(value), ensure_ascii=False)


def number(value: Decimal) -> str:
    """Plain digits without zeros behind the last one: 12.5, never 1.25E+1."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def time(value: datetime) -> str:
    """2026-01-31T00:00:00Z; with milliseconds where there are some."""
    millis = f".{value.microsecond // 1000:03}" if value.microsecond else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}{millis}Z"


_WRITERS = {"parquet": _parquet, "csv": _csv, "json": _json}
FORMATS = tuple(_WRITERS)
