"""The little Markdown that pages made from declarations need."""

from __future__ import annotations

from collections.abc import Iterable


def names(items: Iterable[str]) -> str:
    """Names or values as code, by commas."""
    return ", ".join(f"`{item}`" for item in items)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; a cell may hold no line break and no | of its own."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
