"""Strict reading of CSV text in pieces: finds records, counts them, and lets none swallow another.

Works on bytes with numpy: quotes, commas and newlines are positions, and a newline ends a record
when an even number of quotes stands before it. Nothing is parsed here but the header; the text
is handed on without header, byte-order mark, blank lines and carriage returns, and always with
doubled quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from focus_lake.errors import FocusLakeError

DOUBLED, BACKSLASH = "doubled", "backslash"  # how a quote inside a quoted field is written
CHUNK = 4 * 1024 * 1024  # bytes read at a time
LONGEST_RECORD = 8 * 1024 * 1024  # bytes; past this a quote was opened and never closed
QUOTE, COMMA, NEWLINE, RETURN, ESCAPE = 34, 44, 10, 13, 92
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
        quotes = self._quotes(octets)
        newlines = np.flatnonzero(octets == NEWLINE)
        outside = np.searchsorted(quotes, newlines) % 2 == 0
        ends = newlines[outside]
        if at_end and len(quotes) % 2:
            self._strict(octets, quotes[:-1])
            raise BrokenText(
                self._line_at(newlines, quotes[-1]), "a quote is opened here and never closed"
            )
        if not len(ends):
            return None, 0
        used = int(ends[-1]) + 1
        octets, quotes = octets[:used], quotes[: np.searchsorted(quotes, used)]
        self._strict(octets, quotes)
        self._plain_text(buffer[:used], octets)
        piece = self._piece(buffer[:used], octets, quotes, newlines[newlines < used], ends)
        self._line += int(np.searchsorted(newlines, used))
        return piece, used

    def _quotes(self, octets: np.ndarray) -> np.ndarray:
        """Positions of the quotes that open and close fields, in turn; none that are text."""
        quotes = np.flatnonzero(octets == QUOTE)
        before = octets[quotes - 1] == ESCAPE
        if len(quotes) and quotes[0] == 0:
            before[0] = False
        self.escapes_seen = self.escapes_seen or bool(before.any())
        if self._quoting == DOUBLED:
            return _without_doubled(quotes)
        return quotes[~(before & _odd_run(octets, quotes))] if before.any() else quotes

    def _line_at(self, newlines: np.ndarray, position: int) -> int:
        return self._line + int(np.searchsorted(newlines, position))

    def _strict(self, octets: np.ndarray, quotes: np.ndarray) -> None:
        """A quote opens only at a field's start and closes only at its end."""
        opening, closing = quotes[0::2], quotes[1::2]
        before = np.where(opening == 0, NEWLINE, octets[opening - 1])
        after = octets[np.minimum(closing + 1, len(octets) - 1)]
        bad_open = (before != COMMA) & (before != NEWLINE)
        bad_close = (after != COMMA) & (after != NEWLINE) & (after != RETURN)
        if not (bad_open.any() or bad_close.any()):
            return
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
        quotes: np.ndarray,
        newlines: np.ndarray,
        ends: np.ndarray,
    ) -> Chunk | None:
        breaks = self._returns(octets, quotes) or len(newlines) > len(ends)
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
        wrong = ~skipped & (_commas(octets, quotes, ends) + 1 != len(self.header))
        lines = self._line + np.searchsorted(newlines, starts)
        malformed = [
            (int(lines[i]), buffer[starts[i] : ends[i]].rstrip(b"\r"))
            for i in np.flatnonzero(wrong)
        ]
        dropped = skipped | wrong
        drop = np.zeros(0, np.int64)
        if self._quoting == BACKSLASH:
            octets, drop = _doubled(octets, quotes)
            buffer = octets.tobytes()
        text = _cut(buffer, octets, starts, ends, dropped, drop)
        rows = len(dropped) - int(dropped.sum())
        return Chunk(text, rows, lines[~dropped], breaks, longest, malformed)

    def _returns(self, octets: np.ndarray, quotes: np.ndarray) -> bool:
        """Whether a field holds a carriage return; outside quotes one may only end a line."""
        returns = np.flatnonzero(octets == RETURN)
        alone = returns[octets[returns + 1] != NEWLINE]  # the last byte is a newline
        outside = alone[np.searchsorted(quotes, alone) % 2 == 0]
        if len(outside):
            line = self._line + int((octets[: outside[0]] == NEWLINE).sum())
            raise BrokenText(line, "a carriage return without newline, outside quotes")
        return bool((np.searchsorted(quotes, returns) % 2).any())

    def _read_header(
        self, buffer: bytes, starts: np.ndarray, ends: np.ndarray, blank: np.ndarray
    ) -> None:
        first = np.flatnonzero(~blank)[:1]
        if len(first):
            self.header = header_of(buffer[starts[first[0]] : ends[first[0]]])


def _without_doubled(quotes: np.ndarray) -> np.ndarray:
    """The quotes without pairs of a closing one and one that opens again right behind it."""
    closing, opening = quotes[1:-1:2], quotes[2::2]
    keep = np.ones(len(quotes), bool)
    keep[2::2] = closing + 1 != opening
    keep[1:-1:2] = keep[2::2]
    return quotes[keep]


def _odd_run(octets: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Whether an odd number of backslashes stands right before each quote (it is then text)."""
    odd = np.zeros(len(quotes), bool)
    pending, back = np.arange(len(quotes)), 1
    while len(pending):
        inside = quotes[pending] >= back
        pending = pending[inside]
        pending = pending[octets[quotes[pending] - back] == ESCAPE]
        odd[pending] = ~odd[pending]
        back += 1
    return odd


def _doubled(octets: np.ndarray, quotes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(text with its escaped quotes doubled, positions of the bytes that are then too many).

    A backslash escapes a quote or another backslash, and only inside quotes; any other one is
    text, such as the one in a null's \\N.
    """
    slashes = np.flatnonzero(octets == ESCAPE)
    slashes = slashes[np.searchsorted(quotes, slashes) % 2 == 1]
    begins = np.diff(slashes, prepend=-2) != 1
    run = np.maximum.accumulate(np.where(begins, slashes, 0)) if len(slashes) else slashes
    escaping = slashes[(slashes - run) % 2 == 0]
    octets = octets.copy()
    octets[escaping[octets[escaping + 1] == QUOTE]] = QUOTE
    return octets, escaping[octets[escaping + 1] == ESCAPE]


def _commas(octets: np.ndarray, quotes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Commas outside quotes in each record."""
    commas = np.flatnonzero(octets == COMMA)
    total = np.searchsorted(commas, ends)
    if len(quotes):
        at = np.searchsorted(commas, quotes)
        quoted = np.concatenate([[0], np.cumsum(at[1::2] - at[0::2])])
        total = total - quoted[np.searchsorted(quotes[0::2], ends)]
    return np.diff(total, prepend=0)


def _cut(
    buffer: bytes,
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    dropped: np.ndarray,
    drop: np.ndarray,
) -> bytes:
    """The text without dropped records and bytes, and the carriage returns that end records."""
    drop = np.concatenate([drop, ends[octets[ends - 1] == RETURN] - 1])
    if not dropped.any() and not len(drop):
        return buffer
    first = int(np.argmin(dropped))
    if not len(drop) and dropped[:first].all() and not dropped[first:].any():
        return buffer[starts[first] :] if not dropped.all() else b""
    keep = np.ones(len(octets), bool)
    keep[drop] = False
    for i in np.flatnonzero(dropped):
        keep[starts[i] : ends[i] + 1] = False
    return octets[keep].tobytes()


def _is_gbk(buffer: bytes, start: int) -> bool:
    try:
        buffer[start : start + 64].decode("gbk", "strict")
    except UnicodeDecodeError as error:
        return error.start > 32  # cut in the middle of a character at the end
    return True
