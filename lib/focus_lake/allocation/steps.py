"""What the views need of the rules as rows: their order, their fixed ratios, their targets.

These are kinds of reference data that no file holds: they follow from the rules, the cost centers
and the keys, and are kept under digests like them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from focus_lake.allocation.ratios import ratios
from focus_lake.allocation.rules import (
    ACTIVE,
    ALL,
    SHADOW,
    TO_POOL,
    Rule,
    Split,
    in_order,
    meanings,
    read_all,
)
from focus_lake.allocation.words import rule_in_words

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Made = Iterator[dict[str, Any]]
RULE_SETS = (ACTIVE, SHADOW)


def steps(rows: Rows, months: set[str]) -> Made:
    """One row a rule and rule set, numbered in the order in which rules are tried."""
    rules = read_all(rows)
    for which in RULE_SETS:
        for number, rule in enumerate(in_order(rules, which), 1):
            split = rule.split
            direct_to = split.targets[0] if rule.is_direct and split.targets else ""
            to_pool = direct_to.startswith(TO_POOL)
            yield {
                "rule_set": which,
                "rule_no": number,
                "id": rule.id,
                "version": rule.version,
                "title": rule.title,
                "status": rule.status,
                "stage": rule.stage,
                "method": split.method,
                "pool": rule.pool,
                "target": None if to_pool else direct_to or None,
                "to_pool": direct_to.removeprefix(TO_POOL) if to_pool else None,
                "takes_charges": not rule.takes_pool,
                "is_payer": rule.is_direct and not to_pool,
                "weighed": weighed_key(split) if split.method == "proportional" else None,
                "provider_key": "*" if _names(split, "x_Provider") else None,
                "currency_key": "*" if _names(split, "BillingCurrency") else None,
                "fixed": fixed_key(split),
                "fixed_by_month": ALL in split.targets or split.method == "by_key",
                "valid_from": rule.valid_from or "000000",
                "valid_until": rule.valid_until or "999999",
                "words": rule_in_words(rule),
            }


def weights(rows: Rows, months: set[str]) -> Made:
    """The ratios that follow from rules alone: even, percent, by_key; by month where they must."""
    seen = set()
    for rule in read_all(rows):
        split, key = rule.split, fixed_key(rule.split)
        if key is None or key in seen:
            continue
        seen.add(key)
        by_month = ALL in split.targets or split.method == "by_key"
        for month in sorted(months) if by_month else [""]:
            for ratio in ratios(_weights(split, month, rows)):
                yield {
                    "spread": f"{key}/{month}" if by_month else key,
                    "target": ratio.target,
                    "since": ratio.since,
                    "until": ratio.until,
                }


def targets(rows: Rows, months: set[str]) -> Made:
    """Who can be weighed by direct cost, for each proportional split."""
    seen = set()
    for rule in read_all(rows):
        split, key = rule.split, weighed_key(rule.split)
        if split.method != "proportional" or key in seen:
            continue
        seen.add(key)
        for target, since, until in _who(split, rows):
            yield {
                "spread": key,
                "scope": scope_key(split),
                "target": target,
                "valid_from": since,
                "valid_until": until,
            }


def conditions(rows: Rows, months: set[str]) -> Made:
    """One row a value of a condition, for the trace; a test about nulls has one without a value."""
    for which in RULE_SETS:
        for number, rule in enumerate(in_order(read_all(rows), which), 1):
            for place, condition in enumerate(rule.conditions, 1):
                for value in condition.values or (None,):
                    yield {
                        "rule_set": which,
                        "rule_no": number,
                        "condition_no": place,
                        "column_name": condition.column,
                        "operator": condition.operator,
                        "value": value,
                        "words": condition.words(),
                    }


def fixed_key(split: Split) -> str | None:
    """The mark of a split whose ratios need no bill, or of what is done where nothing weighs."""
    if split.method in ("even", "percent", "by_key"):
        return _mark(split.method, split.targets, split.percent, split.key, split.no_basis)
    if split.method == "proportional" and split.no_basis == "even":
        return _mark("even", split.targets, (), "", "unallocated")
    return None


def weighed_key(split: Split) -> str:
    """The mark of a split that is weighed by direct cost."""
    return _mark("weighed", split.targets, scope_key(split))


def scope_key(split: Split) -> str:
    """The mark of the direct cost that weighs; "all" is all of it."""
    return _mark("scope", [condition.words() for condition in split.scope]) if split.scope else ALL


def _mark(*parts: Any) -> str:
    text = json.dumps(parts, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _names(split: Split, column: str) -> bool:
    return any(condition.column == column for condition in split.scope)


def _weights(split: Split, month: str, rows: Rows) -> dict[str, Any]:
    if split.method == "percent":
        return dict(split.percent)
    if split.method == "by_key":
        return _quantities(split, month, rows) or _even_of_key(split, month, rows)
    return dict.fromkeys(_valid_targets(split, month, rows), 1)


def _quantities(split: Split, month: str, rows: Rows) -> dict[str, Any]:
    meant = meanings(rows["tag_values"])
    found: dict[str, Any] = {}
    for row in rows["allocation_keys"]:
        target = str(meant.get(("x_CostCenter", row["target"]), row["target"]))
        wanted = ALL in split.targets or target in split.targets
        if (row["yearmonth"], row["key"]) == (month, split.key) and wanted:
            found[target] = found.get(target, 0) + max(row["quantity"], 0)
    return {target: quantity for target, quantity in found.items() if quantity > 0}


def _even_of_key(split: Split, month: str, rows: Rows) -> dict[str, Any]:
    """Where no quantity weighs: everybody alike, or nobody, as the rule says."""
    if split.no_basis != "even":
        return {}
    return dict.fromkeys(_valid_targets(split, month, rows), 1)


def _valid_targets(split: Split, month: str, rows: Rows) -> list[str]:
    return [
        target for target, since, until in _who(split, rows) if not month or since <= month <= until
    ]


def _who(split: Split, rows: Rows) -> list[tuple[str, str, str]]:
    """(target, first month, last month); a named target is there whenever the rule is."""
    if ALL not in split.targets:
        return [(target, "000000", "999999") for target in split.targets]
    return [
        (row["cost_center"], row["valid_from"] or "000000", row["valid_until"] or "999999")
        for row in rows["cost_centers"]
    ]


def rules_of(rows: Rows, which: str = ACTIVE) -> list[Rule]:
    """The rules of a rule set in their order."""
    return in_order(read_all(rows), which)
