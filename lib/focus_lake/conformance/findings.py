"""What a batch breaks of the rules: rows and cost by rule and column, found as it is written.

A Conformance is made of the tables that one task types; those of all tasks add up with ``merge``.
Rules look at what the provider delivered, before focus_lake filled or repaired anything, so that
a gap is seen as a gap; see rules.csv and value_checks.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.conformance import header_checks
from focus_lake.conformance.batch_checks import Pairs
from focus_lake.conformance.history import History
from focus_lake.conformance.value_checks import CHECKS, Check, Hit, Seen, Targets
from focus_lake.lake.audit import CURRENCY, exact_sum, plus
from focus_lake.spec import columns, rules
from focus_lake.spec.rules import BLOCKS, Rule
from focus_lake.transform.select import Origin, Result, Transform

COST, WENT_NULL, CATEGORY = "BilledCost", "went_null", "ServiceCategory"
EXAMPLES = 5
LOOKED_AT = 200  # rows that break a rule, of which those with different values become examples
Example = tuple[str, str | None]  # file, value
Cost = dict[str | None, tuple[int, Decimal | None]]  # currency -> rows and sum of BilledCost


@dataclass
class Finding:
    """Rows that break one rule in one column. examples: (source file, value)."""

    cost: Cost = field(default_factory=dict)
    examples: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(rows for rows, _ in self.cost.values())

    def by_currency(self) -> list[tuple[str | None, int, Decimal | None]]:
        ordered = sorted(self.cost.items(), key=lambda item: item[0] or "")
        return [(currency, rows, amount) for currency, (rows, amount) in ordered]

    def add(self, cost: Cost, examples: Iterable[tuple[str, str | None]]) -> None:
        for currency, (rows, amount) in cost.items():
            before, total = self.cost.get(currency, (0, None))
            self.cost[currency] = (before + rows, plus(total, amount))
        new = [example for example in dict.fromkeys(examples) if example not in self.examples]
        self.examples = (self.examples + new)[:EXAMPLES]


@dataclass
class Conformance:
    """Findings by (rule, column), and for each FOCUS column the rows that came without a value."""

    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    nulls: Counter = field(default_factory=Counter)
    total: Finding = field(default_factory=Finding)  # every row
    pairs: Pairs = field(default_factory=Pairs)
    exports: dict[str, Conformance] = field(default_factory=dict)  # the same by export
    unmapped: int = 0  # rows stored without a ServiceCategory

    def merge(self, other: Conformance) -> None:
        for export, part in other.exports.items():
            self.of(export).merge(part)
        for key, found in other.findings.items():
            self.add(*key, found.cost, found.examples)
        self.nulls.update(other.nulls)
        self.total.add(other.total.cost, ())
        self.pairs.merge(other.pairs)
        self.unmapped += other.unmapped

    def of(self, export: str) -> Conformance:
        """What the rows of one export break; what only a whole batch can tell is not in it."""
        return self.exports.setdefault(export, Conformance())

    def add(self, rule: str, column: str, cost: Cost, examples: Iterable[Example]) -> None:
        self.findings.setdefault((rule, column), Finding()).add(cost, examples)

    def finish(self, history: History) -> None:
        """Add what can only be told once the whole batch was seen; call it once, at the end."""
        for broken, column, cost, examples in self.pairs.findings():
            self.add(broken, column, cost, examples)
        for rule in rules.table():
            if rule.kind == WENT_NULL:
                gone = history.went_null(self.total.rows, self.nulls, rule.tolerance)
                for column, then in gone.items():
                    words = f"not null in {then.yearmonth}/{then.batch_ts}"
                    self.add(rule.id, column, self.total.cost, [(words, None)])

    def went_null(self) -> list[str]:
        """Columns that had values before and have none now."""
        alerts = {rule.id for rule in rules.table() if rule.kind == WENT_NULL}
        return sorted(column for rule, column in self.findings if rule in alerts)

    def blocking(self) -> list[tuple[str, str]]:
        """(rule, message) of the rules that forbid publishing and are broken."""
        severe = {rule.id: rule for rule in rules.table() if rule.severity == BLOCKS}
        return [
            (rule, f"{found.rows:,} rows: {severe[rule].sentence} Look at {column}")
            for (rule, column), found in sorted(self.findings.items())
            if rule in severe
        ]

    def as_list(self) -> list[dict]:
        """The findings as the ledger has them, one for each currency; examples with the first."""
        order = {rule.id: number for number, rule in enumerate(rules.table())}
        found = sorted(self.findings.items(), key=lambda item: (order[item[0][0]], item[0][1]))
        return [
            {
                "rule": rule,
                "column_name": column,
                "BillingCurrency": currency,
                "row_count": rows,
                "BilledCost": None if amount is None else format(amount, "f"),
                "examples": [{"file": f, "value": v} for f, v in finding.examples if not number],
            }
            for (rule, column), finding in found
            for number, (currency, rows, amount) in enumerate(finding.by_currency())
        ]

    def by_export(self) -> dict[str, Any]:
        """Findings, delivered nulls and unmapped rows by export, as the ledger has them.

        Empty where the batch has one export. export is null for a finding that only the whole
        batch can tell.
        """
        if len(self.exports) < 2:
            return {}
        parts = sorted(self.exports.items())
        told = {key for _, part in parts for key in part.findings}
        whole = Conformance({key: x for key, x in self.findings.items() if key not in told})
        found = [
            {"export": export, **{k: v for k, v in each.items() if k != "examples"}}
            for export, part in [*parts, (None, whole)]
            for each in part.as_list()
        ]
        nulls = [
            {"export": export, "column_name": column, "row_count": count}
            for export, part in parts
            for column, count in sorted(part.nulls.items())
        ]
        unmapped = {export: part.unmapped for export, part in parts}
        return {
            "export_conformance": found,
            "export_nulls": nulls,
            "export_unmapped": unmapped,
        }


class Observer:
    """Holds the rows of one text to the rules of its FOCUS version."""

    def __init__(self, transform: Transform, origin: Origin, into: Conformance):
        self._transform, self._origin, self._into = transform, origin, into
        self._both = (into, into.of(origin.export))
        self._version = header_checks.version(transform, origin)
        self._present = header_checks.present(transform)
        self._columns = [column.name for column in columns.of_version(self._version)]
        self._checks = _checks(self._version)
        self._header = header_checks.broken(transform, origin)
        self._known_json: set[str] = set()

    def observe(self, result: Result) -> None:
        """Look at rows that are about to be written."""
        rows, into = result.rows, self._into
        if not len(rows):
            return
        time = self._transform.declaration.time
        seen = Seen(rows, result.delivered, self._present, time, self._known_json)
        everything = costs(rows, None)
        source = self._origin.source
        for broken, column, shown in self._header:
            self._add(broken, column, everything, [(source, shown)])
        for rule, check, targets in self._checks:
            for hit in check(rule, targets, seen):
                cost = everything if hit.rows is None else costs(rows, hit.rows)
                self._add(rule.id, hit.column, cost, self._examples(hit, len(rows)))
        nulls = {name: seen.nulls(name) for name in self._columns}
        for each in self._both:
            each.total.add(everything, ())
            each.nulls.update(nulls)
            each.unmapped += rows[CATEGORY].null_count
        into.pairs.observe(rows, source)

    def _add(
        self, rule: str, column: str, cost: Cost, examples: list[tuple[str, str | None]]
    ) -> None:
        for each in self._both:
            each.add(rule, column, cost, examples)

    def _examples(self, hit: Hit, count: int) -> list[tuple[str, str | None]]:
        places = range(min(count, LOOKED_AT))
        if hit.rows is not None:
            places = pc.indices_nonzero(hit.rows).slice(0, LOOKED_AT).to_pylist()
        shown: dict[str | None, None] = {}
        for place in places:
            shown[hit.show(place)] = None
            if len(shown) == EXAMPLES:
                break
        return [(self._origin.source, value) for value in shown]


@cache
def _checks(version: str) -> list[tuple[Rule, Check, Targets]]:
    """The rules about values that hold for a FOCUS version, and what each looks at."""
    return [
        (rule, CHECKS[rule.kind], targets)
        for rule in rules.table()
        if rule.kind in CHECKS and (targets := rule.targets(version))
    ]


def costs(rows: pa.Table, chosen: pa.Array | None) -> Cost:
    """Rows and exact sum of BilledCost by currency, of the rows where chosen is true."""
    part = rows.select([CURRENCY, COST])
    part = part if chosen is None else part.filter(chosen)
    currencies = pc.unique(part[CURRENCY]).to_pylist()
    if len(currencies) == 1:
        return {currencies[0]: (len(part), exact_sum(part[COST]))}
    found: Cost = {}
    for currency in currencies:
        is_it = pc.is_null(part[CURRENCY])
        if currency is not None:
            is_it = pc.fill_null(pc.equal(part[CURRENCY], currency), False)
        amounts = part[COST].filter(is_it)
        found[currency] = (len(amounts), exact_sum(amounts))
    return found
