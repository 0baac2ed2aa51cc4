"""Text to decimal(38,18), exactly: a number that does not fit is a problem, never a null."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.columns import arrow_type

DECIMAL = arrow_type("decimal")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_STEP = Decimal(1).scaleb(-DECIMAL.scale)
_LIMIT = Decimal(10) ** (DECIMAL.precision - DECIMAL.scale)
_EXACT = Context(prec=DECIMAL.precision, traps=[Inexact])
_ROUNDED = Context(prec=DECIMAL.precision, traps=[])  # half even, as decimal arithmetic elsewhere


def parse(text: pa.Array, max_decimals: str = "reject") -> tuple[pa.Array, dict[str, str]]:
    """(decimals, {text: reason} of those that are none) for an array of strings.

    A text with a reason gives null. max_decimals="round" takes numbers with more than 18
    decimals and rounds them half to even.
    """
    try:
        return pc.cast(text, DECIMAL), {}
    except pa.ArrowInvalid:  # something does not fit: look at each distinct text
        return _parse_each(text, max_decimals)


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
        return None, "is no number"
    value = Decimal(word)
    if abs(value) >= _LIMIT:
        return None, "does not fit decimal(38,18)"
    context = _EXACT if max_decimals == "reject" else _ROUNDED
    try:
        rounded = context.quantize(value, _STEP)
    except Inexact:
        return None, "has more than 18 decimals, which decimal(38,18) cannot hold"
    if abs(rounded) >= _LIMIT:
        return None, "does not fit decimal(38,18)"
    return rounded, None
