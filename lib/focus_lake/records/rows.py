"""Rows of Python as VALUES in a view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Number(str):
    """Decimal text that goes into SQL as a number."""


def listed(types: Sequence[str], rows: Iterable[tuple]) -> str:
    """Rows of VALUES; the first is null, gives the columns their types and joins with nothing."""
    first = ", ".join(f"CAST(NULL AS {kind})" for kind in types)
    texts = [first, *(", ".join(map(_literal, row)) for row in rows)]
    return ",\n".join(f"        ({text})" for text in texts)


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | Number):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
