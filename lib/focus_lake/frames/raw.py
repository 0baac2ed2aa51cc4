"""Raw files to a DataFrame: one row a delivered record, every column text."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType

from focus_lake import storage
from focus_lake.declare.model import Declaration, Format
from focus_lake.frames.columns import batches
from focus_lake.frames.files import files_frame
from focus_lake.frames.heads import (
    EXPORT,
    FAULT,
    FILE,
    FORMAT,
    HEAD,
    HEADER,
    HEADS,
    LINE,
    MEMBER,
    RECORD,
    VERSION,
)  # fmt: skip
from focus_lake.frames.records import Text, look
from focus_lake.frames.sql import texts
from focus_lake.storage import Store

ROWS = 4096  # in a batch handed from Python to Spark: what bounds a task's memory
SHARE = 32 * 1024 * 1024  # bytes of a text from which on several tasks read it
_NUMBERS = {RECORD: LongType(), LINE: LongType(), HEADER: IntegerType()}
_OURS = (
    "yearmonth",
    "batch_ts",
    EXPORT,
    FILE,
    MEMBER,
    RECORD,
    LINE,
    FAULT,
    FORMAT,
    HEADER,
    VERSION,
)


def raw_frame(
    spark: SparkSession,
    raw: str,
    declaration: Declaration,
    yearmonths: Iterable[str] = (),
    s3_endpoint: str | None = None,
    files: DataFrame | None = None,
) -> DataFrame:
    """Every record below ``<raw>/<provider>/``, of these billing months (none named: of all).

    All delivered columns are text, as they came; columns of other files are null. Beside them:
    yearmonth and batch_ts (14 digits) by the file's path, _export, _file (below the provider's
    folder), _member of an archive, _record (from 1) and _line where it begins, _fault (null, or
    what is wrong with the record), _format (csv, json, parquet), _header and _version.

    files: a part of files_frame, to read these alone. Raises FocusLakeError where a place cannot
    be listed; a file that is not strict text stops the query that reads it.
    """
    place = storage.at(raw, s3_endpoint).under(declaration.name)
    found = files_frame(spark, place, declaration) if files is None else files
    found = found.where("is_named")
    if months := tuple(yearmonths):
        found = found.where(f"yearmonth IN ({texts(months)})")
    about = {row.path: row for row in sorted(found.collect(), key=lambda row: row.path)}
    seen = _looked_at(spark, place, list(about), declaration.format)
    heads = list(dict.fromkeys(text.head for text in seen))
    schema = _schema(heads)
    pieces = [
        _Piece(text, share, shares, heads.index(text.head), _constants(text, about[text.path]))
        for text in seen
        for share, shares in _shares(text, _cores(spark))
    ]
    fields = [field.metadata[HEAD] for field in schema.fields if HEAD in field.metadata]
    numbers = spark.range(0, len(pieces), 1, max(1, min(len(pieces), 4 * _cores(spark))))
    return numbers.mapInArrow(_reader(place, pieces, fields, schema.fieldNames()), schema)


@dataclass(frozen=True)
class _Piece:
    """Some records of a text: of its batches of records every shares-th, beginning with share."""

    text: Text
    share: int
    shares: int
    header: int
    constants: dict[str, str | None]


def _constants(text: Text, about: Row) -> dict[str, str | None]:
    """What is the same for every record of a text."""
    return {
        "yearmonth": about.yearmonth,
        "batch_ts": about.batch_ts,
        EXPORT: about.export,
        FILE: text.path,
        MEMBER: text.member,
        FORMAT: text.kind,
        VERSION: about.version,
    }


def _looked_at(spark: SparkSession, place: Store, paths: list[str], how: Format) -> list[Text]:
    """The texts of the files, looked at in Spark's tasks."""

    def each(indexes: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in indexes:
            for number in batch.column(0).to_pylist():
                seen = pickle.dumps(look(place, paths[number], how.encoding, how.rows_key))
                yield pa.RecordBatch.from_pydict({"number": [number], "seen": [seen]})

    numbers = spark.range(0, len(paths), 1, max(1, min(len(paths), 4 * _cores(spark))))
    rows = numbers.mapInArrow(each, "number long, seen binary").collect()
    return [text for row in sorted(rows) for text in pickle.loads(row.seen)]


def _cores(spark: SparkSession) -> int:
    return spark.sparkContext.defaultParallelism


def _shares(text: Text, cores: int) -> Iterator[tuple[int, int]]:
    """A large text is several cores' work: each reads it and hands out its share of records."""
    shares = max(1, min(cores, 8, text.size // SHARE)) if text.kind != "json" else 1
    for share in range(shares):
        yield share, shares


def _schema(heads: list[tuple[str, ...]]) -> StructType:
    """Ours, then a field a delivered header; two spellings of a header have a field each."""
    fields = [StructField(one, _NUMBERS.get(one, StringType())) for one in _OURS]
    fields[_OURS.index(HEADER)].metadata = {HEADS: json.dumps(heads)}
    taken = {one.casefold() for one in _OURS}
    for head in dict.fromkeys(one for names in heads for one in names):
        name, number = head, 1
        while name.casefold() in taken:
            number += 1
            name = f"{head}#{number}"
        taken.add(name.casefold())
        fields.append(StructField(name, StringType(), metadata={HEAD: head}))
    return StructType(fields)


def _reader(
    place: Store, pieces: list[_Piece], fields: list[str], names: list[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """A function for mapInArrow: numbers of pieces in, their records out."""

    def read(indexes: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in indexes:
            for number in batch.column(0).to_pylist():
                yield from _records(place, pieces[number], fields, names)

    return read


def _records(
    place: Store, piece: _Piece, fields: list[str], names: list[str]
) -> Iterator[pa.RecordBatch]:
    text, at = piece.text, {head: n for n, head in enumerate(piece.text.head)}
    for first, lines, faults, columns in batches(place, text, piece.share, piece.shares, ROWS):
        count = len(lines)
        made = {
            one: pa.repeat(pa.scalar(value, pa.string()), count)
            for one, value in piece.constants.items()
        }
        made[RECORD] = pa.array(range(first + 1, first + 1 + count), pa.int64())
        made[LINE] = pa.array(lines, pa.int64())
        made[FAULT] = pa.array(faults, pa.string())
        made[HEADER] = pa.repeat(pa.scalar(piece.header, pa.int32()), count)
        nothing = pa.nulls(count, pa.string())
        delivered = [columns[at[one]] if one in at else nothing for one in fields]
        yield pa.RecordBatch.from_arrays([*(made[one] for one in _OURS), *delivered], names=names)
