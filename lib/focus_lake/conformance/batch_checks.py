"""Values that must agree within a whole batch: of a billing account, its currency and its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.lake.audit import CURRENCY, exact_sum, plus
from focus_lake.spec import rules

KIND, COST = "one_per", "BilledCost"
# (rule, of, column, value of `of`, value of column, currency)
Key = tuple[str, str, str, str, str | None, str | None]


@dataclass
class _Part:
    rows: int = 0
    cost: Decimal | None = None
    source: str = ""  # a file it was seen in


@dataclass
class Pairs:
    """How often each pair of values was seen; the odd ones can be told at the end only."""

    seen: dict[Key, _Part] = field(default_factory=dict)

    def observe(self, rows: pa.Table, source: str) -> None:
        for rule in rules.table():
            if rule.kind == KIND:
                for of, column in rule.named:
                    for values, part in _parts(rows, of, column):
                        self._add((rule.id, of, column, *values), part, source)

    def merge(self, other: Pairs) -> None:
        for key, part in other.seen.items():
            self._add(key, (part.rows, part.cost), part.source)

    def _add(self, key: Key, part: tuple[int, Decimal | None], source: str) -> None:
        mine = self.seen.setdefault(key, _Part(source=source))
        mine.rows += part[0]
        mine.cost = plus(mine.cost, part[1])

    def findings(self) -> Iterator[tuple[str, str, dict, list[tuple[str, str]]]]:
        """(rule, column, cost by currency, examples) of rows that differ from most of theirs."""
        groups: dict[tuple, dict[str | None, list]] = {}
        for (rule, of, column, owner, value, currency), part in self.seen.items():
            values = groups.setdefault((rule, of, column, owner), {})
            values.setdefault(value, []).append((currency, part))
        for (rule, of, column, owner), values in sorted(groups.items()):
            ordered = sorted(values.items(), key=lambda item: (-_rows(item[1]), item[0] or ""))
            for value, parts in ordered[1:]:
                words = f"{of} {owner}: {value}, mostly {ordered[0][0]}"
                for currency, part in parts:
                    yield rule, column, {currency: (part.rows, part.cost)}, [(part.source, words)]


def _rows(parts: list) -> int:
    return sum(part.rows for _, part in parts)


def _parts(rows: pa.Table, of: str, column: str) -> Iterator[tuple[tuple, tuple]]:
    """((owner, value, currency), (rows, cost)) of a table's rows that have an owner."""
    names = list(dict.fromkeys([of, column, CURRENCY]))
    distinct = [pc.unique(rows[name]) for name in names]
    if all(len(values) == 1 for values in distinct):  # as nearly always
        first = {name: values[0].as_py() for name, values in zip(names, distinct, strict=True)}
        groups = iter([(first, rows[COST])] if first[of] is not None else [])
    else:
        groups = _grouped(rows, of, names)
    for values, cost in groups:
        yield (values[of], values[column], values[CURRENCY]), (len(cost), exact_sum(cost))


def _grouped(rows: pa.Table, of: str, names: list[str]) -> Iterator[tuple[dict, pa.Array]]:
    chosen = rows.select([*names, COST]).filter(pc.is_valid(rows[of]))
    grouped = chosen.group_by(names, use_threads=False).aggregate([(COST, "list")])
    for number in range(len(grouped)):
        values = {name: grouped[name][number].as_py() for name in names}
        yield values, pa.chunked_array([grouped[f"{COST}_list"][number].values])
