"""Raw files to a DataFrame: one row a delivered record, every column text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType

from focus_lake import storage
from focus_lake.declare.model import Declaration
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
from focus_lake.frames.records import Text, batches, look
from focus_lake.frames.sql import texts
from focus_lake.storage import Store

ROWS = 4096  # in a batch handed from Python to Spark: what bounds a task's memory
SHARE = 64 * 1024 * 1024  # bytes of a text from which on several tasks read it
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
    be listed; a file that is no strict text stops the query that reads it.
    """
    place = storage.at(raw, s3_endpoint).under(declaration.name)
    found = files_frame(spark, place, declaration) if files is None else files
    found = found.where("is_named")
    if months := tuple(yearmonths):
        found = found.where(f"yearmonth IN ({texts(months)})")
    chosen = found.orderBy("path").collect()
    seen = _looked_at(spark, place, [row.path for row in chosen])
    about = {row.path: row for row in chosen}
    heads = list(dict.fromkeys(text.head for text in seen))
    schema = _schema(heads)
    parts = [part for text in seen for part in _parts(text, _cores(spark))]
    work = [
        (text, share, shares, about[text.path], heads.index(text.head))
        for text, share, shares in parts
    ]
    fields = [field.metadata[HEAD] for field in schema.fields if HEAD in field.metadata]
    read = _reader(place, work, fields, schema.fieldNames())
    numbers = spark.range(0, len(work), 1, max(1, min(len(work), 4 * _cores(spark))))
    return numbers.mapInArrow(read, schema)


def _looked_at(spark: SparkSession, place: Store, paths: list[str]) -> list[Text]:
    """The texts of the files, looked at in Spark's tasks."""

    def each(indexes: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pickle

        for batch in indexes:
            for number in batch.column(0).to_pylist():
                seen = pickle.dumps(look(place, paths[number]))
                yield pa.RecordBatch.from_pydict({"number": [number], "seen": [seen]})

    import pickle

    numbers = spark.range(0, len(paths), 1, max(1, min(len(paths), 4 * _cores(spark))))
    rows = numbers.mapInArrow(each, "number long, seen binary").collect()
    return [text for row in sorted(rows) for text in pickle.loads(row.seen)]


def _cores(spark: SparkSession) -> int:
    return spark.sparkContext.defaultParallelism


def _parts(text: Text, cores: int) -> Iterator[tuple[Text, int, int]]:
    """A large text is every core's work: each reads it and takes its share of the records."""
    shares = max(1, min(cores, 8, text.size // SHARE)) if text.kind != "json" else 1
    for share in range(shares):
        yield text, share, shares


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


def _reader(place: Store, work: list, fields: list[str], names: list[str]):
    """A function for mapInArrow: numbers of pieces of work in, their records out."""

    def read(indexes: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in indexes:
            for number in batch.column(0).to_pylist():
                yield from _records(place, *work[number], fields, names)

    return read


def _records(place: Store, text: Text, share: int, shares: int, about, header: int, fields, names):
    at = {head: position for position, head in enumerate(text.head)}
    for first, lines, faults, columns in batches(place, text, share, shares, ROWS):
        count = len(lines)
        ours = {
            "yearmonth": about.yearmonth,
            "batch_ts": about.batch_ts,
            EXPORT: about.export,
            FILE: text.path,
            MEMBER: text.member,
            FORMAT: text.kind,
            VERSION: about.version,
        }
        made = {one: pa.repeat(pa.scalar(value, pa.string()), count) for one, value in ours.items()}
        made[RECORD] = pa.array(range(first + 1, first + 1 + count), pa.int64())
        made[LINE] = pa.array(lines, pa.int64())
        made[FAULT] = pa.array(faults, pa.string())
        made[HEADER] = pa.array([header] * count, pa.int32())
        delivered = [
            columns[at[one]] if one in at else pa.nulls(count, pa.string()) for one in fields
        ]
        yield pa.RecordBatch.from_arrays([*(made[one] for one in _OURS), *delivered], names=names)
