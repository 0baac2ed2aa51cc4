"""One table of text in, one typed table out: the select that makes the normalized columns.

Arrow in, Arrow out; knows no storage, no Spark and no clock. What becomes of each column is
derived from the column table and the provider's declaration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.declare.model import POSITION, Declaration
from focus_lake.errors import BatchRejected
from focus_lake.spec import columns
from focus_lake.spec.columns import Column, arrow_type
from focus_lake.transform import decimals, repairs, tags, times
from focus_lake.transform.enrich import enrich

STRING, MAP = arrow_type("string"), arrow_type("map")
FOCUS = frozenset(column.name for column in columns.focus())


@dataclass(frozen=True)
class Origin:
    """Where the rows of a text come from."""

    source: str  # raw file, and its member
    export: str
    focus_version: str | None = None  # as the manifest has it; None: by declaration and header
    groups: tuple[tuple[str, str], ...] = ()  # of the declared path and file name, for fills


@dataclass
class Problem:
    """One value that cannot be read. row: position in the text table."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Result:
    """rows: the good rows in the normalized columns; problems: what is wrong with the others.

    delivered: columns whose values came as something else than rows has them (texts of times,
    values that were filled or repaired), one a good row; under Tags the texts that are not tags.
    """

    rows: pa.Table
    problems: list[Problem] = field(default_factory=list)
    tags_unparsed: int = 0
    delivered: dict[str, pa.Array] = field(default_factory=dict)


class Transform:
    """The select for texts with one header.

    header: column names as they stand in the file. Raises BatchRejected where two of them mean
    the same column.
    """

    def __init__(self, declaration: Declaration, header: tuple[str, ...]):
        self.declaration = declaration
        self.sources: dict[str, str] = {}  # column -> header
        self.unknown: list[str] = []
        self.tag_heads: dict[str, str] = {}  # tag key -> header that holds its values
        self.tag_columns: list[str] = []  # headers whose maps make up Tags
        for head in header:
            folded, by_tags = head.strip().casefold(), declaration.tags
            column = declaration.headers.get(folded)
            if folded in (name.casefold() for name in by_tags.columns):
                self.tag_columns.append(head)
            if (key := by_tags.key_of(head)) is not None:
                if other := self.tag_heads.get(key):
                    message = (
                        f"both {other} and {head} are the tag {key}: take the prefix of one out of "
                        f"[tags], and give its headers columns of their own in [extra_columns]"
                    )
                    raise BatchRejected("repeated_column", message)
                self.tag_heads[key] = head
            elif column is None and head not in self.tag_columns:
                self.unknown.append(head)
            elif column is None:
                continue
            elif column in self.sources:
                both = f"{self.sources[column]} and {head}"
                raise BatchRejected("repeated_column", f"both {both} are the column {column}")
            else:
                self.sources[column] = head

    @property
    def focus_version(self) -> str:
        """The declared FOCUS version, or the first that has all FOCUS columns of the header."""
        introduced = [columns.find(name).introduced for name in self.sources if name in FOCUS]
        return max([self.declaration.focus_version, *introduced], key=columns.VERSIONS.index)

    @property
    def missing(self) -> list[str]:
        """Columns of the FOCUS version that the header lacks."""
        made = {"Tags"} if self.tag_heads or self.tag_columns else set()
        expected = (column.name for column in columns.of_version(self.focus_version))
        return [name for name in expected if name not in self.sources and name not in made]

    @property
    def wants_rows(self) -> bool:
        """Whether the provider's table says where a row stands in its file."""
        return POSITION in self.declaration.columns

    def __call__(self, text: pa.Table, origin: Origin, lines: np.ndarray | None = None) -> Result:
        """Type the rows of text, whose columns are strings or Parquet's own types.

        lines: where each row stands in its file; without it they are counted from 1.
        """
        select = _Select(self, text, origin)
        values = {column.name: select.column(column) for column in self.declaration.columns}
        values |= {name: made for name, made in select.made.items() if name in values}
        if self.wants_rows:
            numbers = np.arange(1, len(text) + 1) if lines is None else lines
            values[POSITION.name] = pa.array(numbers, pa.int64()).cast(arrow_type("decimal"))
        before = dict(values)
        select.notes += enrich(values, self.declaration, dict(origin.groups))
        delivered = {name: old for name, old in before.items() if values[name] is not old}
        delivered |= select.delivered
        values["x_SourceChanges"] = select.changes()
        values["x_Other"] = select.other()
        rows = pa.table(values)
        if select.bad is not None:
            good = pc.invert(select.bad)
            rows = rows.filter(good)
            delivered = {name: values.filter(good) for name, values in delivered.items()}
        return Result(rows, select.problems, select.tags_unparsed, delivered)


class _Select:
    """The state of one select: values made on the way, and what was noticed."""

    def __init__(self, transform: Transform, text: pa.Table, origin: Origin):
        self.transform, self.text = transform, text
        self.declaration = transform.declaration
        self.problems: list[Problem] = []
        self.bad: pa.Array | None = None
        self.tags_unparsed = 0
        self.made: dict[str, pa.Array] = {}  # columns that come with another: tag attributes
        self.delivered: dict[str, pa.Array] = {}  # values before they were changed
        self.notes: list[pa.Array] = []  # for x_SourceChanges
        self._other: dict[str, pa.Array] = {
            head: tags.plain(self._words(head)) for head in transform.unknown
        }
        self._constants = {
            "x_Provider": self.declaration.name,
            "x_Export": origin.export,
            "x_SourceFile": origin.source,
            "x_SourceFocusVersion": origin.focus_version or transform.focus_version,
        }

    def _words(self, head: str) -> pa.Array:
        values = self.text[head]
        return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)

    def column(self, column: Column) -> pa.Array:
        """The values of one normalized column, one for each row of text."""
        if column.name in self._constants:
            return pa.repeat(pa.scalar(self._constants[column.name], STRING), len(self.text))
        head = self.transform.sources.get(column.name)
        if column.name == "Tags" and (self.transform.tag_heads or self.transform.tag_columns):
            return self._map(column, self._tag_words(head))
        if head is None:
            return pa.nulls(len(self.text), arrow_type(column.stored))
        try:
            return getattr(self, f"_{column.stored}")(column, self._words(head))
        except BatchRejected as error:
            raise BatchRejected(error.code, f"{head}: {error.message}", error.file) from error

    def _tag_words(self, head: str | None) -> pa.Array:
        """Tags that come in columns of their own, as JSON texts."""
        whole = [head] if head else []
        maps = [self._words(name) for name in [*whole, *self.transform.tag_columns]]
        single = {key: self._words(name) for key, name in self.transform.tag_heads.items()}
        return tags.combine(maps, single)

    def _string(self, column: Column, words: pa.Array) -> pa.Array:
        words = tags.plain(words)
        repair = self.declaration.repairs.get(column.name)
        if repair is None:
            return words
        values, changes = repairs.apply(column.name, words, repair)
        if changes is not None:
            self.notes.append(changes)
            self.delivered[column.name] = words
        return values

    def _decimal(self, column: Column, words: pa.Array) -> pa.Array:
        is_double, policy = pa.types.is_floating(words.type), self.declaration.format.max_decimals
        words = decimals.as_text(words)
        values, reasons = decimals.parse(words, policy)
        note = decimals.rounding(column.name, words) if policy == "round" else None
        if note is not None:
            self.notes.append(note)
        if is_double:
            decimals.check_sum(words, values, 0 if note is None else len(note) - note.null_count)
        self._note(column, words, reasons)
        return values

    def _timestamp(self, column: Column, words: pa.Array) -> pa.Array:
        how = self.declaration.time
        values, reasons = times.parse(words, how)
        self._note(column, words, reasons)
        if pa.types.is_string(words.type):
            self.delivered[column.name] = words
        is_end = column.origin == "focus" and column.name.endswith("End")
        return times.exclusive(values) if is_end and how.period_end == "inclusive" else values

    def _map(self, column: Column, words: pa.Array) -> pa.Array:
        is_tags, how = column.name == "Tags", self.declaration.tags
        attributes = self.declaration.tag_keys if is_tags else {}
        parsed = tags.parse(tags.plain(words), attributes, how.key_value and is_tags)
        self.made |= parsed.attributes
        if parsed.no_json is not None:
            self.delivered[column.name] = parsed.no_json
            self.notes += _read_as_pairs(column.name, parsed)
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
        if not self.notes:
            return pa.nulls(len(self.text), STRING)
        joined, *others = self.notes
        for notes in others:  # null_handling="skip" would lose rows without notes (Arrow 17)
            both = pc.binary_join_element_wise(joined, notes, "; ")
            joined = pc.coalesce(both, joined, notes)
        return joined

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


def _read_as_pairs(column: str, parsed: tags.Parsed) -> list[pa.Array]:
    """A note on each row whose tags came as key:a value:b."""
    assert parsed.no_json is not None
    read = pc.is_valid(parsed.no_json)
    if parsed.unparsed is not None:
        read = pc.and_(read, pc.is_null(parsed.unparsed))
    if not pc.any(read).as_py():
        return []
    note = pa.scalar(f"{column}: read as key:value text", STRING)
    return [pc.if_else(read, note, pa.nulls(1, STRING)[0])]
