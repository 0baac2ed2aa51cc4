"""Rows of one kind as they were read, each with its file and line, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from focus_lake.reference.kinds import Kind


@dataclass(frozen=True)
class Row:
    """One good row. values: typed, by column, None for an empty cell; lines: of keys in TOML."""

    values: dict[str, Any]
    file: str
    line: int
    lines: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def as_dict(self) -> dict[str, Any]:
        """The values and where they stand, as the checked copy has them."""
        return {**self.values, "x_SourceFile": self.file, "x_SourceLine": self.line}

    def where(self, key: str = "") -> str:
        """File and line, of a key in TOML where it is known."""
        return f"{self.file} line {self.lines.get(key, self.line)}"


@dataclass
class Sheet:
    """What the files of a kind say. A problem keeps the kind from being used, a warning does not;
    both are whole sentences that begin with file and line."""

    kind: Kind
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, where: Row | str, message: str, key: str = "") -> None:
        place = where.where(key) if isinstance(where, Row) else where
        self.problems.append(f"{place}: {message}")
