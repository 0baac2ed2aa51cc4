"""Rows are written in order, in files of bounded size; rejected ones are kept whole beside."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focus_lake import declare, storage
from focus_lake.lake import write
from focus_lake.lake.audit import Audit
from focus_lake.lake.write import Writer
from focus_lake.normalize import rejects, task
from focus_lake.normalize.rejects import Rejects
from focus_lake.raw import clean
from focus_lake.raw.archives import Limits
from focus_lake.spec.columns import arrow_type, table
from focus_lake.transform.select import Origin, Problem

ALIBABA = declare.load("alibaba")
ORIGIN = Origin("a.zip/b.csv", "1500_2")


@pytest.fixture
def lake(tmp_path):
    return storage.at(str(tmp_path))


def rows(services: list[str | None]) -> pa.Table:
    made = {c.name: pa.nulls(len(services), arrow_type(c.stored)) for c in table()}
    return pa.table(made | {"ServiceName": pa.array(services, pa.string())})


def read(lake, path: str) -> pq.ParquetFile:
    return pq.ParquetFile(lake.url(path))


# -- writing ---------------------------------------------------------------------------------------


def test_rows_of_a_window_are_ordered_by_service(lake, monkeypatch):
    monkeypatch.setattr(write, "WINDOW", 4)
    writer = Writer(lake, "data", 7, Audit())
    writer.add(rows(["c", "a"]))
    writer.add(rows([None, "b"]))
    writer.add(rows(["a"]))
    (path,) = writer.close()
    assert path == "data/part-00007-0.parquet"
    assert read(lake, path).read()["ServiceName"].to_pylist() == ["a", "b", "c", None, "a"]


def test_a_file_that_is_large_enough_is_followed_by_another(lake, monkeypatch):
    monkeypatch.setattr(write, "WINDOW", 2)
    monkeypatch.setattr(write, "FILE_BYTES", 1)
    seen = Audit()
    writer = Writer(lake, "data", 0, seen)
    for service in ("a", "b", "c"):
        writer.add(rows([service, service]))
    paths = writer.close()
    assert paths == [f"data/part-00000-{number}.parquet" for number in range(3)]
    assert [entry.path for entry in lake.list("data")] == paths
    assert [read(lake, path).metadata.num_rows for path in paths] == [2, 2, 2]
    assert seen.rows == 6


def test_no_rows_make_no_file(lake):
    writer = Writer(lake, "data", 0, Audit())
    writer.add(rows([]))
    assert writer.close() == []
    assert list(lake.list()) == []


def test_files_are_snappy_with_statistics_and_times_that_every_engine_reads(lake):
    writer = Writer(lake, "data", 0, Audit())
    writer.add(rows(["a"] * 3))
    parquet = read(lake, writer.close()[0])
    group = parquet.metadata.row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    assert {column.compression for column in columns} == {"SNAPPY"}
    assert all(column.statistics is not None for column in columns)
    (start,) = [c for c in columns if c.path_in_schema == "ChargePeriodStart"]
    assert start.physical_type == "INT64"
    logical = json.loads(parquet.schema.column(columns.index(start)).logical_type.to_json())
    assert (logical["timeUnit"], logical["isAdjustedToUTC"]) == ("microseconds", False)


def test_row_groups_are_small_enough_to_be_pruned(lake, monkeypatch):
    monkeypatch.setattr(write, "ROW_GROUP", 2)
    writer = Writer(lake, "data", 0, Audit())
    writer.add(rows(["b", "a", "c", "a", "b"]))
    footer = read(lake, writer.close()[0]).metadata
    at = list(footer.schema.names).index("ServiceName")
    ranges = [footer.row_group(n).column(at).statistics for n in range(footer.num_row_groups)]
    assert [(s.min, s.max) for s in ranges] == [("a", "a"), ("b", "b"), ("c", "c")]


# -- rejected rows ---------------------------------------------------------------------------------


def test_a_rejected_row_is_kept_whole_with_every_reason(lake):
    kept = Rejects(lake, "rejected/x.parquet")
    text = pa.table({"A": ["1", "x", "3"], "b": ["y", None, "云"]})
    problems = [
        Problem(2, "C", "3", "is wrong"),
        Problem(1, "A", "x", "is not a number"),
        Problem(1, "B", "", "is not a time"),
    ]
    kept.add(text, np.array([10, 12, 15]), problems, ORIGIN)
    kept.close()
    found = read(lake, "rejected/x.parquet").read()
    assert found.schema.equals(rejects.SCHEMA)
    assert found.to_pylist() == [
        {
            "x_SourceFile": "a.zip/b.csv",
            "x_Export": "1500_2",
            "line": 12,
            "column_name": "A",
            "value": "x",
            "reason": "is not a number",
            "reasons": ["A 'x' is not a number", "B '' is not a time"],
            "record": [("A", "x"), ("b", None)],
        },
        {
            "x_SourceFile": "a.zip/b.csv",
            "x_Export": "1500_2",
            "line": 15,
            "column_name": "C",
            "value": "3",
            "reason": "is wrong",
            "reasons": ["C '3' is wrong"],
            "record": [("A", "3"), ("b", "云")],
        },
    ]
    assert kept.rows == 2
    assert kept.examples[0] == "a.zip/b.csv line 12: A 'x' is not a number; B '' is not a time"


def test_no_rejected_row_makes_no_file(lake):
    Rejects(lake, "rejected/x.parquet").close()
    assert list(lake.list()) == []


def test_many_rejected_rows_are_counted_and_a_few_are_shown(lake, monkeypatch):
    monkeypatch.setattr(rejects, "AT_ONCE", 2)
    kept = Rejects(lake, "x")
    text = pa.table({"A": [str(number) for number in range(5)]})
    kept.add(text, np.arange(5), [Problem(n, "A", str(n), "is bad") for n in range(5)], ORIGIN)
    kept.close()
    assert (kept.rows, len(kept.examples)) == (5, rejects.SAMPLE)
    assert read(lake, "x").read()["line"].to_pylist() == [0, 1, 2, 3, 4]


# -- a task: pieces in, files and their audit out -------------------------------------------------

HEAD = "BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,Tags\n"


def work(lake, text: str, folder: str = "s", number: int = 0) -> task.Work:
    with lake.writer("bill.csv") as file:
        file.write(text.encode())
    done = clean.unzip(lake, "bill.csv", lake, "s/text", {}, Limits())
    assert done.error is None
    share = [(made, ORIGIN, made.pieces) for made in done.texts]
    return task.Work(number, lake, lake, ALIBABA, "202601", folder, share)


def test_a_task_writes_good_rows_keeps_bad_ones_and_counts_all(lake):
    good = "1.5,CNY,2026-01-01 00:00:00,2026-01-02 00:00:00,{}\n"
    text = HEAD + good + good.replace("1.5", "x") + "too,few\n" + good.replace("{}", "no json")
    done = task.run(work(lake, text))
    assert (done.rows_read, done.audit.rows, done.rejected, done.tags_unparsed) == (3, 2, 2, 1)
    assert (done.error, done.differences) == (None, [])
    assert [(file["name"], file["rows"]) for file in done.files] == [("part-00000-0.parquet", 2)]
    assert done.audit.cost_sums()[0]["BilledCost"] == "3.000000000000000000"
    kept = read(lake, "s/rejected/part-00000.parquet").read().to_pylist()
    assert [(row["line"], row["column_name"]) for row in kept] == [(3, "BilledCost"), (4, None)]
    assert kept[1]["record"] == [("", "too,few")]
    assert kept[1]["reason"] == "does not have the header's 5 fields"


def test_lines_are_right_in_every_piece_and_table(lake, monkeypatch):
    monkeypatch.setattr(clean, "PIECE", 200)
    monkeypatch.setattr("focus_lake.raw.csv_records.CHUNK", 100)
    body = "".join(f'{"x" if n % 7 == 0 else n},CNY,,,"{{}}\n"\n' for n in range(40))
    made = work(lake, HEAD + body)
    assert len(made.texts[0][2]) == 3
    done = task.run(made)
    assert (done.rows_read, done.rejected) == (40, 6)
    lines = read(lake, "s/rejected/part-00000.parquet").read()["line"].to_pylist()
    assert lines == [2 + 2 * number for number in range(0, 40, 7)]


def test_malformed_records_are_kept_by_the_task_that_has_the_first_piece(lake, monkeypatch):
    monkeypatch.setattr(clean, "PIECE", 1)
    monkeypatch.setattr("focus_lake.raw.csv_records.CHUNK", 50)
    whole = work(lake, HEAD + "1,CNY,,,\n" * 20 + "1\n")
    text, origin, pieces = whole.texts[0]
    assert len(pieces) > 2
    shares = [pieces[:1], pieces[1:]]
    done = [
        task.run(task.Work(n, lake, lake, ALIBABA, "202601", "s", [(text, origin, share)]))
        for n, share in enumerate(shares)
    ]
    assert [part.rejected for part in done] == [1, 0]
    assert sum(part.audit.rows for part in done) == 20


def test_a_difference_between_what_was_written_and_what_lies_there_is_reported(lake, monkeypatch):
    right = Audit.add_sums
    calls = []

    def wrong_once(self, seen):
        calls.append(seen)
        right(self, seen.slice(1) if len(calls) == 1 else seen)

    monkeypatch.setattr(Audit, "add_sums", wrong_once)
    done = task.run(work(lake, HEAD + "1,CNY,,,\n2,CNY,,,\n"))
    lying, summed = done.differences
    assert lying.startswith("cost sums: ")
    assert summed.startswith("daily summary: cost sums: ")
