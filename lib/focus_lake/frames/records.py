"""The delivered records of one raw file, by Python's own zipfile, gzip, csv and json, and pyarrow.

Nothing is guessed: a text is strict CSV, or it raises. Every value comes out as text or None.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake.frames import json_rows
from focus_lake.storage import Store

csv.field_size_limit(sys.maxsize)
_CHUNK = 1024 * 1024  # bytes
# What file managers leave beside files and in archives.
_LITTER = re.compile(
    r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*|\.DS_Store|thumbs\.db|desktop\.ini"
    r"|read[-_ ]?me(?:\.(?:txt|md|html?|pdf|rtf))?)",
    re.IGNORECASE,
)
DOUBLED, BACKSLASH = "doubled", "backslash"
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_LONGEST = 8 * 1024 * 1024  # letters of a record; past this a quote was opened and never closed
# A field of a record in which backslashes escape quotes, and what ends it.
_FIELD = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^",\r\n]*))(,|\r?\n|\Z)', re.DOTALL)


@dataclass(frozen=True)
class Text:
    """One text of a raw file: the file itself or an archive's member.

    kind: csv, json or parquet; quoting: DOUBLED or BACKSLASH, of csv alone; size: bytes, unpacked.
    """

    path: str
    member: str | None
    kind: str
    head: tuple[str, ...]
    quoting: str = DOUBLED
    size: int = 0
    encoding: str = "utf-8"
    rows_key: str | None = None


def is_litter(path: str) -> bool:
    """Whether a file, or member of an archive, is one that no provider delivers."""
    return _LITTER.fullmatch(path) is not None


def look(raw: Store, path: str, encoding: str = "utf-8", rows_key: str | None = None) -> list[Text]:
    """The texts of a raw file and their headers. Reads it once, and keeps nothing of it.

    encoding: of CSV text; rows_key: of JSON, where its rows stand in an object.
    """
    with raw.open(path) as file:
        start = file.read(4)
    if start == b"PAR1":
        with raw.open(path) as file:
            parquet = pq.ParquetFile(file)
            size = sum(parquet.metadata.row_group(n).total_byte_size for n in _groups(parquet))
            return [Text(path, None, "parquet", tuple(parquet.schema_arrow.names), size=size)]
    return [_look(raw, path, member, encoding, rows_key) for member in _members(raw, path, start)]


def _groups(parquet: Any) -> range:
    return range(parquet.num_row_groups)


def _members(raw: Store, path: str, start: bytes) -> list[str | None]:
    if start[:2] != b"PK":
        return [None]
    with raw.open(path) as file, zipfile.ZipFile(file) as archive:
        names = [one.filename for one in archive.infolist() if not one.is_dir()]
        return [name for name in names if not is_litter(name)]


def _look(raw: Store, path: str, member: str | None, encoding: str, rows_key: str | None) -> Text:
    with _opened(raw, path, member) as stream:
        start = stream.read(64)
    if json_rows.is_json_name(member or path) or json_rows.begins_json(start):
        text = Text(path, member, "json", (), rows_key=rows_key)
        keys = dict.fromkeys(key for row in _json_rows(raw, text) for key in row)
        return replace(text, head=tuple(keys))
    size, escapes, last = 0, False, b""
    with _opened(raw, path, member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            escapes = escapes or b'\\"' in last + chunk
            last = chunk[-1:]
    quoting = _quoting(raw, path, member, encoding) if escapes else DOUBLED
    with _lines(raw, path, member, encoding) as lines:
        head = next((row for row, _ in _rows(lines, quoting) if row), [])
    names = tuple(one.strip() for one in head)
    return Text(path, member, "csv", names, quoting, size, encoding)


def _quoting(raw: Store, path: str, member: str | None, encoding: str) -> str:
    """How quotes inside fields are written: doubled, unless backslashes fit better."""
    doubled = _wrong_records(raw, path, member, encoding, DOUBLED)
    if doubled == 0:
        return DOUBLED
    escaped = _wrong_records(raw, path, member, encoding, BACKSLASH)
    better = escaped is not None and (doubled is None or escaped < doubled)
    return BACKSLASH if better else DOUBLED


def _wrong_records(
    raw: Store, path: str, member: str | None, encoding: str, quoting: str
) -> int | None:
    """How many records have another number of fields than the first; None if it is not CSV."""
    width, wrong = 0, 0
    with _lines(raw, path, member, encoding) as lines:
        try:
            for row, _ in _rows(lines, quoting):
                width = width or len(row)
                wrong += bool(row) and len(row) != width
        except csv.Error:
            return None
    return wrong


@contextmanager
def _opened(raw: Store, path: str, member: str | None) -> Iterator[Any]:
    with raw.open(path) as file:
        if member is not None:
            with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
                yield stream
        elif file.read(2) == b"\x1f\x8b":
            file.seek(0)
            with gzip.open(file) as stream:
                yield stream
        else:
            file.seek(0)
            yield file


@contextmanager
def _lines(raw: Store, path: str, member: str | None, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The text, a line at a time; only a newline ends one, as line numbers are counted."""
    with _opened(raw, path, member) as stream:
        yield io.TextIOWrapper(stream, encoding=_decoder(encoding), newline="\n")


def _decoder(encoding: str) -> str:
    """UTF-8 with or without a byte-order mark; any other encoding by its name."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _rows(lines: Iterable[str], quoting: str) -> Iterator[tuple[list[str], int]]:
    """(fields, the line a record begins on, from 1); a blank line gives no fields."""
    if quoting == BACKSLASH:
        yield from _escaped_rows(lines)
        return
    reader, line = csv.reader(lines, strict=True), 1
    for row in reader:
        yield row, line
        line = reader.line_num + 1


def _escaped_rows(lines: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    """As _rows, where a backslash escapes a quote or a backslash inside quotes, and there alone."""
    pending: list[str] = []
    begin, inside, size = 1, False, 0
    for number, line in enumerate(lines, 1):
        pending.append(line)
        size += len(line)
        inside ^= bool(_ESCAPE.sub("", line).count('"') % 2)
        if size > _LONGEST:
            break
        if not inside:
            row = _escaped_row("".join(pending))
            if row is None:
                raise csv.Error(f"line {begin}: a quote stands in the middle of a field")
            yield row, begin
            pending, begin, size = [], number + 1, 0
    if pending:
        raise csv.Error(f"line {begin}: a quote is opened here and never closed")


def _escaped_row(text: str) -> list[str] | None:
    """The fields of a record; None if the record is not whole."""
    if not text.strip("\r\n"):
        return []
    row, at = [], 0
    while True:
        field = _FIELD.match(text, at)
        if field is None or (field[3] == "" and field.end() < len(text)):
            return None
        quoted = field[1]
        row.append(field[2] if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted))
        at = field.end()
        if field[3] != ",":
            return row


def batches(raw: Store, text: Text, share: int, shares: int, rows: int) -> Iterator:
    """(number of the first record, lines, faults, columns by header) of every shares-th batch.

    A share of a text reads all of it, where that cannot be helped, and hands out its own batches.
    """
    if text.kind == "parquet":
        yield from _parquet(raw, text, share, shares, rows)
        return
    taken = _taken_rows(raw, text, share, shares, rows)
    for first, chosen in taken:
        good = [row if fault is None else [None] * len(text.head) for row, _, fault in chosen]
        # Of a list pyarrow makes an array twice as fast as of a tuple.
        columns = [pa.array(list(one), pa.string()) for one in zip(*good, strict=True)]
        lines = [line for _, line, _ in chosen]
        yield first, lines, [fault for _, _, fault in chosen], columns


def _taken_rows(raw: Store, text: Text, share: int, shares: int, rows: int) -> Iterator:
    number, chosen, width = 0, [], len(text.head)
    for row, line in _records(raw, text):
        if (number // rows) % shares == share:
            chosen.append((row, line, None if len(row) == width else _wrong(row, width)))
        number += 1
        if number % rows == 0 and chosen:
            yield number - rows, chosen
            chosen = []
    if chosen:
        yield number - number % rows, chosen


def _wrong(row: list, width: int) -> str:
    return f"the record has {len(row)} fields, the header {width}"


def _records(raw: Store, text: Text) -> Iterator[tuple[list, int]]:
    if text.kind == "json":
        for number, row in enumerate(_json_rows(raw, text), 1):
            yield [json_rows.as_text(row.get(key)) for key in text.head], number
        return
    with _lines(raw, text.path, text.member, text.encoding) as lines:
        rows = ((row, line) for row, line in _rows(lines, text.quoting) if row)
        next(rows, None)  # the header
        yield from rows


def _json_rows(raw: Store, text: Text) -> Iterator[dict]:
    with _opened(raw, text.path, text.member) as stream:
        is_lines = json_rows.is_lines_name(text.member or text.path)
        yield from json_rows.rows(stream, is_lines, text.rows_key)


def _parquet(raw: Store, text: Text, share: int, shares: int, rows: int) -> Iterator:
    with raw.open(text.path) as file:
        parquet, number = pq.ParquetFile(file), 0
        for group in _groups(parquet):
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
