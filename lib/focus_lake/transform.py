"""One table of text in, one typed table out: the select that makes the normalized columns.

Arrow in, Arrow out; knows no storage, no Spark and no clock. What becomes of each column is
derived from the column table and the provider's declaration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from focus_lake import decimals, repairs, tags, times
from focus_lake.columns import Column, arrow_type
from focus_lake.declaration import Declaration
from focus_lake.errors import BatchRejected

STRING, MAP = arrow_type("string"), arrow_type("map")


@dataclass(frozen=True)
class Origin:
    """Where the rows of a text come from."""

    source: str  # raw file, and its member
    export: str


@dataclass
class Problem:
    """One value that cannot be read. row: position in the text table."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Result:
    """rows: the good rows in the normalized columns; problems: what is wrong with the others."""

    rows: pa.Table
    problems: list[Problem] = field(default_factory=list)
    tags_unparsed: int = 0


class Transform:
    """The select for texts with one header.

    header: column names as they stand in the file. Raises BatchRejected where two of them mean
    the same column.
    """

    def __init__(self, declaration: Declaration, header: tuple[str, ...]):
        self.declaration = declaration
        self.sources: dict[str, str] = {}  # column -> header
        self.unknown: list[str] = []
        for head in header:
            column = declaration.headers.get(head.strip().casefold())
            if column is None:
                self.unknown.append(head)
            elif column in self.sources:
                both = f"{self.sources[column]} and {head}"
                raise BatchRejected("repeated_column", f"both {both} are the column {column}")
            else:
                self.sources[column] = head

    @property
    def missing(self) -> list[str]:
        """Columns that the provider's FOCUS version has and the header has not."""
        version = self.declaration.focus_version
        expected = [c.name for c in self.declaration.columns if c.origin == "focus"]
        in_version = {c.name for c in self.declaration.columns if c.introduced and c.is_in(version)}
        return [name for name in expected if name in in_version and name not in self.sources]

    def __call__(self, text: pa.Table, origin: Origin) -> Result:
        """Type the rows of text, whose columns are strings named as in the header."""
        select = _Select(self, text, origin)
        columns = {column.name: select.column(column) for column in self.declaration.columns}
        columns |= {name: values for name, values in select.made.items() if name in columns}
        columns["x_SourceChanges"] = select.changes()
        columns["x_Other"] = select.other()
        rows = pa.table(columns)
        if select.bad is not None:
            rows = rows.filter(pc.invert(select.bad))
        return Result(rows, select.problems, select.tags_unparsed)


class _Select:
    """The state of one select: values made on the way, and what was noticed."""

    def __init__(self, transform: Transform, text: pa.Table, origin: Origin):
        self.transform, self.text = transform, text
        self.declaration = transform.declaration
        self.problems: list[Problem] = []
        self.bad: pa.Array | None = None
        self.tags_unparsed = 0
        self.made: dict[str, pa.Array] = {}  # columns that come with another: tag attributes
        self._changes: list[pa.Array] = []
        self._other: dict[str, pa.Array] = {head: self._words(head) for head in transform.unknown}
        self._constants = {
            "x_Provider": self.declaration.name,
            "x_Export": origin.export,
            "x_SourceFile": origin.source,
            "x_SourceFocusVersion": self.declaration.focus_version,
        }

    def _words(self, head: str) -> pa.Array:
        values = self.text[head]
        return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)

    def column(self, column: Column) -> pa.Array:
        """The values of one normalized column, one for each row of text."""
        if column.name in self._constants:
            return pa.repeat(pa.scalar(self._constants[column.name], STRING), len(self.text))
        head = self.transform.sources.get(column.name)
        if head is None:
            return pa.nulls(len(self.text), arrow_type(column.stored))
        return getattr(self, f"_{column.stored}")(column, self._words(head))

    def _string(self, column: Column, words: pa.Array) -> pa.Array:
        repair = self.declaration.repairs.get(column.name)
        if repair is None:
            return words
        values, changes = repairs.apply(column.name, words, repair)
        if changes is not None:
            self._changes.append(changes)
        return values

    def _decimal(self, column: Column, words: pa.Array) -> pa.Array:
        values, reasons = decimals.parse(words, self.declaration.format.max_decimals)
        self._note(column, words, reasons)
        return values

    def _timestamp(self, column: Column, words: pa.Array) -> pa.Array:
        values, reasons = times.parse(words, self.declaration.time)
        self._note(column, words, reasons)
        return values

    def _map(self, column: Column, words: pa.Array) -> pa.Array:
        attributes = self.declaration.tags.attributes if column.origin == "focus" else {}
        parsed = tags.parse(words, attributes)
        self.made |= parsed.attributes
        if parsed.unparsed is not None:
            self._other[column.name] = parsed.unparsed
            self.tags_unparsed += len(words) - parsed.unparsed.null_count
        return parsed.maps

    def _note(self, column: Column, words: pa.Array, reasons: dict[str, str]) -> None:
        if not reasons:
            return
        wrong = pc.is_in(words, pa.array(list(reasons), STRING))
        self.bad = wrong if self.bad is None else pc.or_(self.bad, wrong)
        for row in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)):
            value = words[row].as_py()
            self.problems.append(Problem(int(row), column.name, value, reasons[value]))

    def changes(self) -> pa.Array:
        """x_SourceChanges: the repairs of each row in words, null where there were none."""
        if not self._changes:
            return pa.nulls(len(self.text), STRING)
        joined = pc.binary_join_element_wise(*self._changes, "; ", null_handling="skip")
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, STRING), joined)

    def other(self) -> pa.Array:
        """x_Other: the values without a column of their own, null where a row has none."""
        count, width = len(self.text), len(self._other)
        if not count or all(values.null_count == count for values in self._other.values()):
            return pa.nulls(count, MAP)
        by_row = np.arange(width * count).reshape(width, count).T.ravel()
        values = pa.concat_arrays(list(self._other.values())).take(pa.array(by_row))
        keys = pa.array(list(self._other), STRING).take(pa.array(by_row // count))
        present = pc.is_valid(values)
        sizes = present.to_numpy(zero_copy_only=False).reshape(count, width).sum(axis=1)
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        offsets = pa.array(ends, pa.int32(), mask=np.append(sizes == 0, False))
        return pa.MapArray.from_arrays(offsets, keys.filter(present), values.filter(present))
