"""Rules that match nothing in the newest month, with their last match: asked at each refresh.

What is kept tells which rule made a cost last. A rule that only feeds a pool is hidden there by the
rule that spreads the pool, so such rules are left to `python -m focus_lake.allocation check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from focus_lake.allocation.rules import ACTIVE, SHADOW, TO_POOL, Rule, read_all

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def query(database: str) -> str:
    """Athena SQL: each rule and version that made a cost, and the last month in which it did."""
    return (
        "SELECT x_AllocationRule, x_AllocationRuleVersion, MAX(yearmonth) "
        f"FROM {database}.focus_allocation_shares GROUP BY 1, 2"
    )


def told(rows: Rows, found: Iterable[tuple]) -> Iterator[str]:
    """A warning for each rule without a match in the newest month.

    rows: the reference data that count; found: what the query gave.
    """
    last = {(name, version): month for name, version, month in found}
    if not last:
        return
    newest = max(last.values())
    for rule in read_all(rows):
        matched = last.get((rule.id, rule.version))
        is_meant = rule.status in (ACTIVE, SHADOW) and rule.holds_in(newest)
        if is_meant and matched != newest and not _feeds(rule):
            yield text(rule.file, rule.line, rule.id, rule.version, newest, matched)


def text(file: str, line: int, name: str, version: int, newest: str, last: str | None) -> str:
    """The warning."""
    before = f"its last match was in {last}" if last else "it never matched"
    return (
        f"{file} line {line}: rule {name} (version {version}) matches nothing in {newest}; {before}"
    )


def _feeds(rule: Rule) -> bool:
    return any(target.startswith(TO_POOL) for target in rule.split.targets)
