"""Records as Arrow columns, a batch at a time; a large text is shared out to several tasks."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby, islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake.frames import json_rows
from focus_lake.frames.records import (
    DOUBLED,
    Text,
    groups_of,
    json_objects,
    lines_of,
    rows_of,
)  # fmt: skip
from focus_lake.storage import Store

# Records whose columns are made in one go: so few that the processor's caches hold their fields,
# which takes half the time.
_BLOCK = 256


def batches(raw: Store, text: Text, share: int, shares: int, rows: int) -> Iterator:
    """(number of the first record, lines, faults, columns by header) of every shares-th batch.

    A share of a text reads all of it, where that cannot be helped, and hands out its own batches.
    """
    if text.kind == "parquet":
        yield from _parquet(raw, text, share, shares, rows)
        return
    number, size = 0, min(rows, _BLOCK)
    blocks = enumerate(_blocks(raw, text, size))
    for turn, found in groupby(blocks, lambda each: each[0] // (rows // size)):
        if turn % shares != share:
            number += sum(len(records) for _, (records, _) in found)
            continue
        batch = _Batch(len(text.head))
        for _, (records, lines) in found:
            batch.add(records, lines)
        if batch.lines:
            yield number, batch.lines, batch.faults, batch.columns()
        number += len(batch.lines)


class _Batch:
    """Records of a text as columns, a block added to the other."""

    def __init__(self, width: int):
        self.lines: list[int] = []
        self.faults: list[str | None] = []
        self._width, self._parts = width, list[list[pa.Array]]()

    def add(self, rows: list[list], lines: Iterable[int]) -> None:
        if not rows:
            return
        self.lines += lines
        faults: list[str | None] = [None] * len(rows)
        if any(len(row) != self._width for row in rows):
            faults = [_fault(row, self._width) for row in rows]
            nothing = [None] * self._width
            rows = [
                row if fault is None else nothing for row, fault in zip(rows, faults, strict=True)
            ]
        self.faults += faults
        # Of a list pyarrow makes an array twice as fast as of a tuple.
        self._parts.append([pa.array(list(one), pa.string()) for one in zip(*rows, strict=True)])

    def columns(self) -> list[pa.Array]:
        return [pa.concat_arrays(parts) for parts in zip(*self._parts, strict=True)]


def _fault(row: list, width: int) -> str | None:
    if len(row) == width:
        return None
    return f"the record has {len(row)} fields, the header {width}"


def _blocks(raw: Store, text: Text, size: int) -> Iterator[tuple[list[list], Iterable[int]]]:
    """All records, so many at a time, and the lines they begin on."""
    if text.kind == "json":
        objects = enumerate(json_objects(raw, text), 1)
        rows = (([json_rows.as_text(row.get(one)) for one in text.head], n) for n, row in objects)
        yield from _cut(rows, size)
        return
    with lines_of(raw, text.path, text.member, text.encoding) as lines:
        if text.quoting == DOUBLED:
            yield from _doubled(lines, size)
            return
        records = ((row, line) for row, line in rows_of(lines, text.quoting) if row)
        next(records, None)  # the header
        yield from _cut(records, size)


def _cut(records: Iterator[tuple[list, int]], size: int) -> Iterator[tuple[list, list[int]]]:
    while found := list(islice(records, size)):
        yield [row for row, _ in found], [line for _, line in found]


def _doubled(lines: Iterable[str], size: int) -> Iterator[tuple[list, Iterable[int]]]:
    """Records by Python's csv, without a step of ours for each; a blank line is none."""
    reader = csv.reader(lines, strict=True)
    next(filter(None, reader), None)  # the header
    begin = reader.line_num + 1
    while rows := list(islice(reader, size)):
        begins: Iterable[int] = range(begin, reader.line_num + 1)
        if len(rows) <= reader.line_num - begin:  # some are longer than a line
            lengths = (1 + sum(field.count("\n") for field in row) for row in rows[:-1])
            begins = accumulate(lengths, initial=begin)
        begin = reader.line_num + 1
        if not all(rows):
            begins = [line for row, line in zip(rows, begins, strict=True) if row]
            rows = [row for row in rows if row]
        yield rows, begins


def _parquet(raw: Store, text: Text, share: int, shares: int, rows: int) -> Iterator:
    with raw.open(text.path) as file:
        parquet, number = pq.ParquetFile(file), 0
        for group in groups_of(parquet):
            if group % shares == share:
                first = number
                for batch in parquet.iter_batches(rows, [group], use_threads=False):
                    records = list(range(first + 1, first + 1 + len(batch)))
                    columns = [_texts_of(column) for column in batch.columns]
                    yield first, records, [None] * len(batch), columns
                    first += len(batch)
            number += parquet.metadata.row_group(group).num_rows


def _texts_of(values: pa.Array) -> pa.Array:
    """Values of any type as text: a double as the shortest that reads back as the same."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not pa.types.is_nested(values.type):
        return values.cast(pa.string())
    return pa.array([_nested(value, values.type) for value in values.to_pylist()], pa.string())


def _nested(value: Any, kind: pa.DataType) -> str | None:
    """Maps, and lists of keys and values such as Google's, as a JSON object; the rest as JSON."""
    if value is None:
        return None
    if pa.types.is_map(kind):
        return json_rows.compact(dict(value))
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        names = {field.name.casefold(): field.name for field in kind.value_type}
        if {"key", "value"} <= names.keys():
            return json_rows.compact({one[names["key"]]: one[names["value"]] for one in value})
    return json_rows.compact(value)
