"""Repairs of values as the declaration asks; each distinct value is looked at once."""

from __future__ import annotations

import pyarrow as pa

from focus_lake.declare.model import Repair
from focus_lake.spec.columns import arrow_type

STRING = arrow_type("string")


def apply(column: str, words: pa.Array, repair: Repair) -> tuple[pa.Array, pa.Array | None]:
    """(values, what was changed in words: one text a row, null where nothing was; None if none)."""
    encoded = words.dictionary_encode()
    old = encoded.dictionary.to_pylist()
    new = [_KINDS[repair.kind](word, repair) for word in old]
    if new == old:
        return words, None
    notes = [f"{column}: {a} -> {b}" if a != b else None for a, b in zip(old, new, strict=True)]
    return (
        pa.array(new, STRING).take(encoded.indices),
        pa.array(notes, STRING).take(encoded.indices),
    )


def _numeric_name(word: str, repair: Repair) -> str:
    if not word.isdecimal():
        return word
    return repair.table.get(word) or repair.value or word


_KINDS = {"numeric_name": _numeric_name}
