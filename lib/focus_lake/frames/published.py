"""What was published, as a DataFrame: the batches that the views show, by the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession

from focus_lake import storage
from focus_lake.declare.model import Declaration
from focus_lake.errors import LedgerError
from focus_lake.frames.sql import name, text, texts
from focus_lake.spec.columns import spell
from focus_lake.storage import Store


def published_frame(
    spark: SparkSession,
    lake: str,
    declaration: Declaration,
    yearmonths: Iterable[str] = (),
    s3_endpoint: str | None = None,
) -> DataFrame:
    """The live rows of a provider, as the views show them, of these billing months or of all.

    The columns of the provider's normalized table, then yearmonth and batch_ts, which come from
    the path. Times are UTC, without a zone. Of upserts the newest rows alone.
    """
    place, months = storage.at(lake, s3_endpoint), tuple(yearmonths)
    if declaration.delivery != "upsert":
        lines = live_lines(place, declaration.name, declaration.delivery, months)
        return frame_of(spark, place, declaration, lines)
    lines = live_lines(place, declaration.name, declaration.delivery)  # any may hold a newer row
    rows = _newest(frame_of(spark, place, declaration, lines), declaration)
    return rows.where(f"yearmonth IN ({texts(months)})") if months else rows


def _newest(rows: DataFrame, declaration: Declaration) -> DataFrame:
    """Of rows of an export and billing month that agree in the declared key the newest."""
    month = "yearmonth"
    if declaration.layout.months != "one":
        start = f"convert_timezone('UTC', {text(declaration.time.zone)}, BillingPeriodStart)"
        month = f"coalesce(date_format({start}, 'yyyyMM'), yearmonth)"
    same = ", ".join([month, "x_Export", *map(name, declaration.key)])
    order = "batch_ts DESC, x_SourceFile DESC, x_SourceRow DESC"
    place = f"row_number() OVER (PARTITION BY {same} ORDER BY {order}) AS _place"
    return rows.selectExpr("*", place).where("_place = 1").drop("_place")


def frame_of(
    spark: SparkSession, lake: Store, declaration: Declaration, lines: list[dict]
) -> DataFrame:
    """The live rows of these ledger lines, as live_lines gives them."""
    kinds = [f"{name(each.name)} {_kind(each.stored)}" for each in declaration.columns]
    schema = ", ".join([*kinds, "yearmonth STRING", "batch_ts STRING"])
    files = [_spark_url(lake, path) for line in lines for path in _files(lake, line)]
    if not files:
        return spark.createDataFrame([], schema)
    root = _spark_url(lake, f"normalized/{declaration.name}")
    rows = spark.read.schema(schema).option("basePath", root).parquet(*files)
    hidden = [(line, export) for line in lines for export in line["hidden"]]
    for line, export in hidden:
        here = f"yearmonth = {text(line['yearmonth'])} AND batch_ts = {text(line['batch_ts'])}"
        rows = rows.where(f"NOT ({here} AND coalesce(x_Export, '') = {text(export)})")
    return rows


def _kind(stored: str) -> str:
    return "TIMESTAMP_NTZ" if stored == "timestamp" else spell("spark", stored)


def _files(lake: Store, line: dict) -> list[str]:
    """The Parquet files of a batch: all that readers of its partition see."""
    folder = f"normalized/{line['provider']}/yearmonth={line['yearmonth']}"
    folder += f"/batch_ts={line['batch_ts']}"
    if line.get("publication"):
        folder += f"/publication={line['publication']}"
    found = [entry.path for entry in lake.list(folder)]
    return [path for path in found if path.rpartition("/")[0] == folder and _is_data(path)]


def _spark_url(lake: Store, path: str) -> str:
    return lake.url(path).replace("s3://", "s3a://", 1)


def _is_data(path: str) -> bool:
    return path.endswith(".parquet") and path.rpartition("/")[2][0] not in "._"


def read_ledger(lake: Store, provider: str) -> list[dict]:
    """A provider's ledger, by month and batch. Raises LedgerError for a broken line."""
    lines = []
    for entry in lake.list(f"ledger/{provider}"):
        if entry.path.endswith(".jsonl"):
            content = (lake.read(entry.path)[0] or b"").decode("utf-8")
            for number, words in enumerate(content.split("\n"), 1):
                if words.strip():
                    lines.append(_line(words, f"{lake.url(entry.path)} line {number}"))
    return sorted(lines, key=lambda line: (line["yearmonth"], line["batch_ts"]))


def _line(words: str, where: str) -> dict:
    try:
        line = json.loads(words)
        return line | {"key": (line["yearmonth"], line["batch_ts"]), "status": line["status"]}
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerError(f"{where}: not a ledger line ({error!r})") from error


def live_lines(
    lake: Store, provider: str, delivery: str, yearmonths: Iterable[str] = ()
) -> list[dict]:
    """The ledger's lines of the live batches, each with hidden: its exports that are superseded.

    Of a snapshot the newest published batch of each export and month; of any other delivery all,
    and of upserts with the rows that newer ones have replaced.
    """
    months = set(yearmonths)
    found = [line for line in read_ledger(lake, provider) if line["status"] == "published"]
    found = [line for line in found if not months or line["yearmonth"] in months]
    newest = {(line["yearmonth"], one): line["key"] for line in found for one in line["exports"]}
    live = []
    for line in found:
        old = [one for one in line["exports"] if newest[line["yearmonth"], one] != line["key"]]
        if delivery != "snapshot":
            old = []
        if len(old) < len(line["exports"]):
            live.append(line | {"hidden": old})
    return live
