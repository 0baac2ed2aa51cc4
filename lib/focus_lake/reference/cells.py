"""One row of texts to one row of typed values, the same for CSV and TOML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from focus_lake.reference.kinds import Column, Kind
from focus_lake.reference.types import TYPES
from focus_lake.spec.columns import did_you_mean


def typed(kind: Kind, texts: Mapping[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """(values by column, [(column, what is wrong), ...]); an empty or missing text is None."""
    values, problems = {}, []
    for column in kind.columns:
        try:
            values[column.name] = _value(column, texts.get(column.name, "").strip())
        except ValueError as error:
            values[column.name] = None
            problems.append((column.name, str(error)))
    return values, problems


def unknown(kind: Kind, names: Mapping[str, Any] | list[str]) -> Iterator[tuple[str, str]]:
    """(name, what is wrong) of each name that is not a column of the kind."""
    for name in names:
        if name not in kind.header:
            there = ", ".join(kind.header)
            hint = did_you_mean(name, kind.header) or f"; there are {there}"
            yield name, f"{name!r} is unknown{hint}"


def _value(column: Column, text: str) -> Any:
    text = text or column.default
    if not text:
        if column.required:
            raise ValueError(f"{column.name} is empty; it is needed")
        return None
    try:
        value = TYPES[column.type].read(text)
    except ValueError as error:
        raise ValueError(f"{column.name} {text!r} {error}") from None
    if column.one_of and text not in column.one_of:
        hint = did_you_mean(text, column.one_of)
        raise ValueError(f"{column.name} {text!r} must be one of {', '.join(column.one_of)}{hint}")
    return value
