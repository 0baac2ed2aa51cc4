"""Strict reading of CSV text in pieces: finds records, counts them, and lets none swallow another.

Works on bytes with numpy: quotes, commas and newlines are bits (see bits.py), and a newline ends
a record when an even number of quotes stands before it. Nothing is parsed here but the header; the
text is handed on without header, byte-order mark, blank lines and carriage returns, and always
with doubled quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import numpy as np
import pyarrow as pa

from focus_lake.errors import FocusLakeError
from focus_lake.raw import bits
from focus_lake.raw.marks import (
    COMMA,
    ESCAPE,
    NEWLINE,
    QUOTE,
    RETURN,
    Marks,
    doubled,
    odd_run,
    returns_of,
    without_doubled,
)

DOUBLED, BACKSLASH = "doubled", "backslash"  # how a quote inside a quoted field is written
CHUNK = 2 * 1024 * 1024  # bytes read at a time: its bits stay in a core's cache
LONGEST_RECORD = 8 * 1024 * 1024  # bytes; past this a quote was opened and never closed
BOM = b"\xef\xbb\xbf"


class BrokenText(FocusLakeError):
    """The text is not strict CSV in UTF-8; ``line`` is the physical line, from 1."""

    def __init__(self, line: int, message: str, code: str = "broken_csv"):
        super().__init__(f"line {line}: {message}")
        self.line, self.code = line, code


@dataclass
class Chunk:
    """Some whole records: clean text, how many, and those with a wrong number of fields."""

    text: bytes
    rows: int
    lines: np.ndarray  # line number of each of these rows
    line_breaks: bool  # whether a field holds a line break
    longest: int  # bytes of the longest record
    malformed: list[tuple[int, bytes]]  # line number, record as it stands


def header_of(first: bytes) -> tuple[str, ...]:
    """Column names from the first record's bytes, stripped."""
    text = first.decode("utf-8").rstrip("\r\n")
    return tuple(name.strip() for name in next(csv.reader(io.StringIO(text, newline="")), []))


class Records:
    """Reads a binary stream as CSV. ``header`` is known once the first piece was read.

    quoting: DOUBLED (RFC 4180) or BACKSLASH. Raises BrokenText.
    """

    def __init__(self, stream: BinaryIO, quoting: str):
        self._stream, self._quoting = stream, quoting
        self._line = 1  # line number of the first byte not yet handed out
        self.header: tuple[str, ...] = ()
        self.escapes_seen = False  # a backslash before a quote: the other reading may be right

    def __iter__(self) -> Iterator[Chunk]:
        rest, at_end, limit = b"", False, CHUNK
        while not at_end:
            data = self._stream.read(limit)
            at_end = not data
            if at_end and rest and not rest.endswith(b"\n"):
                data = b"\n"
            elif at_end and not rest:
                return
            buffer = self._start(rest + data) if not self.header else rest + data
            piece, used = self._records(buffer, at_end)
            if piece is not None:
                yield piece
            rest = buffer[used:]
            limit = max(CHUNK, len(rest))  # a long record is looked at a few times, not often
            if len(rest) > LONGEST_RECORD:
                raise BrokenText(self._line, "a quote is opened here and never closed")
        if rest:
            raise BrokenText(self._line, "a quote is opened here and never closed")

    def _start(self, buffer: bytes) -> bytes:
        if buffer[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise BrokenText(1, "UTF-16 text; only UTF-8 is read", "not_utf8")
        return buffer.removeprefix(BOM)

    def _records(self, buffer: bytes, at_end: bool) -> tuple[Chunk | None, int]:
        octets = np.frombuffer(buffer, np.uint8)
        quotes = self._quotes(buffer, octets)
        inside = bits.odd(quotes)
        newlines = np.flatnonzero(octets == NEWLINE)
        ends = newlines[~bits.at(inside, newlines)]
        if at_end and bits.at(inside, np.array([len(octets) - 1])).all():
            self._refuse_quotes(octets, quotes)
        if not len(ends):
            return None, 0
        used = int(ends[-1]) + 1
        if used < len(buffer):
            buffer, octets, newlines = buffer[:used], octets[:used], newlines[newlines < used]
            quotes, inside = bits.first(quotes, used), bits.first(inside, used)
        marks = Marks(
            quotes, inside, bits.of(octets == COMMA), bits.of(octets == NEWLINE), returns_of(buffer)
        )
        if not marks.are_strict(self._quoting == DOUBLED):
            self._refuse_quotes(octets, quotes)
        self._plain_text(buffer, octets)
        piece = self._piece(buffer, octets, marks, newlines, ends)
        self._line += len(newlines)
        return piece, used

    def _quotes(self, buffer: bytes, octets: np.ndarray) -> np.ndarray:
        """The quotes that open and close fields, in turn, as bits. Of two that mean one quote
        inside a field the first closes it and the other opens it again."""
        quotes = bits.of(octets == QUOTE)
        if ESCAPE not in buffer or (self._quoting == DOUBLED and self.escapes_seen):
            return quotes
        escaped = quotes & bits.after(bits.of(octets == ESCAPE))
        if not escaped.any():
            return quotes
        self.escapes_seen = True
        if self._quoting == DOUBLED:
            return quotes
        is_text = np.zeros(len(octets), bool)
        places = bits.places(escaped)
        is_text[places[odd_run(octets, places)]] = True
        return quotes & ~bits.of(is_text)

    def _refuse_quotes(self, octets: np.ndarray, quotes: np.ndarray) -> NoReturn:
        """Name the first quote that opens not at a field's start or closes not at its end, else
        the last one, which nothing closes."""
        places = bits.places(quotes)
        if self._quoting == DOUBLED:
            places = without_doubled(places)
        opening, closing = places[0::2], places[1::2]
        last = opening[-1]
        opening = opening[: len(closing)]
        before = np.where(opening == 0, NEWLINE, octets[opening - 1])
        after = octets[np.minimum(closing + 1, len(octets) - 1)]
        bad_open = (before != COMMA) & (before != NEWLINE)
        bad_close = (after != COMMA) & (after != NEWLINE) & (after != RETURN)
        if not (bad_open.any() or bad_close.any()):
            line = self._line + int((octets[:last] == NEWLINE).sum())
            raise BrokenText(line, "a quote is opened here and never closed")
        # The quote that opened a field is the one to look at, also where only its end is wrong.
        first = int(np.argmax(bad_open | bad_close))
        raise BrokenText(
            self._line + int((octets[: opening[first]] == NEWLINE).sum()),
            "a quote stands in the middle of a field, or is opened and not closed",
        )

    def _plain_text(self, buffer: bytes, octets: np.ndarray) -> None:
        if b"\0" in buffer:
            line = self._line + buffer.count(b"\n", 0, buffer.index(b"\0"))
            raise BrokenText(line, "a NUL byte; the file is damaged or not a text", "nul_bytes")
        if octets.max(initial=0) < 128:
            return
        ends = pa.py_buffer(np.array([0, len(buffer)], np.int32))
        whole = pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(buffer)])
        try:
            whole.cast(pa.string())  # checks four times as fast as Python's decode
        except pa.ArrowInvalid:
            self._refuse_bytes(buffer)

    def _refuse_bytes(self, buffer: bytes) -> None:
        try:
            buffer.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self._line + buffer.count(b"\n", 0, error.start)
            hint = "; it reads as GBK" if _is_gbk(buffer, error.start) else ""
            raise BrokenText(line, f"not UTF-8{hint}; export it as UTF-8", "not_utf8") from None

    def _piece(
        self,
        buffer: bytes,
        octets: np.ndarray,
        marks: Marks,
        newlines: np.ndarray,
        ends: np.ndarray,
    ) -> Chunk | None:
        breaks = self._line_breaks(octets, marks) or len(newlines) > len(ends)
        starts = np.concatenate([[0], ends[:-1] + 1])
        lengths = ends - starts
        longest = int(lengths.max())
        if longest > LONGEST_RECORD:
            line = self._line + int(np.searchsorted(newlines, starts[np.argmax(lengths)]))
            raise BrokenText(line, f"a record of more than {LONGEST_RECORD:,} bytes")
        blank = (lengths == 0) | ((lengths == 1) & (octets[starts] == RETURN))
        skipped = blank.copy()
        if not self.header:
            self._read_header(buffer, starts, ends, blank)
            skipped[np.flatnonzero(~blank)[:1]] = True
        fields = np.diff(bits.counted(marks.commas & ~marks.inside, ends), prepend=0) + 1
        wrong = ~skipped & (fields != len(self.header))
        lines = self._line + np.searchsorted(newlines, starts)
        malformed = [
            (int(lines[i]), buffer[starts[i] : ends[i]].rstrip(b"\r"))
            for i in np.flatnonzero(wrong)
        ]
        dropped = skipped | wrong
        drop = np.zeros(0, np.int64)
        if self._quoting == BACKSLASH:
            octets, drop = doubled(octets, marks.inside)
            buffer = octets.tobytes()
        text = _cut(buffer, octets, starts, ends, dropped, drop, breaks)
        rows = len(dropped) - int(dropped.sum())
        return Chunk(text, rows, lines[~dropped], breaks, longest, malformed)

    def _line_breaks(self, octets: np.ndarray, marks: Marks) -> bool:
        """Whether a field holds a carriage return; outside quotes one may only end a line."""
        if marks.returns is None:
            return False
        alone = marks.returns & ~marks.inside & ~bits.before(marks.newlines)
        if alone.any():
            line = self._line + int((octets[: bits.places(alone)[0]] == NEWLINE).sum())
            raise BrokenText(line, "a carriage return without newline, outside quotes")
        return bool((marks.returns & marks.inside).any())

    def _read_header(
        self, buffer: bytes, starts: np.ndarray, ends: np.ndarray, blank: np.ndarray
    ) -> None:
        first = np.flatnonzero(~blank)[:1]
        if len(first):
            self.header = header_of(buffer[starts[first[0]] : ends[first[0]]])


def _cut(
    buffer: bytes,
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    dropped: np.ndarray,
    drop: np.ndarray,
    breaks: bool,
) -> bytes:
    """The text without dropped records and bytes, and the carriage returns that end records.

    breaks: whether a field holds a line break.
    """
    returns = ends[octets[ends - 1] == RETURN] - 1
    if dropped.all():
        return b""
    first = int(np.argmin(dropped))
    if not len(drop) and not dropped[first:].any() and not (len(returns) and breaks):
        text = buffer[starts[first] :]
        return text.replace(b"\r\n", b"\n") if len(returns) else text
    keep = np.ones(len(octets), bool)
    keep[drop] = keep[returns] = False
    for i in np.flatnonzero(dropped):
        keep[starts[i] : ends[i] + 1] = False
    return octets[keep].tobytes()


def _is_gbk(buffer: bytes, start: int) -> bool:
    try:
        buffer[start : start + 64].decode("gbk", "strict")
    except UnicodeDecodeError as error:
        return error.start > 32  # cut in the middle of a character at the end
    return True
