"""Rows grouped in Arrow by many keys at once, with exact sums of decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

COUNT = "x_RowCount"
_FITS = Decimal(10) ** 20  # decimal(38,18) holds less than this


def group(keys: dict, sums: dict, counts: pa.ChunkedArray | None) -> pa.Table:
    """One row for each combination of keys; counts: rows behind each row, None for one each.

    Keys of text come back as dictionaries, so that groups of groups need not read the texts again.
    """
    length = len(next(iter(keys.values())))
    codes = _Codes(length)
    words = {name: _dictionary(values) for name, values in keys.items()}
    for values in words.values():
        codes.add(values)
    if not all(_adds_up(values) for values in sums.values()):
        codes.split()  # a sum might not fit: the rows stay apart, and so do the sums
    groups, first = codes.groups()
    place = pa.array(first)
    found = pa.table({name: _few(keys[name], one, place) for name, one in words.items()})
    parts = pa.table({"group": groups, **sums, COUNT: _ones(length) if counts is None else counts})
    by = parts.group_by("group", use_threads=False)
    added = by.aggregate([(name, "sum") for name in (*sums, COUNT)])  # in the groups' order
    for name in (*sums, COUNT):
        found = found.append_column(name, added[f"{name}_sum"].cast(parts[name].type))
    return found.combine_chunks()


class _Codes:
    """Keys as one number a row: codes of each key's dictionary, combined."""

    def __init__(self, length: int):
        self._codes, self._width = np.zeros(length, np.int64), 1

    def add(self, values: pa.DictionaryArray) -> None:
        indices, size = values.indices, len(values.dictionary)
        if indices.null_count:
            indices, size = indices.fill_null(size), size + 1
        if size <= 1:
            return
        if self._width * size >= 2**62:
            self._compact()
        self._codes = self._codes * size + indices.to_numpy(zero_copy_only=False)
        self._width *= size

    def split(self) -> None:
        self._codes, self._width = np.arange(len(self._codes), dtype=np.int64), len(self._codes)

    def _compact(self) -> None:
        encoded = pc.dictionary_encode(pa.array(self._codes))
        self._codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self._width = len(encoded.dictionary)

    def groups(self) -> tuple[pa.Array, np.ndarray]:
        """(group of each row, the first row of each group)."""
        indices = pc.dictionary_encode(pa.array(self._codes)).indices
        rows = indices.to_numpy(zero_copy_only=False)
        first = np.zeros(int(rows.max()) + 1 if len(rows) else 0, np.int64)
        first[rows[::-1]] = np.arange(len(rows), dtype=np.int64)[::-1]  # the last one written stays
        return indices, first


def _dictionary(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """The values as a dictionary; null is no word of it."""
    if pa.types.is_dictionary(values.type):
        return one_chunk(values)
    return pc.dictionary_encode(one_chunk(values))


def _few(
    values: pa.Array | pa.ChunkedArray, words: pa.DictionaryArray, place: pa.Array
) -> pa.Array:
    """Some of the values: texts as a dictionary, all else as it is."""
    is_text = pa.types.is_string(words.type.value_type)
    return (words if is_text else one_chunk(values)).take(place)


def plain(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The values themselves, where they are a dictionary."""
    whole = one_chunk(values)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def encoded(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """The values as a dictionary in which null has a code of its own."""
    return pc.dictionary_encode(one_chunk(values), null_encoding="encode")


def one_chunk(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks)


def _ones(length: int) -> pa.Array:
    return pa.array(np.ones(length, np.int64))


def _adds_up(values: pa.ChunkedArray) -> bool:
    ends = pc.min_max(values).as_py()
    most = max(abs(ends["min"] or 0), abs(ends["max"] or 0))
    return most * len(values) < _FITS
