"""Raw files of a sample made of Arrow tables, as CSV, JSON or Parquet, and their manifests."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.sample.bill import COSTS
from focus_lake.sample.files import Chunk, Written

_ROW_GROUP = 10_000  # rows: a sample is small, and has several all the same


@dataclass(frozen=True)
class TableFile:
    """One file of a table; see files.Planned.

    table: makes it, perhaps in another process; format: csv, csv.gz, json or parquet;
    currency: of all rows, where the file does not say it; bare: columns that JSON does not quote;
    modified: the file's time, UTC, where it matters.
    """

    path: str
    rows: int
    yearmonth: str
    batch_ts: str
    export: str
    format: str
    table: Callable[[], pa.Table]
    currency: str | None = None
    bare: tuple[str, ...] = ()
    modified: datetime | None = None

    def write(self, target: Path, with_sums: bool) -> Written:
        table = self.table()
        if table.num_rows != self.rows:
            raise AssertionError(f"{self.path}: {table.num_rows} rows, planned {self.rows}")
        if self.format == "parquet":
            pq.write_table(table, target, row_group_size=_ROW_GROUP)
        else:
            text = json_text(table, self.bare) if self.format == "json" else csv_text(table)
            target.write_bytes(packed(text) if self.format == "csv.gz" else text.encode())
        done = Written()
        for chunk in _chunks(table, self.currency) if with_sums else ():
            done.add(chunk, with_sums)
        done.rows, done.text_bytes = table.num_rows, table.nbytes
        return done


@dataclass(frozen=True)
class ManifestFile:
    """The JSON that names the files of a delivery, made when those are there; no rows of its own.

    content: makes it of the sizes of its files, in bytes, in their order.
    """

    path: str
    yearmonth: str
    batch_ts: str
    export: str
    names: tuple[str, ...]
    content: Callable[[list[int]], dict]
    modified: datetime | None = None
    rows: int = 0

    def write(self, target: Path, with_sums: bool) -> Written:
        sizes = [(target.parent / name).stat().st_size for name in self.names]
        target.write_text(json.dumps(self.content(sizes), indent=2) + "\n", encoding="utf-8")
        return Written()


def csv_text(table: pa.Table) -> str:
    """CSV (RFC 4180, lines end in LF); null is empty. Times are texts already."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return text.getvalue()


def json_text(table: pa.Table, bare: Iterable[str]) -> str:
    """An array of flat objects, one a line; numbers and booleans are written as their text is."""
    quote = [name not in set(bare) for name in table.column_names]
    heads = [json.dumps(name) for name in table.column_names]
    lines = []
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        values = [
            value if value is not None and not quoted else json.dumps(value, ensure_ascii=False)
            for value, quoted in zip(row, quote, strict=True)
        ]
        fields = (f"{head}: {value}" for head, value in zip(heads, values, strict=True))
        lines.append("{" + ", ".join(fields) + "}")
    return "[\n" + ",\n".join(lines) + "\n]\n"


def packed(text: str) -> bytes:
    """The same bytes for the same text, whenever they are made."""
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def decimal_texts(values: pa.Array | pa.ChunkedArray) -> list[str]:
    """Money as decimal text, nulls left out; of a double its shortest text."""
    return [_decimal_text(value) for value in values.drop_null().to_pylist()]


def _decimal_text(value: str | float | Decimal) -> str:
    if isinstance(value, float):
        value = Decimal(repr(value))
    return value if isinstance(value, str) else f"{value:f}"


def _chunks(table: pa.Table, currency: str | None) -> Iterable[Chunk]:
    if currency is not None:
        yield _chunk(table, currency)
        return
    for name in sorted(pc.unique(table["BillingCurrency"]).to_pylist()):
        yield _chunk(table.filter(pc.equal(table["BillingCurrency"], name)), name)


def _chunk(table: pa.Table, currency: str) -> Chunk:
    costs = {
        cost: decimal_texts(table[cost]) if cost in table.column_names else [] for cost in COSTS
    }
    return Chunk(b"", table.num_rows, currency, costs)


def with_times(table: pa.Table, notation: str) -> pa.Table:
    """Timestamps as texts by a notation of strftime."""
    for at, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            texts = pc.strftime(table.column(at), format=notation)
            table = table.set_column(at, column.name, texts)
    return table


def mapped(values: pa.ChunkedArray | pa.Array, change: Callable, kind: pa.DataType) -> pa.Array:
    """Each distinct text changed once; null stays null."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    encoded = whole.dictionary_encode()
    return pa.array(map(change, encoded.dictionary.to_pylist()), kind).take(encoded.indices)
