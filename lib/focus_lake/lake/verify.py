"""Are the ledger and its journal as they were written? Every line, and each against the other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from focus_lake.errors import LedgerError
from focus_lake.lake import journal, ledger
from focus_lake.storage.base import Store

_MONTH = re.compile(r"(?:journal|ledger)/([^/]+)/(\d{6})\.jsonl")


@dataclass
class Found:
    """What a look at the whole lake found; heads: file -> digest of its last entry."""

    problems: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    entries: int = 0
    lines: int = 0
    older: int = 0  # ledger lines from before there was a journal


def verify(store: Store) -> Found:
    """Check every month of every provider; nothing is changed."""
    found = Found()
    months = set()
    for folder in ("journal", "ledger"):
        for entry in store.list(folder):
            if place := _MONTH.fullmatch(entry.path):
                months.add(place.groups())
    for provider, month in sorted(months):
        try:
            _month(store, provider, month, found)
        except LedgerError as error:
            found.problems.append(str(error))
    return found


def _month(store: Store, provider: str, month: str, found: Found) -> None:
    path = journal.path_of(provider, month)
    where = store.url(path)
    data, _ = store.read(path)
    entries = journal.entries(data or b"", where)
    for entry in entries:
        if (entry["provider"], entry["yearmonth"]) != (provider, month):
            raise LedgerError(
                f"{where} line {entry['entry']}: is of {entry['provider']}/{entry['yearmonth']}: "
                "the file was put in the place of another"
            )
    if entries:
        found.heads[path] = entries[-1]["digest"]
    found.entries += len(entries)
    _ledger(store, provider, month, entries, found)


def _ledger(store: Store, provider: str, month: str, entries: list[dict], found: Found) -> None:
    """Each line of the ledger is what its entry says, and each change that stands has its line."""
    path = f"ledger/{provider}/{month}.jsonl"
    where = store.url(path)
    of, shown = {entry["entry"]: entry for entry in entries}, journal.standing(entries)
    seen = set()
    data = (store.read(path)[0] or b"").split(b"\n")
    for number, text in enumerate(data, 1):
        if not text.strip():
            continue
        found.lines += 1
        line = ledger.from_json(text.decode("utf-8", "replace"), f"{where} line {number}")
        if line.journal_entry is None:
            found.older += 1
            continue
        seen.add(line.journal_entry)
        entry = of.get(line.journal_entry)
        if entry is None or entry.get("line_digest") != journal.digest_of(text):
            found.problems.append(f"{where} line {number}: {_why(entry, line.journal_entry)}")
        elif line.journal_entry not in shown:
            found.problems.append(
                f"{where} line {number}: shows entry {line.journal_entry}, and the journal has a "
                "later one of this batch: an older ledger was put back; the next run writes it down"
            )
    for number in sorted(set(shown) - seen):
        entry = shown[number]
        found.problems.append(
            f"{where}: entry {number} of the journal ({entry['batch_ts']} {entry['status']}, "
            f"{entry['written_at']}, {entry['who']}) is not in the ledger: a run was broken off "
            "there, or the line was removed; run normalize_focus.py, or restore the file"
        )


def _why(entry: dict | None, number: int) -> str:
    if entry is None:
        return f"its entry {number} is not in the journal: entries were removed; restore them"
    return f"is not the line that entry {number} of the journal wrote; restore the file"
