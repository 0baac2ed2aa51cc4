"""From shadow to active: the TOML of a rule is changed, and its older version ends before it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

from focus_lake.allocation.rules import ACTIVE, SHADOW, month_after
from focus_lake.errors import FocusLakeError
from focus_lake.reference import checked, history, kinds
from focus_lake.reference.read import read
from focus_lake.reference.sheet import Row
from focus_lake.storage import Store

DAYS = 7  # that a rule has to be in shadow


class PromotionRefused(FocusLakeError):
    """The rule stays in shadow; says why."""


@dataclass(frozen=True)
class Promotion:
    """What will be changed: the rule, its older versions, and since when it has been tried."""

    rule: Row
    older: list[Row]
    since: date | None

    @property
    def days(self) -> int | None:
        return (today() - self.since).days if self.since else None


def today() -> date:
    """The day, UTC."""
    return datetime.now(UTC).date()


def find(store: Store, rule: str) -> Promotion:
    """What promoting the shadow rule of that id means. Raises PromotionRefused."""
    sheets = read(store)
    problems = [text for sheet in sheets.values() for text in sheet.problems]
    if problems:
        raise PromotionRefused(f"the reference data have faults; correct them first: {problems[0]}")
    rows = [row for row in sheets["allocation"].rows if row["id"] == rule]
    shadows = [row for row in rows if row["status"] == SHADOW]
    if len(shadows) != 1:
        known = sorted({r["id"] for r in sheets["allocation"].rows if r["status"] == SHADOW})
        raise PromotionRefused(
            f"{len(shadows)} rules in shadow are called {rule}, there must be one; in shadow are "
            f"{', '.join(known) or 'none'}"
        )
    older = [row for row in rows if row["status"] == ACTIVE and _meet(row, shadows[0])]
    return Promotion(shadows[0], older, shadows[0]["shadow_from"] or _first_seen(store, shadows[0]))


def carry_out(store: Store, found: Promotion) -> list[str]:
    """Change the files; what was changed, in words. Raises PromotionRefused, VersionConflict."""
    new, done = found.rule, []
    edits: dict[str, list[tuple[int, str, list[str]]]] = {}
    for row in found.older:
        edit, words = _end(row, new)
        edits.setdefault(row.file, []).append(edit)
        done.append(words)
    lines = ['status = "active"', f"active_from = {today().isoformat()}"]
    if not new["shadow_from"] and found.since:
        lines.append(f"shadow_from = {found.since.isoformat()}")
    edits.setdefault(new.file, []).append((_line(new, "status"), "status", lines))
    done.append(f"{new.where('status')}: {new['id']} version {new['version']} is active")
    for path, changes in edits.items():
        _edit(store, path, changes)
    return done


def _end(old: Row, new: Row) -> tuple[tuple[int, str, list[str]], str]:
    """How an older version gives way to the new one."""
    start = new["valid_from"] or ""
    if (new["valid_until"] or "999999") < (old["valid_until"] or "999999"):
        raise PromotionRefused(
            f"version {old['version']} would hold again after {new['valid_until']}; write that "
            f"as a version of its own, and end {old.where()} yourself"
        )
    name = f"{old.where()}: {old['id']} version {old['version']}"
    if not start or start <= (old["valid_from"] or ""):
        return (_line(old, "status"), "status", ['status = "retired"']), f"{name} is retired"
    last = month_after(start, -1)
    key = "valid_until" if old["valid_until"] else "status"
    text = [f'valid_until = "{last}"']
    if key == "status":
        text.insert(0, 'status = "active"')
    return (_line(old, key), key, text), f"{name} ends with {last}"


def _line(row: Row, key: str) -> int:
    if key not in row.lines:
        raise PromotionRefused(f"{row.where()}: the line of {key} is not found; change it yourself")
    return row.lines[key]


def _edit(store: Store, path: str, changes: list[tuple[int, str, list[str]]]) -> None:
    """Replace lines by others, the last one first, in one conditional write."""
    data, version = store.read(path)
    lines = (data or b"").decode("utf-8").split("\n")
    for number, key, new in sorted(changes, reverse=True):
        if key not in lines[number - 1]:
            raise PromotionRefused(f"{path} line {number} is not that of {key}; change it yourself")
        lines[number - 1 : number] = new
    store.put_if(path, "\n".join(lines).encode("utf-8"), version)


def _meet(one: Row, other: Row) -> bool:
    first = max(one["valid_from"] or "", other["valid_from"] or "")
    return first <= min(one["valid_until"] or "999999", other["valid_until"] or "999999")


def _first_seen(store: Store, rule: Row) -> date | None:
    """When a refresh first found this version in shadow, as it is now."""
    kind, since = kinds.table()["allocation"], None
    wanted = _content(rule.values)
    for change in history.changes(store, kind.set):
        rows = checked.load(store, kind, change.revisions.get(kind.name, checked.NONE))
        there = any(_content(row) == wanted for row in rows)
        since = (since or date.fromisoformat(change.at[:10])) if there else None
    return since


def _content(row: dict) -> str:
    names = ("id", "version", "status", "match", "split", "stage")
    return json.dumps([row[name] for name in names])
