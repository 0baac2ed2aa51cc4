"""What a rule takes: conditions on columns of focus_daily, as SQL and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from focus_lake.spec import daily
from focus_lake.spec.columns import did_you_mean

POOL = "x_Pool"  # what an earlier stage gave to a pool
TAG = "Tags."
_NOT_MATCHED = {
    *("x_ChargeDay", "x_ChargeDate", "x_BillingMonth", "x_Tags", "ConsumedUnit"),
    *("x_CategoryFilled", "x_CostSigns"),
}
OPERATORS = ("in", "not", "prefix", "is_null", "not_null")
_ALIASES = {"equals": "in"}


def matchable() -> list[str]:
    """Columns that a rule may look at, besides tag keys."""
    names = [column.name for column in daily.of_role("key")]
    return [name for name in names if name not in _NOT_MATCHED] + [POOL]


@dataclass(frozen=True)
class Condition:
    """One test of one column. operator: of OPERATORS; values: empty for the two about nulls."""

    column: str
    operator: str
    values: tuple[str, ...] = ()

    def sql(self, expression: str) -> str:
        """The test as SQL, of an expression for the column; null counts as not met.

        Without a function around it, since a rule set is tested on every charge.
        """
        listed = ", ".join(map(quoted, self.values))
        if self.operator == "in":
            one = len(self.values) == 1
            return f"{expression} = {listed}" if one else f"{expression} IN ({listed})"
        if self.operator == "not":
            return f"({expression} IS NULL OR {expression} NOT IN ({listed}))"
        if self.operator == "prefix":
            tests = (
                f"SUBSTR({expression}, 1, {len(value)}) = {quoted(value)}" for value in self.values
            )
            return f"({' OR '.join(tests)})"
        empty = f"NULLIF(TRIM({expression}), '') IS "
        return empty + ("NULL" if self.operator == "is_null" else "NOT NULL")

    def words(self) -> str:
        """The test as a reader says it."""
        listed = " or ".join(self.values)
        return {
            "in": f"{self.column} is {listed}",
            "not": f"{self.column} is not {listed}",
            "prefix": f"{self.column} begins with {listed}",
            "is_null": f"{self.column} is empty",
            "not_null": f"{self.column} is not empty",
        }[self.operator]


def quoted(value: str) -> str:
    """A text literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def parse(match: Mapping[str, Any], meant: Mapping[tuple[str, str], str]) -> list[Condition]:
    """The conditions of a match or scope; meant: (attribute, as written) -> meant.

    Raises ValueError with what is wrong and what to do.
    """
    found = []
    for column, wanted in _flat(match):
        if not column.startswith(TAG) and column not in matchable():
            hint = did_you_mean(column, matchable()) or f"; there are {', '.join(matchable())}"
            raise ValueError(f"{column} is not a column that a rule can look at{hint}")
        for operator, values in _operators(column, wanted):
            spelled = tuple(meant.get((column, value), value) for value in values)
            found.append(Condition(column, operator, tuple(dict.fromkeys(spelled))))
    return found


def _flat(match: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Tags.team, whether it was written in quotes or as a table."""
    for column, wanted in match.items():
        if column == "Tags" and isinstance(wanted, Mapping):
            yield from ((f"{TAG}{key}", value) for key, value in wanted.items())
        else:
            yield column, wanted


def _operators(column: str, wanted: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(wanted, Mapping):
        yield "in", _texts(column, wanted)
        return
    if not wanted:
        raise ValueError(f'{column} = {{ }} says nothing; write a value, or {{ prefix = ".." }}')
    for name, value in wanted.items():
        operator = _ALIASES.get(name, name)
        if operator not in OPERATORS:
            hint = did_you_mean(name, OPERATORS) or f"; there are {', '.join(OPERATORS)}"
            raise ValueError(f"{column}: {name} is unknown{hint}")
        if operator in ("is_null", "not_null"):
            if not isinstance(value, bool):
                raise ValueError(f"{column}: {name} must be true or false")
            other = {"is_null": "not_null", "not_null": "is_null"}[operator]
            yield (operator if value else other), ()
        else:
            yield operator, _texts(column, value)


def _texts(column: str, value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each.strip() for each in values):
        raise ValueError(f"{column} = {value!r}: write texts in quotes, none of them empty")
    return tuple(each.strip() for each in values)
