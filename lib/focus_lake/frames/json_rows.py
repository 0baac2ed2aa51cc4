"""The rows of a JSON text, one at a time: of an array, of one under a key, or an object a line."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import IO, Any

_CHUNK = 1024 * 1024  # letters
# Letters of one value; past this it is taken for a text that never ends, and not kept in memory.
_LONGEST = 64 * _CHUNK
_GAP = re.compile(r"[ \t\n\r]*")


class _Number(str):
    """A JSON number as it is written."""


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_JSON = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_no_constant)


def is_lines_name(path: str) -> bool:
    return re.search(r"\.(jsonl|ndjson)(\.gz)?$", path, re.IGNORECASE) is not None


def is_json_name(path: str) -> bool:
    return is_lines_name(path) or re.search(r"\.json(\.gz)?$", path, re.IGNORECASE) is not None


def begins_json(start: bytes) -> bool:
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def rows(stream: IO[bytes], is_lines: bool, rows_key: str | None) -> Iterator[dict[str, Any]]:
    """Each row, as it is read; of the text no more than a piece is in memory.

    is_lines: an object a line, by the file's name; a text whose first line is one is told by
    itself. rows_key: where the rows are in an object, a.b for one inside another. Raises
    ValueError for what is not strict JSON.
    """
    text = _Text(stream)
    found = text.lines() if is_lines or text.has_lines() else _whole(text, rows_key or "")
    for row in found:
        if not isinstance(row, dict):
            raise ValueError(f"a row is not a JSON object: {compact(row)[:60]}")
        yield row


def _whole(text: _Text, rows_key: str) -> Iterator[Any]:
    yield from _array(text) if text.peek() == "[" else _under(text, rows_key.split("."))
    if text.peek():
        raise ValueError(f"{text.peek()!r} stands behind the JSON")


def _array(text: _Text) -> Iterator[Any]:
    text.take("[")
    if text.peek() != "]":
        yield text.value()
        while text.peek() != "]":
            text.take(",")
            yield text.value()
    text.take("]")


def _under(text: _Text, keys: list[str]) -> Iterator[Any]:
    """The rows under these keys, one inside the other; all else in the objects is read past."""
    found, begins = False, "{"
    while text.peek() != "}" or begins == "{":
        text.take(begins)
        if begins == "{" and text.peek() == "}":
            break
        begins, key = ",", text.value()
        text.take(":")
        if key != keys[0]:
            text.value()
        elif found:
            raise ValueError(f"{key} comes twice")
        else:
            found = True
            yield from _under(text, keys[1:]) if keys[1:] else _array(text)
    text.take("}")
    if not found:
        raise ValueError(f"the rows are in no array: the object has no key {keys[0]!r}")


class _Text:
    """A text that is read piece by piece: what is ahead, and more where that is not enough."""

    def __init__(self, stream: IO[bytes]):
        self._stream = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="\n")
        self._ahead, self._at = "", 0

    def _more(self) -> bool:
        left = self._ahead[self._at :]
        if len(left) > _LONGEST:
            raise ValueError(f"a JSON value is longer than {_LONGEST:,} letters, or never ends")
        piece = self._stream.read(max(_CHUNK, len(left)))
        self._ahead, self._at = left + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """The next letter other than a space; '' at the end."""
        while True:
            gap = _GAP.match(self._ahead, self._at)
            self._at = gap.end() if gap else self._at
            if self._at < len(self._ahead):
                return self._ahead[self._at]
            if not self._more():
                return ""

    def take(self, letter: str) -> None:
        if self.peek() != letter:
            raise ValueError(f"{letter!r} should stand here, not {self.peek() or 'the end'!r}")
        self._at += 1

    def value(self) -> Any:
        """The next value as a whole."""
        self.peek()
        while True:
            try:
                value, end = _JSON.raw_decode(self._ahead, self._at)
            except ValueError:
                if self._more():
                    continue
                raise
            if end == len(self._ahead) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def lines(self) -> Iterator[Any]:
        while True:
            end = self._ahead.find("\n", self._at)
            if end < 0 and self._more():
                continue
            words = self._ahead[self._at : end if end >= 0 else None].strip()
            self._at = end + 1 if end >= 0 else len(self._ahead)
            if words:
                yield _JSON.decode(words)
            if end < 0:
                return

    def has_lines(self) -> bool:
        """Whether the first line is an object, and others follow it."""
        if self.peek() != "{":
            return False
        while (end := self._ahead.find("\n", self._at)) < 0:
            if len(self._ahead) - self._at > _LONGEST or not self._more():
                return False
        try:
            first = _JSON.decode(self._ahead[self._at : end].strip())
        except ValueError:
            return False
        while not (rest := self._ahead[end:].strip()) and self._more_behind():
            continue
        return isinstance(first, dict) and bool(rest)

    def _more_behind(self) -> bool:
        piece = self._stream.read(_CHUNK)
        self._ahead += piece
        return bool(piece)


def as_text(value: Any) -> str | None:
    """A JSON value as text: texts and numbers as they are, the rest as JSON without spaces."""
    return value if value is None or isinstance(value, str) else compact(value)


def compact(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(str(k))}:{compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
