"""Reading reference data: every file of every kind, every cell typed, every fault with its line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

from focus_lake.reference import csv_files, toml_files
from focus_lake.reference.kinds import DERIVED, Kind, function, table
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.spec.columns import did_you_mean
from focus_lake.storage.base import Store

FOLDERS_OF_OTHERS = ("fx_rates",)  # catalog/currency.py reads these itself


class Sheets(dict[str, Sheet]):
    """Every kind's sheet by name. months: those that the ledger has, YYYYMM; providers: those that
    it has; tag_keys: the keys that declarations keep in daily summaries, None if nobody said."""

    months: set[str]
    providers: set[str]
    tag_keys: Collection[str] | None = None


def read(store: Store, tag_keys: Collection[str] | None = None) -> Sheets:
    """Every kind's sheet, checked. Raises StorageError if the lake cannot be read."""
    files = [kind for kind in table().values() if kind.format != DERIVED]
    sheets = Sheets({kind.name: _sheet(store, kind) for kind in files})
    ledgers = list(_ledger_files(store))
    sheets.months, sheets.providers = {one[2] for one in ledgers}, {one[1] for one in ledgers}
    sheets.tag_keys = tag_keys
    for sheet in list(sheets.values()):
        for path in sheet.kind.checks:
            for row, message, *key in function(path)(sheet, sheets):
                sheet.wrong(row, message, *key)
    for kind in table().values():
        if kind.format == DERIVED:
            sheets[kind.name] = _derived(kind, sheets)
    return sheets


def _ledger_files(store: Store) -> Iterator[re.Match[str]]:
    """Provider and billing month of every file of the ledger."""
    for entry in store.list("ledger"):
        if match := re.fullmatch(r"ledger/([^/]+)/([0-9]{6})[.]jsonl", entry.path):
            yield match


def _derived(kind: Kind, sheets: Sheets) -> Sheet:
    """What follows from the other kinds; nothing while one of its set has a fault."""
    sheet = Sheet(kind)
    if any(other.problems for other in sheets.values() if other.kind.set == kind.set):
        return sheet
    rows = {name: [row.as_dict() for row in other.rows] for name, other in sheets.items()}
    made = function(kind.rows)(rows, sheets.months)
    sheet.rows = [Row(values, "", 0) for values in made]
    return sheet


def strangers(store: Store) -> list[str]:
    """Files under reference/ that belong to no kind: a misspelt folder would be passed over."""
    files = [kind.name for kind in table().values() if kind.format != DERIVED]
    known = [*files, *FOLDERS_OF_OTHERS]
    found: dict[str, str] = {}
    for entry in store.list("reference"):
        folder, _, rest = entry.path.removeprefix("reference/").partition("/")
        if folder not in known and not folder.startswith((".", "_")) and rest:
            found.setdefault(
                folder,
                f"{entry.path}: no kind of reference data is called {folder}"
                f"{did_you_mean(folder, known)}",
            )
    return list(found.values())


def _sheet(store: Store, kind: Kind) -> Sheet:
    sheet = Sheet(kind)
    for path in _paths(store, kind):
        name = path.rsplit("/", 1)[-1]
        if name.startswith((".", "_")):
            continue
        if not name.endswith(f".{kind.format}"):
            sheet.wrong(path, f"not a .{kind.format} file; save it as one, or move it elsewhere")
            continue
        text = _text(store, path, sheet)
        if text is not None:
            reader = toml_files if kind.format == "toml" else csv_files
            reader.read(text, path, sheet)
    _periods(sheet)
    _keys(sheet)
    return sheet


def _paths(store: Store, kind: Kind) -> Iterator[str]:
    """The files of a kind: those in its folder, and the one beside it that has its name."""
    beside = f"{kind.folder}.{kind.format}"
    if any(entry.path == beside for entry in store.list("reference")):
        yield beside
    for entry in store.list(kind.folder):
        yield entry.path


def _text(store: Store, path: str, sheet: Sheet) -> str | None:
    data = store.read(path)[0] or b""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        sheet.wrong(f"{path} line {line}", "not UTF-8; save it as UTF-8, in Excel as CSV UTF-8")
        return None


def _periods(sheet: Sheet) -> None:
    if not sheet.kind.period:
        return
    first, last = sheet.kind.period
    for row in sheet.rows:
        if row[first] and row[last] and row[last] < row[first]:
            sheet.wrong(row, f"{last} {row[last]} is before {first} {row[first]}", last)


def _keys(sheet: Sheet) -> None:
    """No two rows with one key; where rows have a period, none at one time."""
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        key = tuple(row[name] for name in sheet.kind.key)
        for other in groups[key]:
            if key and _meet(sheet.kind, row, other):
                named = ", ".join(f"{n} {v}" for n, v in zip(sheet.kind.key, key, strict=True))
                when = " for overlapping months" if sheet.kind.period else ""
                remedy = sheet.kind.remedy or "remove one of them"
                sheet.wrong(row, f"{named} is there twice{when}, see {other.where()}; {remedy}")
                break
        groups[key].append(row)


def _meet(kind: Kind, one: Row, other: Row) -> bool:
    if not kind.period:
        return True
    first, last = kind.period
    starts = [str(row[first] or "") for row in (one, other)]
    ends = [str(row[last] or "9999") for row in (one, other)]
    return max(starts) <= min(ends)
