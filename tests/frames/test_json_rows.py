"""JSON texts are read a row at a time, strictly, wherever a piece of the text ends."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest

from focus_lake.frames import json_rows

ROWS = [{"a": "1.10", "b": 'x "y" ]},{'}, {"a": "-2e5", "b": "团队\n"}, {"a": "3", "c": None}]
WRITTEN = ['{"a": 1.10, "b": "x \\"y\\" ]},{"}', '{"a":-2e5,"b":"团队\\n"}', ' {"a" : 3,"c":null}']
TEXTS = {
    "array": ("[" + ",".join(WRITTEN) + "]", None),
    "array over lines": ("\ufeff [\n" + "\n,\n".join(WRITTEN) + "\n]\n\n", None),
    "lines": ("\n".join(WRITTEN) + "\n", None),
    "lines with blanks": ("\n" + "\r\n\r\n".join(WRITTEN), None),
    "under a key": ('{"n": [1, 23], "rows": [' + ",".join(WRITTEN) + '], "end": 77}', "rows"),
    "under two keys": ('{"x": {"r": [' + ",".join(WRITTEN) + "]\n}}\n", "x.r"),
}


def read(text: str, rows_key: str | None = None, is_lines: bool = False) -> list:
    return list(json_rows.rows(io.BytesIO(text.encode()), is_lines, rows_key))


@pytest.mark.parametrize("piece", [1, 2, 7, 1024])
@pytest.mark.parametrize("kind", TEXTS)
def test_rows_are_the_same_wherever_a_piece_ends(kind, piece, monkeypatch):
    monkeypatch.setattr(json_rows, "_CHUNK", piece)
    assert read(*TEXTS[kind]) == ROWS


@pytest.mark.parametrize("text", ["[]", " [ ]\n", '{"rows": []}'])
def test_no_rows_are_no_rows(text):
    assert read(text, "rows") == []


WRONG = {
    '[{"a": 1}': "not 'the end'",
    '[{"a": 1} {"a": 2}]': "',' should stand here",
    '[{"a": 1}] x': "'x' stands behind the JSON",
    "[1]": "a row is not a JSON object: 1",
    '[{"a": NaN}]': "NaN is not JSON",
    '{"a": [], "rows": []': "not 'the end'",
    '{"other": []}': "the object has no key 'rows'",
    '{"rows": [], "rows": []}': "rows comes twice",
    '{"rows": [],}': "Expecting value",
    "[{'a': 1}]": "property name",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_strict_json_is_not_read(text):
    with pytest.raises(ValueError, match=WRONG[text].replace("]", r"\]")):
        read(text, "rows")


def test_a_line_that_is_not_json_stops_the_text():
    with pytest.raises(ValueError, match="Extra data"):
        read('{"a": 1}\n{"a": 2} {"a": 3}\n')


class Endless(io.RawIOBase):
    """An array of so many rows that is made while it is read."""

    def __init__(self, rows: int):
        self.pieces = (json.dumps({"n": n, "text": "x" * 1000}).encode() for n in range(rows))
        self.next = b"["

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while self.pieces and len(self.next) < len(buffer):
            try:
                self.next += (b"" if self.next == b"[" else b",") + next(self.pieces)
            except StopIteration:
                self.pieces, self.next = None, self.next + b"]"
        size = min(len(buffer), len(self.next))
        buffer[:size], self.next = self.next[:size], self.next[size:]
        return size


def test_an_array_in_one_line_is_never_in_memory_as_a_whole(monkeypatch):
    monkeypatch.setattr(json_rows, "_CHUNK", 64 * 1024)
    tracemalloc.start()
    count = sum(1 for _ in json_rows.rows(io.BufferedReader(Endless(8_000)), False, None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 8_000  # 8 MB of text
    assert peak < 1_500_000
