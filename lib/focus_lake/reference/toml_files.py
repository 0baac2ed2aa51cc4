"""Reading one TOML file of a kind: its [[tables]], with the line of each and of its keys."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from typing import Any

from focus_lake.reference.cells import typed, unknown
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.spec.columns import did_you_mean

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_.-]+))\s*=")


def read(text: str, path: str, sheet: Sheet) -> None:
    """The file's good rows and its faults go into the sheet."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path} line {line[1]}" if line else f"{path} line {text.count(chr(10)) + 1}"
        sheet.wrong(where, f"not TOML: {error}")
        return
    rows = sheet.kind.rows
    places = places_of(text, rows)
    for name in data:
        if name != rows:
            hint = did_you_mean(name, [rows])
            sheet.wrong(
                f"{path} line {_line_of(text, name)}",
                f"{name!r} is unknown{hint}; the file holds [[{rows}]] tables only",
            )
    items = data.get(rows, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        first = _line_of(text, rows)
        sheet.wrong(f"{path} line {first}", f"{rows} must be written as [[{rows}]]")
        return
    for number, item in enumerate(items):
        lines = places[number] if number < len(places) else {"": 1}
        _row(item, path, lines, sheet)


def _row(item: dict, path: str, lines: dict[str, int], sheet: Sheet) -> None:
    first = lines[""]
    values, problems = typed(sheet.kind, {name: as_text(value) for name, value in item.items()})
    problems += list(unknown(sheet.kind, item))
    for key, message in problems:
        sheet.wrong(f"{path} line {lines.get(key, first)}", message)
    if not problems:
        sheet.rows.append(Row(values, path, first, lines))


def _line_of(text: str, name: str) -> int:
    """The first line that names a table or key at the top."""
    there = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}\b")
    lines = enumerate(text.split("\n"), 1)
    return next((number for number, line in lines if there.match(line)), 1)


def as_text(value: Any) -> str:
    """A value of TOML as the text that a CSV file would hold; tables and lists as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def places_of(text: str, rows: str) -> list[dict[str, int]]:
    """For each [[rows]] table the line of its header, under "", and those of its keys.

    A key of a table inside is there as it stands (``match.x_Provider``) and so is the table
    (``match``). tomllib gives no lines, hence this reading of the text beside it.
    """
    places: list[dict[str, int]] = []
    inside, prefix, ours = "", "", False
    for number, line in enumerate(text.split("\n"), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header and not key:
            name = header[2].replace(" ", "")
            ours = name == rows or name.startswith(f"{rows}.")
            if header[1] == "[[" and name == rows:
                places.append({"": number})
            prefix = name.removeprefix(rows).lstrip(".")
            if ours and prefix and places:
                places[-1].setdefault(prefix, number)
            prefix = f"{prefix}." if prefix else ""
        elif key and ours and places:
            name = prefix + (key[1] or key[2] or key[3])
            places[-1].setdefault(name, number)
            places[-1].setdefault(name.split(".")[0], number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2 == 1:
                inside = quotes
    return places
