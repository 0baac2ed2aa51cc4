"""What was unzipped is read back field by field, as Python's csv module reads the raw text."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_lake import storage
from focus_lake.errors import BatchRejected
from focus_lake.raw import parquet
from focus_lake.raw.archives import Limits
from focus_lake.raw.clean import unzip
from focus_lake.raw.csv_records import LONGEST_RECORD
from focus_lake.raw.read import read

NULLS = ("", "-", "null", "NULL", "\\N")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return storage.at(str(tmp_path_factory.mktemp("lake")))


def rows(lake, content: bytes) -> list[list]:
    with lake.writer("raw") as file:
        file.write(content)
    lake.delete("s")
    done = unzip(lake, "raw", lake, "s", {}, Limits())
    assert done.error is None
    (text,) = done.texts
    tables = [t for piece in text.pieces for t in read(lake, lake, text, piece, NULLS)]
    assert all(table.column_names == list(text.header) for table in tables)
    return [list(row.values()) for table in tables for row in table.to_pylist()]


fields = st.text(st.sampled_from('ab,"\n\r 云\\N-'), max_size=5) | st.sampled_from(NULLS)
tables = st.lists(st.lists(fields, min_size=2, max_size=2), max_size=6)


@settings(max_examples=150)
@given(tables, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_field_comes_back_or_is_null(lake, table, end, doubled):
    file = io.StringIO(newline="")
    form = {"doublequote": True} if doubled else {"doublequote": False, "escapechar": "\\"}
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL, **form)
    # A record that reads strictly in one way only, so that the quoting is not a guess.
    writer.writerows([["a", "b"], ['{"x":"y z"}', '"'], *table])
    found = rows(lake, file.getvalue().encode())
    assert found[0] == ['{"x":"y z"}', '"']
    assert found[1:] == [[None if f in NULLS else f for f in row] for row in table]


def test_unquoted_nulls_and_blank_fields_are_null_and_spaces_are_kept(lake):
    found = rows(lake, b'a,b,c\n-,null,NULL\n\\N,,""\n"-", - ,Null\n')
    assert found == [[None] * 3, [None] * 3, [None, " - ", "Null"]]


def test_numbers_times_and_truth_stay_text(lake):
    assert rows(lake, b"a,b,c\n007,2026-01-01,true\n1.10,NaN,1e5\n") == [
        ["007", "2026-01-01", "true"],
        ["1.10", "NaN", "1e5"],
    ]


@pytest.mark.parametrize("line_break", ["", "\n"])
def test_the_longest_record_that_is_accepted_can_be_read(lake, line_break):
    long = "x" * (LONGEST_RECORD - 20) + line_break
    text = f'a,b\n1,2\n3,"{long}"\n5,6\n'.encode()
    assert rows(lake, text) == [["1", "2"], ["3", long], ["5", "6"]]


def test_a_parquet_file_keeps_its_types_and_loses_its_null_texts(lake):
    many = parquet.ROWS_AT_ONCE + 5  # more than are read at once: the second batch is a slice
    words = pa.array(["-", "云"] * many).slice(0, many)
    made = pa.table({"a": words, "b": words.dictionary_encode(), "c": pa.array(range(many))})
    file = io.BytesIO()
    pq.write_table(made, file)
    found = rows(lake, file.getvalue())
    assert found == [[w, w, n] for n, w in zip(range(many), [None, "云"] * many, strict=False)]


def parquet_file(columns: dict) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet_text_that_is_not_marked_as_text_is_read_as_such(lake):
    words = [b"1.5", "云".encode(), b"NULL", None]
    assert rows(lake, parquet_file({"a": words})) == [["1.5"], ["云"], [None], [None]]


def test_parquet_bytes_that_are_no_text_refuse_the_batch_and_name_the_column(lake):
    with pytest.raises(BatchRejected, match="x_Blob holds bytes that are not UTF-8 text"):
        rows(lake, parquet_file({"a": ["1"], "x_Blob": [b"\xff"]}))


def test_a_parquet_header_with_a_name_twice_is_refused_with_its_file(lake):
    with lake.writer("raw") as file:
        file.write(parquet_file({"a": [1], "A": [2]}))
    error = unzip(lake, "raw", lake, "s", {}, Limits()).error
    assert (error["code"], error["file"]) == ("repeated_column", "raw")
