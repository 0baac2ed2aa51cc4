"""The checks behind the rules: each looks at one table of rows and says which break its rule.

A check takes the rule's targets (groups of column names) and Seen, and yields Hits. Masks are
Arrow booleans without nulls; None stands for every row. All values of a column are looked at in
one go and each distinct text once, so that checking costs little beside reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.declare.model import Time
from focus_lake.spec import columns, rules
from focus_lake.spec.columns import arrow_type
from focus_lake.spec.rules import Rule
from focus_lake.transform import tags

STRING = arrow_type("string")
CLASS, CORRECTION = "ChargeClass", "Correction"
_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_OFFSET = re.compile(r"[+-](\d\d):?(\d\d)$", re.ASCII)
# A decimal(38,18) as a double is off by less than this share of itself, and where it is small by
# less than this amount (its two halves cancel out). Both are many times the true bound.
_SHARE, _AMOUNT = 1e-13, 1e-13


@dataclass(frozen=True)
class Hit:
    """Rows that break a rule: rows (None: all), the column to blame, and what to show of a row."""

    column: str
    rows: pa.Array | None
    show: Callable[[int], str | None]


@dataclass
class Seen:
    """One table of rows: as stored, and as delivered where that is something else.

    present: columns that the file's header has; known_json: texts found to be JSON objects.
    """

    rows: pa.Table
    delivered: dict[str, pa.Array]
    present: frozenset[str]
    time: Time
    known_json: set[str] = field(default_factory=set)

    def stored(self, column: str) -> pa.Array:
        return _single(self.rows[column])

    def source(self, column: str) -> pa.Array:
        """The values as delivered; texts of times where the file has texts."""
        values = self.delivered.get(column)
        return self.stored(column) if values is None or column == "Tags" else _single(values)

    def nulls(self, column: str) -> int:
        """Rows for which the file has no value; a tag text that cannot be read is a value."""
        if column not in self.present:
            return len(self.rows)
        missing = self.source(column).null_count
        unparsed = self.delivered.get(column) if column == "Tags" else None
        return missing if unparsed is None else missing - len(unparsed) + unparsed.null_count


Targets = list[tuple[str, ...]]


def not_null(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        values = seen.stored(column) if rule.of == "stored" else seen.source(column)
        if rule.of != "stored" and column not in seen.present:
            continue
        if values.null_count:
            rows = None if values.null_count == len(values) else pc.is_null(values)
            yield Hit(column, rows, lambda row: None)


def allowed(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        values = frozenset(columns.find(column).allowed_values)
        yield from _texts(seen, column, partial(_is_none_of, values))


def _is_none_of(values: frozenset[str], text: str) -> bool:
    return text not in values


def currency(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        yield from _texts(seen, column, lambda text: text not in rules.currencies())


def not_number(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        yield from _texts(seen, column, lambda text: text.strip().isdecimal())


def time_format(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        yield from _texts(seen, column, lambda text: not _FORMAT.fullmatch(text))


def time_zone(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        yield from _texts(seen, column, lambda text: not _is_utc(text, seen.time))


def _is_utc(text: str, how: Time) -> bool:
    """Whether the text means a time in UTC, by itself or by the declaration."""
    if offset := _OFFSET.search(text.strip()[10:]):
        return offset.groups() == ("00", "00")
    is_literal = text.strip().endswith(("Z", "UTC"))
    return how.zone == "UTC" or (is_literal and how.literal_z == "utc")


def json(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    def is_wrong(text: str) -> bool:
        if text not in seen.known_json and tags.parse_one(text) is not None:
            seen.known_json.add(text)
        return text not in seen.known_json

    for (column,) in targets:
        yield from _texts(seen, column, is_wrong)


def unparsed(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        texts = seen.delivered.get(column)
        if texts is not None and texts.null_count < len(texts):
            yield Hit(column, _some(pc.is_valid(_single(texts))), _shown(_single(texts)))


def not_negative(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for (column,) in targets:
        values = seen.source(column)
        least = pc.min(values).as_py()
        if least is not None and least < 0:
            below = pc.fill_null(pc.less(values, pa.scalar(Decimal(0), values.type)), False)
            yield Hit(column, below, _shown(values))


def order(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    for start, end in targets:
        starts, ends = seen.stored(start), seen.stored(end)
        wrong = pc.fill_null(pc.greater_equal(starts, ends), False)
        if pc.any(wrong).as_py():
            yield Hit(start, _some(wrong), _joined("{} to {}", starts, ends))


def needs(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    """The second column has a value wherever the first one has."""
    for first, second in targets:
        if first in seen.present:
            values, other = seen.source(first), seen.source(second)
            if values.null_count < len(values) and other.null_count:
                wrong = pc.and_(pc.is_valid(values), pc.is_null(other))
                if pc.any(wrong).as_py():
                    yield Hit(second, _some(wrong), _shown(values))


def unit(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    """Each of the two columns has a value wherever the other one has."""
    yield from needs(rule, targets, seen)
    yield from needs(rule, [(name, quantity) for quantity, name in targets], seen)


def product(rule: Rule, targets: Targets, seen: Seen) -> Iterator[Hit]:
    """price * quantity = cost where all three are there and the row is not a correction.

    Doubles say which rows are surely right or surely wrong, by more than their error can be;
    what is between is multiplied in decimals. No double gets into a result.
    """
    for price, quantity, cost in targets:
        factors = [seen.source(name) for name in (price, quantity, cost)]
        usable = _usable(factors, seen.source(CLASS))
        if not usable.any():
            continue
        wrong, unsure = _compare(
            _doubles(factors[0]), _doubles(factors[1]), _doubles(factors[2]), float(rule.tolerance)
        )
        wrong &= usable
        for row in np.flatnonzero(unsure & usable):
            exact = [values[int(row)].as_py() for values in factors]
            wrong[row] = _is_off(exact[0], exact[1], exact[2], rule.tolerance)
        if wrong.any():
            shown = _joined("{} * {} is not {}", *factors)
            yield Hit(cost, _some(pa.array(wrong)), shown)


def _usable(factors: list[pa.Array], classes: pa.Array) -> np.ndarray:
    usable = np.ones(len(classes), bool)
    for values in factors:
        if values.null_count:
            usable &= pc.is_valid(values).to_numpy(zero_copy_only=False)
    if classes.null_count < len(classes):
        other = pc.fill_null(pc.not_equal(classes, CORRECTION), True)
        usable &= other.to_numpy(zero_copy_only=False)
    return usable


def _compare(
    price: np.ndarray, quantity: np.ndarray, cost: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """(surely wrong, unsure), from doubles."""
    product, size = price * quantity, np.abs(cost)
    error = np.abs(product - cost) - np.maximum(tolerance, tolerance * size)
    doubt = _SHARE * (np.abs(product) + size) + _AMOUNT * (1 + np.abs(price) + np.abs(quantity))
    return error > doubt, np.abs(error) <= doubt


def _is_off(price: Decimal, quantity: Decimal, cost: Decimal, tolerance: Decimal) -> bool:
    with localcontext(prec=100):
        return abs(price * quantity - cost) > max(tolerance, tolerance * abs(cost))


def _doubles(values: pa.Array) -> np.ndarray:
    """A decimal(38,18) array as doubles, much faster than Arrow's cast; nulls give anything."""
    halves = np.frombuffer(values.buffers()[1], "<i8")
    halves = halves[2 * values.offset : 2 * (values.offset + len(values))]
    low, high = halves[0::2].view("<u8").astype("f8"), halves[1::2].astype("f8")
    return (high * 2.0**64 + low) * 1e-18


def _texts(seen: Seen, column: str, is_wrong: Callable[[str], bool]) -> Iterator[Hit]:
    """Rows whose text in a column is wrong; values that the file has in another type are not."""
    values = seen.source(column)
    if column not in seen.present or not pa.types.is_string(values.type):
        return
    distinct = [text for text in pc.unique(values).to_pylist() if text is not None]
    wrong = [text for text in distinct if is_wrong(text)]
    if wrong and len(wrong) == len(distinct):
        yield Hit(column, pc.is_valid(values) if values.null_count else None, _shown(values))
    elif wrong:
        yield Hit(column, pc.is_in(values, pa.array(wrong, STRING)), _shown(values))


def _shown(values: pa.Array) -> Callable[[int], str | None]:
    def show(row: int) -> str | None:
        value = values[row].as_py()
        if isinstance(value, Decimal):  # 1.500000000000000000
            return format(value, "f").rstrip("0").rstrip(".")
        return value if value is None else str(value)

    return show


def _joined(words: str, *columns: pa.Array) -> Callable[[int], str]:
    shown = [_shown(values) for values in columns]
    return lambda row: words.format(*(show(row) for show in shown))


def _some(mask: pa.Array) -> pa.Array | None:
    """The mask, or None where it is true of every row."""
    return None if pc.all(mask).as_py() else mask


def _single(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


Check = Callable[[Rule, Targets, Seen], Iterator[Hit]]
CHECKS: dict[str, Check] = {
    "not_null": not_null,
    "allowed": allowed,
    "currency": currency,
    "not_number": not_number,
    "time_format": time_format,
    "time_zone": time_zone,
    "order": order,
    "product": product,
    "not_negative": not_negative,
    "unit": unit,
    "needs": needs,
    "unparsed": unparsed,
    "json": json,
}
