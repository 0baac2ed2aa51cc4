"""Allocation rules: what a row of reference/allocation/*.toml means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from focus_lake.allocation.conditions import POOL, TAG, Condition, matchable, parse
from focus_lake.spec.columns import did_you_mean

METHODS = ("direct", "even", "percent", "proportional", "by_key")
ACTIVE, SHADOW = "active", "shadow"
TO_POOL = "pool:"  # how a target is written that is a pool
ALL = "all"
_KEYS = {
    "direct": {"target", "derive"},
    "even": {"targets"},
    "percent": {"percent"},
    "proportional": {"targets", "scope", "no_basis"},
    "by_key": {"key", "targets", "no_basis"},
}


Spelled = Callable[[str], str]  # a cost center in its meant spelling


class RuleError(ValueError):
    """A rule cannot be read; key: the part of the TOML that is to blame."""

    def __init__(self, key: str, message: str):
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Split:
    """What a rule does. targets: cost centers and pools, or (ALL,); percent: by target;
    derive: the column whose value pays; scope: which direct cost weighs; no_basis: even, or
    unallocated, where nothing weighs."""

    method: str
    targets: tuple[str, ...] = ()
    percent: tuple[tuple[str, Decimal], ...] = ()
    derive: str = ""
    key: str = ""
    scope: tuple[Condition, ...] = ()
    no_basis: str = "unallocated"


@dataclass(frozen=True)
class Rule:
    """One version of a rule; months are YYYYMM, "" where there is no bound."""

    id: str
    version: int
    title: str
    owner: str
    why: str
    status: str
    valid_from: str
    valid_until: str
    stage: int
    pool: str
    conditions: tuple[Condition, ...]
    split: Split
    file: str = ""
    line: int = 0

    @property
    def takes_pool(self) -> bool:
        """Whether it spreads what an earlier stage gave to a pool, rather than charges."""
        return any(condition.column == POOL for condition in self.conditions)

    @property
    def pools_taken(self) -> set[str]:
        return {
            value
            for condition in self.conditions
            if condition.column == POOL and condition.operator == "in"
            for value in condition.values
        }

    @property
    def pools_fed(self) -> set[str]:
        return {t.removeprefix(TO_POOL) for t in self.split.targets if t.startswith(TO_POOL)}

    @property
    def is_direct(self) -> bool:
        return self.split.method == "direct"

    def holds_in(self, month: str) -> bool:
        return self.valid_from <= month <= (self.valid_until or "999999")

    def meets(self, other: Rule) -> bool:
        """Whether there is a month in which both are valid."""
        first = max(self.valid_from, other.valid_from)
        return first <= min(self.valid_until or "999999", other.valid_until or "999999")


def meanings(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """(attribute, as written) -> meant, from the rows of tag_values."""
    return {(row["attribute"], row["value"]): row["meant"] for row in rows}


def read(row: Mapping[str, Any], meant: Mapping[tuple[str, str], str]) -> Rule:
    """The rule of one row of the kind `allocation`; RuleError if it says something impossible."""
    try:
        conditions = tuple(parse(json.loads(row["match"]), meant))
    except ValueError as error:
        raise RuleError("match", str(error)) from None
    if row["stage"] not in (1, 2, 3):
        raise RuleError("stage", f"stage {row['stage']} must be 1, 2 or 3")
    return Rule(
        **{name: row[name] for name in ("id", "version", "title", "owner", "why", "status")},
        stage=row["stage"],
        valid_from=row["valid_from"] or "",
        valid_until=row["valid_until"] or "",
        pool=row["pool"] or row["id"],
        conditions=conditions,
        split=_split(json.loads(row["split"]), meant),
        file=row.get("x_SourceFile", ""),
        line=row.get("x_SourceLine", 0),
    )


def read_all(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Rule]:
    """Every rule of the rows that count, in the order of files and lines."""
    meant = meanings(rows["tag_values"])
    return [read(row, meant) for row in rows["allocation"]]


def in_order(rules: Sequence[Rule], which: str) -> list[Rule]:
    """The rules of one rule set, in the order in which they are tried: by stage, file and line.

    The shadow set is the active one in which each shadow rule stands in the place of the active
    rule of its id, in the months of the shadow rule; without one it stands where it is written.
    """
    active = [rule for rule in rules if rule.status == ACTIVE]
    if which == ACTIVE:
        return sorted(active, key=_order)
    placed = [(_order(rule), rule) for rule in active]
    for shadow in [rule for rule in rules if rule.status == SHADOW]:
        mine = [(at, rule) for at, rule in placed if rule.id == shadow.id and rule.meets(shadow)]
        at = min((at for at, _ in mine), default=_order(shadow))
        kept = [item for item in placed if item not in mine]
        rest = [(at, part) for at, rule in mine for part in _without(rule, shadow)]
        placed = [*kept, *rest, ((shadow.stage, *at[1:]), shadow)]
    return [rule for _, rule in sorted(placed, key=lambda item: (item[0], item[1].valid_from))]


def _order(rule: Rule) -> tuple[int, str, int]:
    return rule.stage, rule.file, rule.line


def _without(rule: Rule, other: Rule) -> list[Rule]:
    """A rule in its months before and after another one."""
    parts = []
    if rule.valid_from < other.valid_from:
        parts.append(replace(rule, valid_until=month_after(other.valid_from, -1)))
    if other.valid_until and (rule.valid_until or "999999") > other.valid_until:
        parts.append(replace(rule, valid_from=month_after(other.valid_until)))
    return parts


def month_after(month: str, count: int = 1) -> str:
    """The month so many months later (or, below 0, earlier), as YYYYMM."""
    number = int(month[:4]) * 12 + int(month[4:]) - 1 + count
    return f"{number // 12}{number % 12 + 1:02d}"


def _split(split: Mapping[str, Any], meant: Mapping[tuple[str, str], str]) -> Split:
    method = split.get("method")
    if method not in METHODS:
        hint = did_you_mean(str(method), METHODS)
        raise RuleError("split", f"method {method!r} must be one of {', '.join(METHODS)}{hint}")
    for name in split:
        if name not in {"method", *_KEYS[method]}:
            hint = did_you_mean(name, _KEYS[method])
            known = ", ".join(sorted(_KEYS[method]))
            raise RuleError("split", f"{name} is unknown for {method}{hint}; it has {known}")
    no_basis = split.get("no_basis", "unallocated")
    if no_basis not in ("even", "unallocated"):
        raise RuleError("split", f"no_basis {no_basis!r} must be even or unallocated")
    scope = split.get("scope", {})
    try:
        if POOL in scope:
            raise ValueError(f"{POOL} cannot be in a scope: a pool is nobody's direct cost")
        conditions = tuple(parse(scope, meant))
    except ValueError as error:
        raise RuleError("split", f"scope: {error}") from None
    made = Split(method, scope=conditions, no_basis=no_basis)
    return _SPLITS[method](made, split, lambda text: meant.get(("x_CostCenter", text), text))


def _direct(made: Split, split: Mapping[str, Any], spelled: Spelled) -> Split:
    target, derive = split.get("target"), split.get("derive")
    if (target is None) == (derive is None):
        raise RuleError("split", 'direct needs target = ".." or derive = "COLUMN", one of them')
    if derive is not None:
        known = [name for name in matchable() if name != POOL]
        if derive not in known and not str(derive).startswith(TAG):
            raise RuleError(
                "split", f"derive {derive!r} is not a column{did_you_mean(derive, known)}"
            )
        return replace(made, derive=derive)
    return replace(made, targets=_texts([target], spelled))


def _even(made: Split, split: Mapping[str, Any], spelled: Spelled) -> Split:
    return replace(made, targets=_targets(split, spelled))


def _by_key(made: Split, split: Mapping[str, Any], spelled: Spelled) -> Split:
    key = split.get("key")
    if not isinstance(key, str) or not key:
        raise RuleError("split", 'by_key needs key = "..", a key of allocation_keys')
    targets = _targets(split, spelled) if "targets" in split else (ALL,)
    return replace(made, key=key, targets=targets)


def _percent(made: Split, split: Mapping[str, Any], spelled: Spelled) -> Split:
    parts = split.get("percent")
    if not isinstance(parts, Mapping) or not parts:
        raise RuleError("split", 'percent needs percent = { "cc-1" = "60", "cc-2" = "40" }')
    found: dict[str, Decimal] = {}
    for target, text in zip(_texts(list(parts), spelled), parts.values(), strict=True):
        try:
            number = Decimal(str(text))
        except InvalidOperation:
            raise RuleError("split", f"percent of {target} is {text!r}, not a number") from None
        if not number.is_finite() or not 0 <= number <= 100:
            raise RuleError("split", f"percent of {target} is {text}; it must be from 0 to 100")
        if target in found:
            raise RuleError("split", f"percent names {target} twice")
        found[target] = number
    if (total := sum(found.values())) != 100:
        raise RuleError("split", f"the percentages add up to {total}, they must add up to 100")
    return replace(made, targets=tuple(found), percent=tuple(found.items()))


def _targets(split: Mapping[str, Any], spelled: Spelled) -> tuple[str, ...]:
    targets = split.get("targets")
    if targets == ALL or targets == [ALL]:
        return (ALL,)
    if not isinstance(targets, list) or not targets:
        raise RuleError("split", 'targets must be a list of cost centers, or "all"')
    found = _texts(targets, spelled)
    for target in found:
        if found.count(target) > 1:
            raise RuleError("split", f"targets name {target} twice")
    return found


def _texts(values: list, spelled: Spelled) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str) or value.strip() in ("", TO_POOL):
            raise RuleError("split", f"target {value!r} must be a cost center, or {TO_POOL}NAME")
    return tuple(spelled(value.strip()) for value in values)


_SPLITS = {
    "direct": _direct,
    "even": _even,
    "percent": _percent,
    "proportional": _even,
    "by_key": _by_key,
}
