"""The rules a bill is held to, read from rules.csv, and the columns that each looks at.

A rule that names no columns looks at those for which the column table says so.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from focus_lake.resources import data
from focus_lake.spec import columns
from focus_lake.spec.columns import Column

BLOCKS, REPORTED = "blocks", "reported"


@dataclass(frozen=True)
class Rule:
    """One rule.

    focus_version, section: since when and where FOCUS asks for it;
    severity: BLOCKS (a batch that breaks it is not published) or REPORTED;
    kind: the check in value_checks.py or header_checks.py that carries it out;
    of: what is looked at: the header of a file, the values as delivered (before anything was
    filled or repaired), the values as stored, or the batch as a whole;
    named: what its columns field says, such as ``ListUnitPrice*PricingQuantity=ListCost``;
    tolerance: of rules about amounts, see the rule's sentence.
    """

    id: str
    focus_version: str
    section: str
    severity: str
    kind: str
    of: str
    named: tuple[tuple[str, ...], ...]
    tolerance: Decimal
    sentence: str

    def targets(self, version: str) -> list[tuple[str, ...]]:
        """What the rule looks at in a file of a FOCUS version: columns, or groups of columns."""
        there = {column.name for column in columns.of_version(version)}
        if self.named:
            return [names for names in self.named if there.issuperset(names)]
        taken = _named_by_others(self)
        derived = [_DERIVED[self.kind](column, version) for column in columns.of_version(version)]
        return [names for names in derived if names and names not in taken]


@cache
def table() -> tuple[Rule, ...]:
    """Every rule, in the order of rules.csv."""
    text = data("spec", "rules.csv").read_text(encoding="utf-8")
    return tuple(_rule(row) for row in csv.DictReader(text.splitlines()))


def _rule(row: dict[str, str]) -> Rule:
    named = tuple(tuple(re.split("[<>*=]", names)) for names in row["columns"].split("|") if names)
    return Rule(
        id=row["rule"],
        focus_version=row["focus_version"],
        section=row["section"],
        severity=row["severity"],
        kind=row["kind"],
        of=row["of"],
        named=named,
        tolerance=Decimal(row["tolerance"] or 0),
        sentence=row["sentence"],
    )


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217 for money that is paid with, as of 2026; withdrawn ones since 2023."""
    text = data("spec", "currencies.csv").read_text(encoding="utf-8")
    return frozenset(row["code"] for row in csv.DictReader(text.splitlines()))


@cache
def _named_by_others(rule: Rule) -> frozenset[tuple[str, ...]]:
    """What other rules of the same kind name: a value is reported once."""
    same = (other for other in table() if other.kind == rule.kind and other is not rule)
    return frozenset(names for other in same for names in other.named)


def _only(holds: Callable[[Column, str], bool]) -> Callable[[Column, str], tuple[str, ...]]:
    return lambda column, version: (column.name,) if holds(column, version) else ()


def _unit(column: Column, version: str) -> tuple[str, ...]:
    """The column and the one that says its unit, if there is such a column."""
    units = {c.name for c in columns.of_version(version) if c.value_format == "Unit"}
    return (column.name, column.unit) if column.unit in units else ()


_DERIVED: dict[str, Callable[[Column, str], tuple[str, ...]]] = {
    "required": _only(lambda column, version: column.level[version] == "Mandatory"),
    "not_null": _only(lambda column, version: not column.nulls[version]),
    "allowed": _only(lambda column, version: bool(column.allowed_values)),
    "time_format": _only(lambda column, version: column.data_type == "datetime"),
    "time_zone": _only(lambda column, version: column.data_type == "datetime"),
    "not_negative": _only(lambda column, version: "non-negative" in column.value_format),
    "json": _only(lambda column, version: column.data_type == "json" and column.stored != "map"),
    "unit": _unit,
}
