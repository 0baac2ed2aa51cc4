"""Pieces of texts to Arrow tables; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv

from focus_lake.raw import parquet
from focus_lake.raw.texts import Piece, Text
from focus_lake.storage.base import Store

BLOCK = 1024 * 1024  # bytes parsed at a time: what stays in a core's cache is parsed fastest


def read(
    raw: Store, scratch: Store, text: Text, piece: Piece, null_texts: Sequence[str]
) -> Iterator[pa.Table]:
    """The rows of a piece, named as in the header, with nulls: strings, or Parquet's own types.

    CSV was checked strictly before, so what does not parse here is a bug and raises.
    """
    if text.format == "parquet":
        yield from parquet.read(raw, piece, null_texts)
    elif piece.rows:
        yield _csv(scratch, text, piece, null_texts)


def _csv(scratch: Store, text: Text, piece: Piece, null_texts: Sequence[str]) -> pa.Table:
    block = max(BLOCK, 2 * piece.longest)  # a record must fit
    with scratch.open(piece.path) as file:
        return pacsv.read_csv(
            file,
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=list(text.header), block_size=block
            ),
            parse_options=pacsv.ParseOptions(newlines_in_values=piece.line_breaks),
            convert_options=pacsv.ConvertOptions(
                check_utf8=False,  # as unzipping did
                column_types={name: pa.string() for name in text.header},
                null_values=list(null_texts),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
