"""Rules, known gaps, levels of columns and targets of metrics, as rows of VALUES in views."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal

from focus_lake.declare import known_gaps
from focus_lake.declare.model import Declaration
from focus_lake.resources import data
from focus_lake.spec import columns, rules

_TOLD = ("metric", "title", "unit", "comparison", "missing")


def values(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The placeholders of the governance and metric views."""
    return {
        "deliveries": _rows(2, ((each.name, each.delivery) for each in declarations)),
        "rules": _rows(
            5,
            (
                (rule.id, rule.focus_version, rule.section, rule.severity, rule.sentence)
                for rule in rules.table()
            ),
        ),
        "known_gaps": _rows(
            3, ((each.name, *gap) for each in declarations for gap in known_gaps.known(each))
        ),
        "focus_columns": _rows(
            3,
            (
                (version, column.name, column.level[version])
                for version in columns.VERSIONS
                for column in columns.of_version(version)
            ),
        ),
        "metrics": _metrics(),
        "has_required_attributes": _required(),
    }


def metrics() -> list[dict[str, str]]:
    """metrics.csv, a dictionary for each metric."""
    text = data("catalog", "metrics.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _metrics() -> str:
    rows = [(*(row[name] for name in _TOLD), _target(row["target"])) for row in metrics()]
    return _rows(len(_TOLD), rows, "decimal(38, 6)")


def _target(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _required() -> str:
    """The condition that a resource carries what the metric of tag compliance names."""
    names = [name for row in metrics() for name in filter(None, row["attributes"].split("|"))]
    return " AND ".join(f"{name} IS NOT NULL" for name in names)


def _rows(texts: int, rows: Iterable[tuple], number: str | None = None) -> str:
    """Rows of so many texts, and of a number where its type is given.

    The first row is null: it joins with nothing, gives every column its type, whatever length
    the texts have, and is there if no other row is.
    """
    types = ["varchar"] * texts + ([number] if number else [])
    first = ", ".join(f"CAST(NULL AS {kind})" for kind in types)
    return ",\n".join(f"        ({row})" for row in [first, *(_row(row, number) for row in rows)])


def _row(row: tuple, number: str | None) -> str:
    return ", ".join(_literal(value, number) for value in row)


def _literal(value: str | Decimal | None, number: str | None) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"CAST({'NULL' if value is None else value} AS {number})"
