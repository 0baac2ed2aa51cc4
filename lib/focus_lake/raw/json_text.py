"""A JSON export as CSV text, so that it goes the way of all texts: an array of objects, the same
inside an object under a declared key, or JSON lines, one object a line."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from focus_lake.errors import BatchRejected
from focus_lake.raw.archives import Opener
from focus_lake.spec import json_values

LARGEST = 512 * 1024 * 1024  # bytes; JSON is read whole, larger exports should come as CSV
LINES = (".jsonl", ".ndjson")
WRAPPED = "rows come in an array or as JSON lines; where the array stands under a key, declare "
WRAPPED += "[format] rows_key"


def is_json(name: str, start: bytes) -> bool:
    """Whether a text is JSON, by its name or first bytes."""
    named = name.lower().removesuffix(".gz").endswith((".json", *LINES))
    return named or start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")


@contextmanager
def as_csv(name: str, opener: Opener, rows_key: str | None) -> Iterator[BinaryIO]:
    """The rows as CSV text in a temporary file; its header is every key that occurs.

    rows_key: the key of the array in an object, ``data`` or ``result.items``.
    """
    rows = _rows(name, opener, rows_key)
    header = list(dict.fromkeys(key for row in rows for key in row))
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows([_cell(row.get(key)) for key in header] for row in rows)
        text.flush()
        file.seek(0)
        yield cast(BinaryIO, file)


def _rows(name: str, opener: Opener, rows_key: str | None) -> list[dict]:
    text = _text(opener)
    try:
        if name.lower().removesuffix(".gz").endswith(LINES) or _is_lines(text):
            return _lines(text)
        found = json_values.DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        raise BatchRejected("broken_json", f"not JSON: {error}") from error
    return _array(found, rows_key)


def _text(opener: Opener) -> str:
    with opener() as file:
        data = bytearray()
        while chunk := file.read(1024 * 1024):
            data += chunk
            if len(data) > LARGEST:
                message = f"more than {LARGEST:,} bytes of JSON; have it exported as CSV"
                raise BatchRejected("json_too_large", message)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BatchRejected("not_utf8", f"not UTF-8: {error}") from error


def _is_lines(text: str) -> bool:
    """Whether the first line is an object by itself, and there are more lines."""
    first, _, rest = text.strip().partition("\n")
    if not (first.startswith("{") and rest.strip()):
        return False
    try:
        return isinstance(json_values.DECODER.decode(first.strip()), dict)
    except ValueError:
        return False


def _lines(text: str) -> list[dict]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json_values.DECODER.decode(line.strip())
            except (ValueError, RecursionError) as error:
                raise BatchRejected("broken_json", f"line {number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise BatchRejected("json_no_array", f"line {number}: the JSON is not an object")
            rows.append(row)
    return rows


def _array(found: object, rows_key: str | None) -> list[dict]:
    """The rows of a JSON value: itself, or what stands under rows_key."""
    if isinstance(found, dict) and rows_key is not None:
        for key in rows_key.split("."):
            if not isinstance(found, dict) or key not in found:
                there = ", ".join(map(repr, found)) if isinstance(found, dict) else "no object"
                message = f"no key {key!r} of [format] rows_key = {rows_key!r}; there: {there}"
                raise BatchRejected("json_no_array", message[:300])
            found = found[key]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        what = "an object" if isinstance(found, dict) else "no array of objects"
        keys = f" with the keys {', '.join(found)}"[:100] if isinstance(found, dict) else ""
        raise BatchRejected("json_no_array", f"the JSON is {what}{keys}; {WRAPPED}")
    return found


def _cell(value: object) -> str:
    return "" if value is None else json_values.as_text(value)
