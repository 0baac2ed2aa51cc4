"""Parquet as providers deliver it: row groups are the pieces, values keep their own types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.errors import BatchRejected
from focus_lake.raw.texts import PIECE, Piece, Text
from focus_lake.storage.base import Store

ROWS_AT_ONCE = 64 * 1024


def describe(raw: Store, path: str) -> Text:
    """The file as a text with its header and pieces, from the footer alone."""
    text = Text(path, (), "", format="parquet")
    try:
        with raw.open(path) as file:
            footer = pq.ParquetFile(file)
            text.header = tuple(footer.schema_arrow.names)
            groups = [footer.metadata.row_group(n) for n in range(footer.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        message = f"cannot read the Parquet file: {error}"
        raise BatchRejected("broken_parquet", message, path) from error
    first, row = 0, 0
    while first < len(groups):
        last = first + 1
        size = groups[first].total_byte_size
        while last < len(groups) and size + groups[last].total_byte_size <= PIECE:
            size += groups[last].total_byte_size
            last += 1
        rows = sum(group.num_rows for group in groups[first:last])
        text.pieces.append(Piece(path, rows, size, False, row + 1, row_groups=(first, last)))
        first, row = last, row + rows
    text.rows = row
    return text


def read(raw: Store, piece: Piece, null_texts: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of a piece; texts that mean null are null. "Lines" of such a file are its rows."""
    nulls = pa.array(null_texts, pa.string())
    try:
        with raw.open(piece.path) as file:
            parquet = pq.ParquetFile(file)
            groups = list(range(*piece.row_groups))
            for batch in parquet.iter_batches(ROWS_AT_ONCE, groups, use_threads=False):
                named = zip(batch.schema.names, batch.columns, strict=True)
                columns = [_with_nulls(_decoded(name, column), nulls) for name, column in named]
                yield pa.table(columns, names=batch.schema.names)
    except (pa.ArrowException, OSError) as error:
        message = f"cannot read the Parquet file: {error}"
        raise BatchRejected("broken_parquet", message, piece.path) from error


def _decoded(name: str, values: pa.Array) -> pa.Array:
    """Text that is stored as dictionary or bytes, as plain strings; other values as they are."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kinds = (pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    if not any(is_kind(values.type) for is_kind in kinds):
        return values
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        message = f"the column {name} holds bytes that are not UTF-8 text"
        raise BatchRejected("wrong_type", message) from None


def _with_nulls(values: pa.Array, nulls: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values
    meant = pc.is_in(values, nulls)
    if not pc.any(meant).as_py():
        return values
    # With a null scalar in their place, Arrow 17 makes an invalid array of a sliced one.
    return pc.if_else(meant, pa.nulls(len(values), pa.string()), values)
