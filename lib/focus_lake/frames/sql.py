"""Pieces of Spark SQL text: names, literals, look-ups; every other module here builds on these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# What str.strip() takes for a space; Java's own \s knows ASCII alone.
SPACES = r"[\s\x{1c}-\x{1f}\x{85}\p{Z}]"

_BETWEEN, _BEFORE = "\ufdd1", "\ufdd2"  # no characters: between two entries, before a value
_FEW = 8  # entries of a map that are searched as quickly as it takes to choose among maps


def name(column: str) -> str:
    """A column's name, quoted, whatever is in it."""
    return "`" + column.replace("`", "``") + "`"


def text(value: str) -> str:
    """A string literal; backslashes stand for themselves."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def texts(values: Iterable[str]) -> str:
    return ", ".join(text(value) for value in values)


def matches(value: str, pattern: str) -> str:
    """Whether all of the value matches a Java pattern."""
    whole = text(rf"\A(?:{pattern})\z")
    return f"({value} RLIKE {whole})"


def fold(value: str) -> str:
    """A text in which case no longer counts; the dotless i, which upper() makes an I, stays.

    Between upper() and lower() stands something, or Spark would leave upper() out.
    """
    upper = f"upper(replace({value}, 'ı', '\ufdd0'))"
    return f"lower(replace({upper}, '\ufdd0', 'ı'))"


def look_up(table: Mapping[str, str | None], key: str) -> str:
    """The table's value for a key, null if it has none; the table becomes literal maps.

    Spark searches a map from its beginning: of a large table there is one for each length of keys.
    """
    there = {one: value for one, value in table.items() if value is not None}
    if not there:
        return "CAST(NULL AS STRING)"
    if len(there) <= _FEW:
        return _element(there, key)
    sizes: dict[int, dict[str, str]] = {}
    for one, value in there.items():
        sizes.setdefault(len(one), {})[one] = value
    ways = (f"WHEN {size} THEN {_element(part, key)}" for size, part in sorted(sizes.items()))
    return f"CASE length({key}) {' '.join(ways)} END"


def _element(table: Mapping[str, str], key: str) -> str:
    """As one literal, which Spark's planner need not walk through entry by entry."""
    words = _BETWEEN.join(f"{one}{_BEFORE}{value}" for one, value in table.items())
    made = f"str_to_map({text(words)}, {text(_BETWEEN)}, {text(_BEFORE)})"
    return f"try_element_at({made}, {key})"


def first_of(values: Iterable[str], kind: str = "STRING") -> str:
    """The first value that is not null; a typed null where there are none."""
    values = list(values)
    return f"coalesce({', '.join(values)})" if values else f"CAST(NULL AS {kind})"


def let(value: str, variable: str, body: str) -> str:
    """The body, in which a variable stands for the value, which is worked out once."""
    return f"transform(array({value}), {variable} -> {body})[0]"
