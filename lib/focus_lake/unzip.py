"""Raw files to clean CSV text: opens archives, checks them strictly and counts their records.

Runs wherever it is called, usually on the executors, one raw file a task. Text is written in
pieces of whole records, so that Spark reads them in parallel even where fields hold line breaks;
at no time is an archive or a member held in memory.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from focus_lake import json_text
from focus_lake.errors import BatchRejected
from focus_lake.records import BACKSLASH, DOUBLED, BrokenText, Records
from focus_lake.store import Store

PIECE = 16 * 1024 * 1024  # bytes of text in a piece: enough pieces for even shares of the cores
PARQUET = b"PAR1"
PEEK = 64 * 1024  # bytes looked at to recognise a file
ALLOWED_BEFORE_RATIO = 64 * 1024 * 1024  # small members may be as dense as they like


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to before it is taken for a zip bomb."""

    ratio: int = 250  # unpacked bytes for each packed byte; real bills stay below 60
    member_bytes: int = 200 * 1024**3


@dataclass(frozen=True)
class Piece:
    """Whole records of one text, as a file of their own without a header."""

    path: str
    rows: int
    bytes: int
    line_breaks: bool
    first_line: int = 0  # line number of the first row; the others follow on ...
    lines_path: str | None = None  # ... unless their numbers are in this file (numpy, int64)
    longest: int = 0  # bytes of the longest record
    row_groups: tuple[int, int] = (0, 0)  # of a Parquet file: first, and one past the last

    def line_numbers(self, scratch: Store) -> np.ndarray:
        """The line in the raw text on which each row begins, from 1."""
        if self.lines_path is None:
            return np.arange(self.first_line, self.first_line + self.rows)
        with scratch.open(self.lines_path) as file:
            return np.load(file)


@dataclass
class Text:
    """One text (a file or an archive's member): CSV in clean pieces in the scratch folder, or a
    Parquet file, whose pieces are row groups of the raw file itself."""

    source: str  # raw path, and the member's name behind it
    header: tuple[str, ...]
    quoting: str
    rows: int = 0  # records with the header's number of fields
    pieces: list[Piece] = field(default_factory=list)
    malformed: int = 0
    malformed_path: str | None = None  # JSON lines: line, text
    format: str = "csv"  # or parquet


@dataclass
class Unzipped:
    """What became of one raw file: its texts, or why the batch cannot be read."""

    path: str
    texts: list[Text] = field(default_factory=list)
    error: dict | None = None  # code, message, file


def unzip(raw: Store, path: str, scratch: Store, folder: str, required, limits: Limits) -> Unzipped:
    """Clean the raw file at path into pieces below folder in scratch.

    required: columns that a file must have to be taken for a bill, each with the headers
    (casefolded) that stand for it.
    What is wrong with the file is returned; only storage errors are raised.
    """
    done = Unzipped(path)
    try:
        if _starts(raw, path) == PARQUET:
            done.texts.append(_parquet(raw, path, required))
            return done
        for number, (source, opener) in enumerate(_texts(raw, path, limits)):
            target = f"{folder}/{number:03d}"
            done.texts.append(_clean(source, opener, scratch, target, required))
    except BatchRejected as error:
        done.error = {"code": error.code, "message": error.message, "file": error.file}
    return done


def _texts(raw: Store, path: str, limits: Limits) -> Iterator[tuple[str, object]]:
    """(source, function that opens its text) for each text in the raw file."""
    start = _starts(raw, path)
    if start[:2] == b"\x1f\x8b":
        yield path, lambda: _gunzipped(raw, path, limits)
    elif start[:2] == b"PK":
        yield from _members(raw, path, limits)
    elif path.lower().endswith(".zip"):
        raise BatchRejected("broken_zip", f"no zip archive; it starts with {start!r}", path)
    elif json_text.is_json(path, start):
        with json_text.as_csv(raw, path) as file:
            yield path, lambda: _again(file)
    else:
        yield path, lambda: raw.open(path)


@contextmanager
def _again(file):
    file.seek(0)
    yield file


def _starts(raw: Store, path: str) -> bytes:
    with raw.open(path) as file:
        start = file.read(4)
    if not start:
        raise BatchRejected("empty_file", "the file is empty", path)
    return start


def _parquet(raw: Store, path: str, required) -> Text:
    from focus_lake import parquet  # which needs this module's types

    text = parquet.describe(raw, path)
    _check_names(text.header, required, "the columns are " + ", ".join(text.header)[:60], path)
    _no_repeated_names(text.header)
    return text


@contextmanager
def _gunzipped(raw: Store, path: str, limits: Limits):
    with raw.open(path) as packed:
        size = packed.seek(0, io.SEEK_END)
        packed.seek(0)
        with gzip.open(packed) as text:
            yield _Measured(text, size, limits)


def _members(raw: Store, path: str, limits: Limits) -> Iterator[tuple[str, object]]:
    with raw.open(path) as file, open_zip(file, path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                check_member(member, path)
                opener = _member_opener(archive, member, limits)
                yield f"{path}/{member.filename}", opener


def open_zip(file, path: str) -> zipfile.ZipFile:
    """The archive, once its directory could be read and holds anything."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BatchRejected("broken_zip", f"cannot read the archive: {error}", path) from error
    if not any(not member.is_dir() for member in archive.infolist()):
        raise BatchRejected("empty_zip", "the archive holds no file", path)
    return archive


def check_member(member: zipfile.ZipInfo, path: str) -> None:
    """Refuse what no bill export contains."""
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/"):
        raise BatchRejected("unsafe_name", f"the archive has a member named {name!r}", path)
    if member.flag_bits & 0x1:
        raise BatchRejected("encrypted", f"member {name} is encrypted", path)


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits):
    def opener():
        return _Measured(archive.open(member), member.compress_size, limits)

    return opener


class _Measured(io.RawIOBase):
    """An unpacked text that stops when it grows larger than the limits allow.

    packed: bytes of it in the archive.
    """

    def __init__(self, text, packed: int, limits: Limits):
        self._text, self._bytes = text, 0
        by_ratio = max(ALLOWED_BEFORE_RATIO, packed * limits.ratio)
        self._most = min(by_ratio, limits.member_bytes)

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._text.read(size)
        except gzip.BadGzipFile as error:  # an OSError, which would look like a fault of the lake
            raise zlib.error(str(error)) from error
        self._bytes += len(data)
        if self._bytes > self._most:
            raise BatchRejected(
                "zip_bomb",
                f"unpacks to more than {self._most:,} bytes; if it is a real bill, raise "
                "--max_unzip_ratio or --max_unzip_gb",
            )
        return data

    def close(self) -> None:
        self._text.close()
        super().close()


def _clean(source: str, opener, scratch: Store, target: str, required) -> Text:
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
def _naming(source: str):
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


def _check_header(opener, required) -> None:
    with opener() as stream:
        start = stream.read(PEEK).removeprefix(b"\xef\xbb\xbf")
    if not start.strip():
        raise BatchRejected("empty_file", "the file is empty")
    if b"\0" in start:
        return  # the strict reading names the line
    first = start.lstrip(b"\r\n").split(b"\n", 1)[0]
    text = first.decode("utf-8", "replace")
    names = [name.strip(' \r"') for name in text.split(",")]
    _check_names(names, required, f"it starts with {text[:60]!r}")


def _check_names(names, required, found: str, path: str | None = None) -> None:
    there = {name.casefold() for name in names}
    missing = [column for column, heads in required.items() if not there & set(heads)]
    if missing:
        message = f"the header has no {' and no '.join(missing)}; {found}"
        raise BatchRejected("no_focus_header", message, path)


def _write(source: str, opener, scratch: Store, folder: str, quoting: str) -> tuple[Text, bool]:
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


def _no_repeated_names(header: tuple[str, ...]) -> None:
    lower = [name.lower() for name in header]
    twice = sorted({name for name in header if lower.count(name.lower()) > 1})
    if twice:
        raise BatchRejected("repeated_column", f"the header has {', '.join(twice)} twice")


class _Malformed:
    """Records with a wrong number of fields, written aside as JSON lines; made when needed."""

    def __init__(self, scratch: Store, path: str):
        self._scratch, self.path, self.count = scratch, path, 0
        self._open = self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        if self._open:
            self._open.__exit__(*error)

    def write(self, records: list[tuple[int, bytes]]) -> None:
        if records and self._open is None:
            self._open = self._scratch.writer(self.path)
            self._file = self._open.__enter__()
        for line, record in records:
            entry = json.dumps({"line": line, "text": record.decode("utf-8")})
            self._file.write(entry.encode() + b"\n")
        self.count += len(records)
