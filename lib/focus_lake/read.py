"""Pieces of texts to Arrow tables; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pacsv

from focus_lake import parquet
from focus_lake.records import LONGEST_RECORD
from focus_lake.store import Store
from focus_lake.unzip import Piece, Text

BLOCK = 2 * LONGEST_RECORD  # bytes parsed at a time; a record must fit


def read(raw: Store, scratch: Store, text: Text, piece: Piece, null_texts) -> Iterator[pa.Table]:
    """The rows of a piece, named as in the header, with nulls: strings, or Parquet's own types.

    CSV was checked strictly before, so what does not parse here is a bug and raises.
    """
    if text.format == "parquet":
        yield from parquet.read(raw, piece, null_texts)
    elif piece.rows:
        yield from _csv(scratch, text, piece, null_texts)


def _csv(scratch: Store, text: Text, piece: Piece, null_texts) -> Iterator[pa.Table]:
    with scratch.open(piece.path) as file:
        reader = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=list(text.header), block_size=BLOCK
            ),
            parse_options=pacsv.ParseOptions(newlines_in_values=piece.line_breaks),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in text.header},
                null_values=list(null_texts),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])
