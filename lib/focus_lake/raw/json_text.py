"""A JSON export, an array of flat objects, as CSV text, so that it goes the way of all texts."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from focus_lake.errors import BatchRejected
from focus_lake.spec import json_values
from focus_lake.storage.base import Store

LARGEST = 512 * 1024 * 1024  # bytes; JSON is read whole, larger exports should come as CSV


def is_json(path: str, start: bytes) -> bool:
    """Whether a file is JSON, by its name or first bytes."""
    return path.lower().endswith(".json") or start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (
        b"[",
        b"{",
    )


@contextmanager
def as_csv(raw: Store, path: str) -> Iterator:
    """The rows as CSV text in a temporary file; its header is every key that occurs."""
    rows = _rows(raw, path)
    header = list(dict.fromkeys(key for row in rows for key in row))
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows([_cell(row.get(key)) for key in header] for row in rows)
        text.flush()
        file.seek(0)
        yield file


def _rows(raw: Store, path: str) -> list[dict]:
    with raw.open(path) as file:
        if file.seek(0, 2) > LARGEST:
            message = f"more than {LARGEST:,} bytes of JSON; have it exported as CSV"
            raise BatchRejected("json_too_large", message, path)
        file.seek(0)
        data = file.read()
    try:
        rows = json_values.DECODER.decode(data.decode("utf-8-sig").strip())
    except UnicodeDecodeError as error:
        raise BatchRejected("not_utf8", f"not UTF-8: {error}", path) from error
    except (ValueError, RecursionError) as error:
        raise BatchRejected("broken_json", f"no JSON: {error}", path) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = "an object" if isinstance(rows, dict) else "no array of objects"
        raise BatchRejected("json_no_array", f"the JSON is {found}; rows come in an array", path)
    return rows


def _cell(value: object) -> str:
    return "" if value is None else json_values.as_text(value)
