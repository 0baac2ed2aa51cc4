"""Records are found in any pieces, exactly as RFC 4180's grammar has them."""

from __future__ import annotations

import contextlib
import csv
import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_lake.raw import csv_records
from focus_lake.raw.csv_records import BACKSLASH, DOUBLED, BrokenText, Records

HEAD = b"a,b\n"


class Whole:
    """What Records made of a text, put together."""

    def __init__(self, text: bytes, quoting: str = DOUBLED):
        self.reader = Records(io.BytesIO(text), quoting)
        pieces = list(self.reader)
        self.text = b"".join(piece.text for piece in pieces)
        self.lines = [int(line) for piece in pieces for line in piece.lines]
        self.malformed = [bad for piece in pieces for bad in piece.malformed]
        self.line_breaks = any(piece.line_breaks for piece in pieces)
        self.counted = sum(piece.rows for piece in pieces)

    @property
    def rows(self) -> list[list[str]]:
        text = io.StringIO(self.text.decode(), newline="")
        rows = list(csv.reader(text, strict=True))
        assert len(rows) == self.counted == len(self.lines)
        return rows


@pytest.fixture
def chunk(monkeypatch):
    """Sets how many bytes are read at a time."""
    return lambda size: monkeypatch.setattr(csv_records, "CHUNK", size)


# -- valid text, as Python's csv module writes it -----------------------------------------------

fields = st.text(st.sampled_from('ab,"\n\r 云\\'), max_size=6) | st.just("x" * 40)
tables = st.lists(st.lists(fields, min_size=2, max_size=4), max_size=8)


@settings(max_examples=300)
@given(tables, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(), st.integers(1, 30))
def test_what_python_writes_is_read_in_any_chunks(table, end, all_quoted, last_end, size):
    file = io.StringIO(newline="")
    # Python leaves a carriage return unquoted where lines end without one.
    all_quoted = all_quoted or any("\r" in field for row in table for field in row)
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(file, lineterminator=end, quoting=quoting)
    writer.writerow(["名", "b", "c"])
    starts = []
    for row in table:
        starts.append(file.getvalue().count("\n") + 1)
        writer.writerow(row)
    text = file.getvalue() if last_end else file.getvalue().removesuffix(end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "CHUNK", size)
        read = Whole(text.encode())
    assert read.reader.header == ("名", "b", "c")
    numbered = list(zip(starts, table, strict=True))
    assert read.rows == [row for _, row in numbered if len(row) == 3]
    assert read.lines == [line for line, row in numbered if len(row) == 3]
    assert [line for line, _ in read.malformed] == [line for line, row in numbered if len(row) != 3]
    for (_, record), row in zip(read.malformed, [r for r in table if len(r) != 3], strict=True):
        assert next(csv.reader(io.StringIO(record.decode(), newline=""))) == row


@settings(max_examples=300)
@given(st.lists(st.lists(fields, min_size=2, max_size=2), max_size=6), st.integers(1, 30))
def test_what_python_writes_with_backslashes_is_read_in_any_chunks(table, size):
    file = io.StringIO(newline="")
    form = {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL}
    csv.writer(file, lineterminator="\n", **form).writerows([["a", "b"], *table])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "CHUNK", size)
        read = Whole(file.getvalue().encode(), BACKSLASH)
    assert read.rows == table
    assert read.malformed == []


# -- any text: accepted just when the grammar of RFC 4180 accepts it ------------------------------

FIELD = {
    DOUBLED: r'(?:"(?:[^"]|"")*+"|[^",\r\n]*+)',
    BACKSLASH: r'(?:"(?:\\.|[^"\\])*+"|(?:\\[\\"]|[^",\r\n])*+)',
}


def strictly(text: str, quoting: str) -> list[tuple[int, str]] | None:
    """[(line, record as it stands)] without blank lines, or None if the text breaks the rules."""
    form = re.compile(rf"({FIELD[quoting]}(?:,{FIELD[quoting]})*)\r?\n", re.DOTALL)
    text = text if text.endswith("\n") else text + "\n"
    found, at = [], 0
    while at < len(text):
        record = form.match(text, at)
        if record is None:
            return None
        if record[1]:
            found.append((text.count("\n", 0, at) + 1, record[1]))
        at = record.end()
    return found


@settings(max_examples=700)
@given(
    st.text(st.sampled_from('a,"\n\r\\云'), max_size=14),
    st.sampled_from([DOUBLED, BACKSLASH]),
    st.integers(1, 9) | st.just(1000),
    st.integers(0, 40),
)
@example('"a""b","",""""\n', DOUBLED, 3, 0)
@example('"a\\\\","b\\""\n', BACKSLASH, 3, 0)
@example('"a" ,b\n', DOUBLED, 3, 0)
@example('a,"b\n\nc\n', DOUBLED, 1, 0)
def test_a_text_is_refused_just_when_the_grammar_does(text, quoting, size, rows_before):
    text = "1,2\n" * rows_before + text
    expected = strictly(text, quoting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "CHUNK", size)
        if expected is None:
            with pytest.raises(BrokenText):
                Whole(HEAD + text.encode(), quoting)
            return
        read = Whole(HEAD + text.encode(), quoting)
    whole = {line: record for line, record in read.malformed}
    assert len(expected) == len(whole) + read.counted
    assert sorted([*whole, *read.lines]) == [line + 1 for line, _ in expected]
    for line, record in expected:
        assert whole.get(line + 1, record.encode()) == record.encode()


# -- single promises ------------------------------------------------------------------------------


def test_header_bom_blank_lines_and_carriage_returns_are_not_handed_on():
    read = Whole(b'\xef\xbb\xbf\r\n a ,"b"\r\n\r\n1,2\r\n\n3,4')
    assert read.reader.header == ("a", "b")
    assert (read.text, read.lines, read.line_breaks) == (b"1,2\n3,4\n", [4, 6], False)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_byte_order_mark_is_known_in_any_chunks(chunk, size):
    chunk(size)
    assert Whole(b"\xef\xbb\xbfa,b\n1,2\n").reader.header == ("a", "b")


@pytest.mark.parametrize("text", [b"", b"a,b", b"a,b\n", b"\n\n", b"\xef\xbb\xbf"])
def test_a_text_without_rows_has_none(text):
    read = Whole(text)
    assert (read.counted, read.malformed) == (0, [])
    assert read.reader.header == (("a", "b") if b"a" in text else ())


def test_rows_with_too_few_or_too_many_fields_are_kept_aside_with_their_line():
    read = Whole(b'a,b\n1\n"x\ny",2\r\n1,2,3\r\n"1,2"\n5,6\n')
    assert read.rows == [["x\ny", "2"], ["5", "6"]]
    assert read.lines == [3, 7]
    assert read.malformed == [(2, b"1"), (5, b"1,2,3"), (6, b'"1,2"')]


@pytest.mark.parametrize(
    "text, breaks",
    [
        (b"1,2\r\n", False),
        (b'"1","2"\n', False),
        (b'"1\n",2\n', True),
        (b'"1\r",2\n', True),
        (b'1,"\r\n"\r\n', True),
    ],
)
def test_it_is_known_whether_a_field_holds_a_line_break(text, breaks):
    assert Whole(HEAD + text).line_breaks is breaks


@pytest.mark.parametrize(
    "text, line, word",
    [
        (b'1,2\n"3,4\n5,6\n7,8\n', 3, "never closed"),
        (b'1,2\n"3,4\n"5,6\n7,8\n', 3, "middle of a field"),
        (b'1,2\n3,4"x"\n', 3, "middle of a field"),
        (b'1,2\n3,"4" \n', 3, "middle of a field"),
        (b"1,2\r3,4\n", 2, "carriage return"),
        (b'1,"\n"\r3,4\n', 3, "carriage return"),
        (b"1,2\n3,\0\n", 3, "NUL byte"),
        (b"1,2\n3,4\n\xff,5\n", 4, "not UTF-8"),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_broken_text_is_named_by_its_line(chunk, size, text, line, word):
    chunk(size)
    with pytest.raises(BrokenText, match=f"^line {line}: .*{word}"):
        Whole(HEAD + text)


def test_gbk_is_recognised():
    with pytest.raises(BrokenText, match="line 2: not UTF-8; it reads as GBK") as caught:
        Whole(HEAD + "云服务器,华东一区\n".encode("gbk"))
    assert caught.value.code == "not_utf8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_refused(encoding):
    mark = b"\xfe\xff" if encoding.endswith("be") else b""
    with pytest.raises(BrokenText) as caught:
        Whole(mark + "a,b\n1,2\n".encode(encoding))
    assert (caught.value.line, caught.value.code) == (1, "not_utf8")


def test_an_open_quote_does_not_make_the_reader_hold_the_whole_file(monkeypatch, chunk):
    chunk(10)
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 100)
    stream = io.BytesIO(HEAD + b'1,2\n"' + b"3,4\n" * 1000)
    with pytest.raises(BrokenText, match="line 3: .*never closed"):
        list(Records(stream, DOUBLED))
    assert stream.tell() < 300


def test_a_record_longer_than_can_be_read_is_refused_in_whatever_chunk_it_comes(monkeypatch):
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 100)
    with pytest.raises(BrokenText, match="line 3: a record of more than 100 bytes"):
        Whole(HEAD + b'1,2\n"' + b"x" * 100 + b'",4\n')


@pytest.mark.parametrize(
    "text, row",
    [
        (rb'"{\"a\":\"b\"}",1', ['{"a":"b"}', "1"]),
        (rb'"a\\",1', ["a\\", "1"]),
        (rb'"a\\\"b",1', [r"a\"b", "1"]),
        (rb"\N,\N", [r"\N", r"\N"]),
        (rb'"C:\new",1', [r"C:\new", "1"]),
        (rb"C:\\new,1", [r"C:\\new", "1"]),
        (rb"a\,b", ["a\\", "b"]),
        (rb'"\\\\x","\""', [r"\\x", '"']),
        (b'"a\\\nb",1', ["a\\\nb", "1"]),
    ],
)
def test_backslashes_escape_quotes_and_each_other_inside_quotes_and_nothing_else(text, row):
    assert Whole(HEAD + b"1,2\r\n" + text, BACKSLASH).rows == [["1", "2"], row]


@pytest.mark.parametrize("text, seen", [(rb'"a\"",1', True), (rb"a\b,1", False)])
def test_a_backslash_before_a_quote_is_noted(text, seen):
    reader = Records(io.BytesIO(HEAD + text), BACKSLASH)
    with contextlib.suppress(BrokenText):
        list(reader)
    assert reader.escapes_seen is seen
