"""Text to decimal(38,18), exactly: a number that does not fit is a problem, never a null."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.errors import BatchRejected
from focus_lake.spec.columns import arrow_type

DECIMAL = arrow_type("decimal")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
# What fits whatever its digits are.
_PLAIN = r"^[+-]?[0-9]{0,20}(\.[0-9]{0,18})?$"
_STEP = Decimal(1).scaleb(-DECIMAL.scale)
_LIMIT = Decimal(10) ** (DECIMAL.precision - DECIMAL.scale)
# One digit more than fits, for a number that is rounded up to the limit.
_EXACT = Context(prec=DECIMAL.precision + 1, traps=[Inexact])
_ROUNDED = Context(prec=DECIMAL.precision + 1, traps=[])  # half even, as elsewhere


def as_text(values: pa.Array) -> pa.Array:
    """Numbers of any type as text: a double as the shortest that reads back as the same double.

    Raises BatchRejected for a type that holds no numbers.
    """
    kind = values.type
    if pa.types.is_string(kind):
        return values
    checks = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal, pa.types.is_null)
    if not any(check(kind) for check in checks):
        raise BatchRejected("wrong_type", f"a column of numbers has the type {kind}")
    return pc.cast(values, pa.string())


def check_sum(text: pa.Array, values: pa.Array, rounded: int) -> None:
    """Compare a column's sum with that of its texts in Python's decimals, an independent way.

    rounded: how many were rounded, each by at most half of the last digit. Raises BatchRejected.
    """
    exact = Context(prec=100)
    wanted = Decimal(0)
    for pair in pc.value_counts(text.filter(pc.is_valid(values))).to_pylist():
        product = exact.multiply(Decimal(pair["values"]), Decimal(pair["counts"]))
        wanted = exact.add(wanted, product)
    # Past decimal(38,18) only a sum can come, no value: 256 bits hold it.
    found = pc.sum(values.cast(pa.decimal256(76, DECIMAL.scale))).as_py() or Decimal(0)
    if abs(exact.subtract(wanted, found)) > rounded * _STEP / 2:
        message = f"the doubles sum up to {wanted}, as decimals to {found}; report this as a bug"
        raise BatchRejected("audit_failed", message)


def rounding(column: str, text: pa.Array) -> pa.Array | None:
    """A note for each number with more than 18 decimals, null elsewhere; None if there is none."""
    try:
        pc.cast(text, DECIMAL)
    except pa.ArrowInvalid:
        encoded = text.dictionary_encode()
        notes = [
            f"{column}: {word} rounded to 18 decimals"
            if parse_one(word)[1] and parse_one(word, "round")[0] is not None
            else None
            for word in encoded.dictionary.to_pylist()
        ]
        return pa.array(notes, pa.string()).take(encoded.indices) if any(notes) else None
    return None


def parse(text: pa.Array, max_decimals: str = "reject") -> tuple[pa.Array, dict[str, str]]:
    """(decimals, {text: reason} of those that are not numbers) for an array of strings.

    A text with a reason gives null. max_decimals="round" takes numbers with more than 18
    decimals and rounds them half to even.
    """
    odd = _odd(text)
    quick = text if odd is None else pc.if_else(odd, pa.nulls(len(text), text.type), text)
    try:
        values = pc.cast(quick, DECIMAL)
    except pa.ArrowInvalid:  # something is not a number: look at each distinct text
        return _parse_each(text, max_decimals)
    if odd is None:
        return values, {}
    others, reasons = _parse_each(text.filter(odd), max_decimals)
    return pc.replace_with_mask(values, odd, others), reasons


def _odd(text: pa.Array) -> pa.Array | None:
    """Which texts must not be left to Arrow; None if there are none.

    Arrow's cast gives wrong numbers, not errors, for 21 or more digits before the point
    ("200000000000000000000000"), for large exponents ("1e25") and for many decimals: it wraps
    around. Seen with pyarrow 17.
    """
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if longest <= DECIMAL.precision - DECIMAL.scale and not _has_exponent(text):
        return None
    odd = pc.invert(pc.match_substring_regex(text, _PLAIN))
    return odd if pc.any(odd).as_py() else None


def _has_exponent(text: pa.Array) -> bool:
    letters = text.buffers()[2]
    return letters is not None and bool(((np.frombuffer(letters, np.uint8) | 32) == ord("e")).any())


def _parse_each(text: pa.Array, max_decimals: str) -> tuple[pa.Array, dict[str, str]]:
    encoded = text.dictionary_encode()
    values, reasons = [], {}
    for word in encoded.dictionary.to_pylist():
        value, reason = parse_one(word, max_decimals)
        values.append(value)
        if reason:
            reasons[word] = reason
    return pa.array(values, DECIMAL).take(encoded.indices), reasons


def parse_one(word: str, max_decimals: str = "reject") -> tuple[Decimal | None, str | None]:
    """(value, None) or (None, reason) for one text."""
    word = word.strip()
    if not _NUMBER.fullmatch(word):
        return None, "is not a number"
    value = Decimal(word)
    if not _fits(value):
        return None, "does not fit decimal(38,18)"
    context = _EXACT if max_decimals == "reject" else _ROUNDED
    try:
        value = context.quantize(value, _STEP)
    except Inexact:
        return None, "has more than 18 decimals, which decimal(38,18) cannot hold"
    return (value, None) if _fits(value) else (None, "does not fit decimal(38,18)")


def _fits(value: Decimal) -> bool:
    return -_LIMIT < value < _LIMIT  # compares exactly, where abs() would round to 28 digits
