"""Raw files to clean CSV text: opens archives, checks them strictly and counts their records.

Runs wherever it is called, usually on the executors, one raw file a task. Text is written in
pieces of whole records, so that Spark reads them in parallel even where fields hold line breaks;
at no time is an archive or a member held in memory.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import numpy as np

from focus_lake.errors import BatchRejected
from focus_lake.raw import encodings, json_text, parquet
from focus_lake.raw.archives import Limits, Opener, gunzipped, members
from focus_lake.raw.csv_records import BACKSLASH, DOUBLED, BrokenText, Records
from focus_lake.raw.encodings import recoded
from focus_lake.raw.texts import PIECE, Piece, Text
from focus_lake.storage.base import Store

Required = Mapping[str, Collection[str]]  # column -> the headers that stand for it
PARQUET = b"PAR1"
PEEK = 64 * 1024  # bytes looked at to recognise a file


@dataclass
class Unzipped:
    """What became of one raw file: its texts, or why the batch cannot be read."""

    path: str
    texts: list[Text] = field(default_factory=list)
    junk: list[tuple[str, str]] = field(default_factory=list)  # members passed over, and why
    error: dict | None = None  # code, message, file


def unzip(
    raw: Store,
    path: str,
    scratch: Store,
    folder: str,
    required: Required,
    limits: Limits,
    encoding: str = "utf-8",
    rows_key: str | None = None,
) -> Unzipped:
    """Clean the raw file at path into pieces below folder in scratch.

    required: columns that a file must have to be taken for a bill, each with the headers
    (casefolded) that stand for it. encoding: of CSV text; rows_key: of JSON.
    What is wrong with the file is returned; only storage errors are raised.
    """
    done = Unzipped(path)
    try:
        if _starts(raw, path) == PARQUET:
            done.texts.append(_parquet(raw, path, required))
            return done
        for number, (source, opener) in enumerate(_texts(raw, path, limits, done.junk)):
            target = f"{folder}/{number:03d}"
            with _as_csv(source, opener, encoding, rows_key) as (format, text):
                cleaned = _clean(source, text, scratch, target, required)
                done.texts.append(replace(cleaned, format=format))
    except BatchRejected as error:
        done.error = {"code": error.code, "message": error.message, "file": error.file}
    return done


def _texts(
    raw: Store, path: str, limits: Limits, junk: list[tuple[str, str]]
) -> Iterator[tuple[str, Opener]]:
    """(source, function that opens its bytes) for each text in the raw file."""
    start = _starts(raw, path)
    if start[:2] == b"\x1f\x8b":
        yield path, lambda: gunzipped(raw, path, limits)
    elif start[:2] == b"PK":
        yield from members(raw, path, limits, junk)
    elif path.lower().endswith(".zip"):
        raise BatchRejected("broken_zip", f"not a zip archive; it starts with {start!r}", path)
    else:
        yield path, lambda: raw.open(path)


@contextmanager
def _as_csv(
    source: str, opener: Opener, encoding: str, rows_key: str | None
) -> Iterator[tuple[str, Opener]]:
    """(csv or json, a function that opens the text as CSV in UTF-8)."""
    with ExitStack() as stack:
        with _naming(source):
            with opener() as file:
                start = file.read(64)
            is_json = json_text.is_json(source, start)
            if is_json and start:
                rows = stack.enter_context(json_text.as_csv(source, opener, rows_key))
        if is_json and start:
            yield "json", lambda: _again(rows)
        elif encodings.is_utf8(encoding):
            yield "csv", opener
        else:
            yield "csv", lambda: recoded(opener, encoding)


@contextmanager
def _again(file: BinaryIO) -> Iterator[BinaryIO]:
    file.seek(0)
    yield file


def _starts(raw: Store, path: str) -> bytes:
    with raw.open(path) as file:
        start = file.read(4)
    if not start:
        raise BatchRejected("empty_file", "the file is empty", path)
    return start


def _parquet(raw: Store, path: str, required: Required) -> Text:
    text = parquet.describe(raw, path)
    _check_names(text.header, required, "the columns are " + ", ".join(text.header)[:60], path)
    _no_repeated_names(text.header, path)
    return text


def _clean(source: str, opener: Opener, scratch: Store, target: str, required: Required) -> Text:
    """The text with whichever quoting reads strictly, and with fewer malformed records."""
    with _naming(source):
        _check_header(opener, required)
        try:
            doubled, escapes = _write(source, opener, scratch, f"{target}-d", DOUBLED)
        except BrokenText as first:
            scratch.delete(f"{target}-d")
            try:
                return _write(source, opener, scratch, f"{target}-b", BACKSLASH)[0]
            except BrokenText as second:  # the reading that came further is the right one
                raise max(first, second, key=lambda error: error.line) from None
        if not (doubled.malformed and escapes):
            return doubled
        try:
            escaped, _ = _write(source, opener, scratch, f"{target}-b", BACKSLASH)
        except BrokenText:
            scratch.delete(f"{target}-b")
            return doubled
        better, worse = sorted([doubled, escaped], key=lambda text: text.malformed)
        scratch.delete(f"{target}-{'d' if worse is doubled else 'b'}")
        return better


@contextmanager
def _naming(source: str) -> Iterator[None]:
    """Give every complaint about a text the same form, with its source."""
    try:
        yield
    except BatchRejected as error:
        raise BatchRejected(error.code, error.message, error.file or source) from error
    except BrokenText as error:
        raise BatchRejected(error.code, str(error), source) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        message = f"the archive is damaged: {error}"
        raise BatchRejected("broken_zip", message, source) from error
    except (NotImplementedError, RuntimeError) as error:  # what zipfile raises for odd methods
        raise BatchRejected("broken_zip", f"cannot unpack: {error}", source) from error


def _check_header(opener: Opener, required: Required) -> None:
    with opener() as stream:
        start = stream.read(PEEK).removeprefix(b"\xef\xbb\xbf")
    if not start.strip():
        raise BatchRejected("empty_file", "the file is empty")
    if b"\0" in start:
        return  # the strict reading names the line
    first = start.lstrip(b"\r\n").split(b"\n", 1)[0]
    text = first.decode("utf-8", "replace").rstrip("\r")
    found = f"it starts with {text[:60]!r}"
    heads = {head for each in required.values() for head in each}
    for mark in ";\t|":
        if mark in text and heads & {name.casefold() for name in _split(text, mark)}:
            found += f"; {mark!r} stands between fields, and only commas are read: convert the file"
    _check_names(_split(text, ","), required, found)


def _split(header: str, mark: str) -> list[str]:
    return [name.strip(' "') for name in header.split(mark)]


def _check_names(
    names: Iterable[str], required: Required, found: str, path: str | None = None
) -> None:
    there = {name.casefold() for name in names}
    missing = [column for column, heads in required.items() if not there & set(heads)]
    if missing:
        message = f"the header has no {' and no '.join(missing)}; {found}"
        raise BatchRejected("no_focus_header", message, path)


def _write(
    source: str, opener: Opener, scratch: Store, folder: str, quoting: str
) -> tuple[Text, bool]:
    """(the text in pieces, whether it has backslashes before quotes). Raises BrokenText."""
    text = Text(source, (), quoting)
    bad = _Malformed(scratch, f"{folder}.malformed.jsonl")
    with opener() as stream, bad:
        reader = Records(stream, quoting)
        parts = iter(reader)
        part = next(parts, None)
        while part is not None:
            path = f"{folder}/{len(text.pieces):04d}.csv"
            rows, size, breaks, longest, lines = 0, 0, False, 0, []
            with scratch.writer(path) as file:
                while part is not None and size < PIECE:
                    file.write(part.text)
                    bad.write(part.malformed)
                    rows, size = rows + part.rows, size + len(part.text)
                    breaks, longest = breaks or part.line_breaks, max(longest, part.longest)
                    lines.append(part.lines)
                    part = next(parts, None)
            numbers = _line_numbers(lines, path, scratch)
            piece = Piece(path, rows, size, breaks, *numbers, longest=longest)
            text.pieces.append(piece)
            text.rows += rows
    text.header = reader.header
    text.malformed, text.malformed_path = bad.count, bad.path if bad.count else None
    _no_repeated_names(text.header)
    return text, reader.escapes_seen


def _line_numbers(parts: list[np.ndarray], path: str, scratch: Store) -> tuple[int, str | None]:
    """(first line, file with all of them where they are not simply one after the other)."""
    lines = np.concatenate(parts)
    if not len(lines):
        return 0, None
    if (np.diff(lines) == 1).all():
        return int(lines[0]), None
    with scratch.writer(f"{path}.lines.npy") as file:
        np.save(file, lines.astype(np.int64))
    return int(lines[0]), f"{path}.lines.npy"


def _no_repeated_names(header: tuple[str, ...], path: str | None = None) -> None:
    lower = [name.lower() for name in header]
    twice = sorted({name for name in header if lower.count(name.lower()) > 1})
    if twice:
        raise BatchRejected("repeated_column", f"the header has {', '.join(twice)} twice", path)


class _Malformed:
    """Records with a wrong number of fields, written aside as JSON lines; made when needed."""

    def __init__(self, scratch: Store, path: str):
        self._scratch, self.path, self.count = scratch, path, 0
        self._files = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> _Malformed:
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)

    def write(self, records: list[tuple[int, bytes]]) -> None:
        for line, record in records:
            if self._file is None:
                self._file = self._files.enter_context(self._scratch.writer(self.path))
            entry = json.dumps({"line": line, "text": record.decode("utf-8")})
            self._file.write(entry.encode() + b"\n")
        self.count += len(records)
