"""JSON in every form that exporters write it: arrays, lines, wrapped, packed; what is refused."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from focus_lake import storage
from focus_lake.raw import clean
from focus_lake.raw.archives import Limits
from focus_lake.raw.read import read

ROWS = [{"BilledCost": 1.10, "Tags": {"a": "b"}}, {"BilledCost": 2, "Id": 'x"y\n'}]
LINES = "\n".join(map(json.dumps, ROWS)) + "\n\n"
ARRAY = json.dumps(ROWS, indent=2)
WRAPPED = json.dumps({"next": None, "data": ROWS})
DEEP = json.dumps({"result": {"items": ROWS, "count": 2}})
EXPECTED = [("1.1", '{"a":"b"}', None), ("2", None, 'x"y\n')]


def zipped(name: str, text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, text)
    return file.getvalue()


def opened(folder, name: str, content: str | bytes, rows_key: str | None = None) -> clean.Unzipped:
    lake = storage.at(str(folder))
    with lake.writer(name) as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    required = {"BilledCost": ["billedcost"]}
    return clean.unzip(lake, name, lake, "s", required, Limits(), "utf-8", rows_key)


@pytest.mark.parametrize(
    "name, content, rows_key",
    [
        ("a.json", ARRAY, None),
        ("a.json", "\ufeff" + ARRAY, None),
        ("a.jsonl", LINES, None),
        ("a.NDJSON", LINES, None),
        ("a.json", LINES, None),
        ("a.jsonl", "\r\n".join(map(json.dumps, ROWS)), None),
        ("a.json", WRAPPED, "data"),
        ("a.json", json.dumps({"data": ROWS}, indent=2), "data"),
        ("a.json", DEEP, "result.items"),
        ("a.json", ARRAY, "data"),
        ("a.json.gz", gzip.compress(ARRAY.encode()), None),
        ("a.jsonl.gz", gzip.compress(LINES.encode()), None),
        ("a.gz", gzip.compress(LINES.encode()), None),
        ("a.json.gz", gzip.compress(WRAPPED.encode()), "data"),
        ("a.zip", zipped("inner.json", ARRAY), None),
        ("a.zip", zipped("inner.jsonl", LINES), None),
    ],
)
def test_rows_come_out_of_every_form_of_json(tmp_path, name, content, rows_key):
    done = opened(tmp_path, name, content, rows_key)
    assert done.error is None
    (text,) = done.texts
    assert text.header == ("BilledCost", "Tags", "Id")
    lake = storage.at(str(tmp_path))
    rows = [
        tuple(row.values())
        for piece in text.pieces
        for table in read(lake, lake, text, piece, [""])
        for row in table.to_pylist()
    ]
    assert rows == EXPECTED


@pytest.mark.parametrize(
    "name, content, rows_key, code, words",
    [
        ("a.json", WRAPPED, None, "json_no_array", "an object with the keys next, data"),
        ("a.json", WRAPPED, None, "json_no_array", "declare [format] rows_key"),
        ("a.json", WRAPPED, "rows", "json_no_array", "no key 'rows'"),
        ("a.json", WRAPPED, "rows", "json_no_array", "there: 'next', 'data'"),
        ("a.json", WRAPPED, "next.rows", "json_no_array", "there: no object"),
        ("a.jsonl", '{"BilledCost": 1}\n[2]\n', None, "json_no_array", "line 2: the JSON is no"),
        ("a.jsonl", '{"BilledCost": 1}\n{"Billed', None, "broken_json", "line 2: not JSON"),
        ("a.json.gz", gzip.compress(b'[{"BilledCost": 1'), None, "broken_json", "not JSON"),
        ("a.json.gz", gzip.compress(ARRAY.encode())[:-9], None, "broken_zip", "damaged"),
        ("a.json", b'[{"BilledCost": "\xff"}]', None, "not_utf8", "not UTF-8"),
    ],
)
def test_json_without_rows_is_refused_with_the_reason(
    tmp_path, name, content, rows_key, code, words
):
    error = opened(tmp_path, name, content, rows_key).error
    assert error is not None and error["code"] == code
    assert words in error["message"]
    assert error["file"] == name
