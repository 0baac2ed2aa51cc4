"""The journal: every change of a ledger line, written before the change, in a chain of digests.

Files: ``journal/<provider>/<YYYYMM>.jsonl``, one entry a line, only ever appended to. An entry ends
with the SHA-256 of its own text, and holds that of the entry before it, so that a byte that was
changed and a line that was removed or moved are found (verify.py). It names the digest of the
ledger line, not its content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from focus_lake.errors import LedgerError, VersionConflict
from focus_lake.log import Author, utc_now
from focus_lake.storage.base import Store

FIRST = "0" * 64  # what stands for the entry before the first
WRITE, VOID, ADOPT = "write", "void", "adopt"
ATTEMPTS = 10  # appends of other runs that may come in between
_ENTRY = re.compile(rb'(\{.*),"digest":"([0-9a-f]{64})"\}', re.DOTALL)


def path_of(provider: str, month: str) -> str:
    return f"journal/{provider}/{month}.jsonl"


def digest_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def entries(data: bytes, where: str) -> list[dict]:
    """The entries of one month's file, oldest first.

    Raises LedgerError that names the first line that is not as it was written.
    """
    found: list[dict] = []
    previous = FIRST
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if number == len(lines) and not line:
            return found  # the end of the last line
        entry = _checked(line, f"{where} line {number}", number == len(lines))
        if entry["entry"] != number or entry["previous"] != previous:
            raise LedgerError(
                f"{where} line {number}: is entry {entry['entry']} and does not follow the line "
                "before it: a line was removed, added or moved; restore the file from a backup"
            )
        previous = entry["digest"]
        found.append(entry)
    return found


def _checked(line: bytes, where: str, is_last: bool) -> dict:
    """One entry whose digest is that of its text."""
    parts = _ENTRY.fullmatch(line)
    if is_last:
        raise LedgerError(
            f"{where}: the file is cut off here, its last line has no end; restore it from a backup"
        )
    if parts is None or digest_of(parts[1]) != parts[2].decode():
        raise LedgerError(f"{where}: is not as it was written; restore the file from a backup")
    return json.loads(line)


def standing(found: Iterable[dict]) -> dict[int, dict]:
    """Number -> entry of the changes that the ledger's lines must still show.

    A line takes the place of those of its batch whose status the entry names under ``replaces``;
    what a void names never reached the ledger, what an adoption names was found in it again.
    """
    all_of = {entry["entry"]: entry for entry in found}
    voided = {entry["about_entry"] for entry in all_of.values() if entry["action"] == VOID}
    batches: dict[str, dict[int, dict]] = {}
    for number, entry in all_of.items():
        if entry["action"] == VOID or number in voided:
            continue
        target = entry["about_entry"] if entry["action"] == ADOPT else number
        made = all_of.get(target, entry)
        batches[made["batch_ts"]] = {
            number: old
            for number, old in batches.get(made["batch_ts"], {}).items()
            if old["status"] not in made["replaces"]
        } | {target: made}
    return {number: entry for batch in batches.values() for number, entry in batch.items()}


class Journal:
    """The journal of one provider; appends go on from whatever the file holds by then."""

    def __init__(self, store: Store, provider: str, author: Author):
        self.store, self.provider, self.author = store, provider, author
        self._read: dict[str, tuple[bytes, str | None, list[dict]]] = {}
        self._settled: set[str] = set()

    def append(self, month: str, action: str, **values: Any) -> int:
        """Write one entry; its number. LedgerError if the file is not as it was written."""
        for _ in range(ATTEMPTS):
            data, version, found = self._month(month)
            number = len(found) + 1
            entry = {
                "entry": number,
                "written_at": utc_now(),
                "run_id": self.author.run_id,
                "who": self.author.who,
                "action": action,
                "provider": self.provider,
                "yearmonth": month,
                **{
                    key: value(number) if callable(value) else value
                    for key, value in values.items()
                },
                "previous": found[-1]["digest"] if found else FIRST,
            }
            line = _line(entry)
            try:
                version = self.store.put_if(path_of(self.provider, month), data + line, version)
            except VersionConflict:
                del self._read[month]  # another run was first; go on after its entry
                continue
            found.append(json.loads(line))
            self._read[month] = (data + line, version, found)
            return number
        where = self.store.url(path_of(self.provider, month))
        raise VersionConflict(f"{where}: other runs write to it all the time; start again later")

    def settle(self, month: str, numbers: set[int]) -> None:
        """Say what became of entries that the ledger's lines, these numbers, do not show.

        To be called right after the ledger was written: no other run's change can be under way.
        Once a month is enough: what this run writes afterwards is shown.
        """
        if month in self._settled:
            return
        found = self._month(month)[2]
        shown, all_of = set(standing(found)), {entry["entry"]: entry for entry in found}
        for number in sorted(shown - numbers):
            self.append(month, VOID, **_of(all_of[number]))
        for number in sorted((numbers & set(all_of)) - shown):
            self.append(month, ADOPT, **_of(all_of[number]))
        self._settled.add(month)

    def _month(self, month: str) -> tuple[bytes, str | None, list[dict]]:
        if month not in self._read:
            path = path_of(self.provider, month)
            data, version = self.store.read(path)
            found = entries(data or b"", self.store.url(path))
            self._read[month] = (data or b"", version, found)
        return self._read[month]


def _of(entry: dict) -> dict:
    return {"about_entry": entry["entry"], "batch_ts": entry["batch_ts"], "status": entry["status"]}


def _line(entry: dict) -> bytes:
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return text + b',"digest":"' + digest_of(text).encode() + b'"}\n'
