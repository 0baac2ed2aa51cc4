"""The texts and records of one raw file, by Python's own zipfile, gzip, csv and json.

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
# Behind a backslash two quotes and more of the field: no text has this whose quotes are escaped.
_DOUBLES = re.compile(rb'\\""[^,\r\n]')
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
            size = sum(parquet.metadata.row_group(n).total_byte_size for n in groups_of(parquet))
            return [Text(path, None, "parquet", tuple(parquet.schema_arrow.names), size=size)]
    return [_look(raw, path, member, encoding, rows_key) for member in _members(raw, path, start)]


def groups_of(parquet: Any) -> range:
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
        keys = dict.fromkeys(key for row in json_objects(raw, text) for key in row)
        return replace(text, head=tuple(keys))
    size, escapes, doubles, last = 0, False, False, b""
    with _opened(raw, path, member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            escapes = escapes or b'\\"' in last + chunk
            doubles = doubles or _DOUBLES.search(last + chunk) is not None
            last = (last + chunk)[-3:]
    is_open = escapes and not doubles
    quoting = _quoting(raw, path, member, encoding) if is_open else DOUBLED
    with lines_of(raw, path, member, encoding) as lines:
        head = next((row for row, _ in rows_of(lines, quoting) if row), [])
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
    with lines_of(raw, path, member, encoding) as lines:
        try:
            for row, _ in rows_of(lines, quoting):
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
def lines_of(
    raw: Store, path: str, member: str | None, encoding: str
) -> Iterator[io.TextIOWrapper]:
    """The text, a line at a time; only a newline ends one, as line numbers are counted."""
    with _opened(raw, path, member) as stream:
        yield io.TextIOWrapper(stream, encoding=_decoder(encoding), newline="\n")


def _decoder(encoding: str) -> str:
    """UTF-8 with or without a byte-order mark; any other encoding by its name."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def rows_of(lines: Iterable[str], quoting: str) -> Iterator[tuple[list[str], int]]:
    """(fields, the line a record begins on, from 1); a blank line gives no fields."""
    if quoting == BACKSLASH:
        yield from _escaped_rows(lines)
        return
    reader, line = csv.reader(lines, strict=True), 1
    for row in reader:
        yield row, line
        line = reader.line_num + 1


def _escaped_rows(lines: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    """As rows_of; a backslash escapes a quote or a backslash inside quotes, and there alone."""
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


def json_objects(raw: Store, text: Text) -> Iterator[dict]:
    with _opened(raw, text.path, text.member) as stream:
        is_lines = json_rows.is_lines_name(text.member or text.path)
        yield from json_rows.rows(stream, is_lines, text.rows_key)
