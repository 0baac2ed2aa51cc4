"""Raw files are opened strictly: a bill is counted and cleaned, anything else is named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile

import pytest

from focus_lake import storage
from focus_lake.raw import archives, clean, csv_records
from focus_lake.raw.archives import Limits
from helpers.exports import zipped_names

REQUIRED = {"BilledCost": ["billedcost"], "BillingPeriodStart": ["billingperiodstart", "start"]}
HEAD = "BilledCost,BillingPeriodStart\n"
BILL = HEAD + "1,2026-01-01\n2,2026-01-02\n"


@pytest.fixture
def lake(tmp_path):
    """One place for raw files and scratch."""
    return storage.at(str(tmp_path))


def put(lake, content: str | bytes, name: str = "bill.csv"):
    with lake.writer(name) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return name


def opened(lake, content: str | bytes, name: str = "bill.csv", limits: Limits | None = None):
    return clean.unzip(lake, put(lake, content, name), lake, "s", REQUIRED, limits or Limits())


def rows(lake, text) -> list[list[str]]:
    clean = b"".join(lake.read(piece.path)[0] for piece in text.pieces)
    return list(csv.reader(io.StringIO(clean.decode(), newline=""), strict=True))


def lines(lake, text) -> list[int]:
    return [int(line) for piece in text.pieces for line in piece.line_numbers(lake)]


TWO = [["1", "2026-01-01"], ["2", "2026-01-02"]]


# -- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, content, source",
    [
        ("bill.csv", BILL.encode(), "bill.csv"),
        ("bill", BILL.encode(), "bill"),
        ("bill.csv", gzip.compress(BILL.encode()), "bill.csv"),
        ("bill.zip", zipped_names({"a/b.csv": BILL}), "bill.zip/a/b.csv"),
        ("bill", zipped_names({"b.csv": BILL}), "bill/b.csv"),
        ("bill.csv", zipped_names({"b.csv": BILL}), "bill.csv/b.csv"),
        ("bill.csv", BILL.replace("\n", "\r\n").encode("utf-8-sig"), "bill.csv"),
        ("bill.csv", BILL.replace("BilledCost", '"billedCOST "').encode(), "bill.csv"),
        ("bill.csv", BILL.replace("BillingPeriodStart", "Start").encode(), "bill.csv"),
    ],
)
def test_a_bill_is_recognised_by_its_content_in_whatever_it_is_wrapped(lake, name, content, source):
    done = opened(lake, content, name)
    assert done.error is None
    (text,) = done.texts
    assert (text.source, text.rows, text.malformed) == (source, 2, 0)
    assert rows(lake, text) == TWO


def test_every_member_of_an_archive_is_a_text_with_its_own_header(lake):
    other = "Start,BilledCost,x\n2026-01-03,3,y\n"
    done = opened(lake, zipped_names({"a.csv": BILL, "b/": "", "b/c": other}), "bill.zip")
    assert [text.source for text in done.texts] == ["bill.zip/a.csv", "bill.zip/b/c"]
    assert done.texts[1].header == ("Start", "BilledCost", "x")
    assert rows(lake, done.texts[1]) == [["2026-01-03", "3", "y"]]


def test_a_header_alone_is_a_bill_without_rows(lake):
    (text,) = opened(lake, HEAD).texts
    assert (text.rows, rows(lake, text)) == (0, [])


def test_a_text_is_cut_into_pieces_of_whole_records_with_their_line_numbers(lake, monkeypatch):
    monkeypatch.setattr(csv_records, "CHUNK", 20)
    monkeypatch.setattr(clean, "PIECE", 50)
    body = "".join(f'{n},"2026\n-01-{n:02d}"\n' if n % 3 == 0 else f"{n},x\n" for n in range(30))
    (text,) = opened(lake, HEAD + body).texts
    assert len(text.pieces) > 3
    assert sum(piece.rows for piece in text.pieces) == text.rows == 30
    assert [row[0] for row in rows(lake, text)] == [str(n) for n in range(30)]
    starts = [2 + n + (n + 2) // 3 for n in range(30)]  # a multiple of three takes two lines
    assert lines(lake, text) == starts
    assert {piece.line_breaks for piece in text.pieces} <= {True, False}
    for piece in text.pieces:
        assert piece.line_breaks is (b'"' in lake.read(piece.path)[0])
        assert piece.bytes == len(lake.read(piece.path)[0])


def test_records_with_a_wrong_number_of_fields_are_kept_aside_whole(lake):
    (text,) = opened(lake, HEAD + '1\n2,x\n3,"云\n",z\n4,y\n').texts
    assert (text.rows, text.malformed, lines(lake, text)) == (2, 2, [3, 6])
    found = [json.loads(line) for line in lake.read(text.malformed_path)[0].splitlines()]
    assert found == [{"line": 2, "text": "1"}, {"line": 4, "text": '3,"云\n",z'}]


# -- quoting --------------------------------------------------------------------------------------

TAGS = '{"a":"x, \\"y\\""}'


@pytest.mark.parametrize(
    "record, quoting",
    [
        ('1,"' + TAGS.replace('"', '""') + '"', "doubled"),
        ('1,"' + TAGS.replace("\\", "\\\\").replace('"', '\\"') + '"', "backslash"),
    ],
)
def test_the_quoting_that_reads_strictly_is_taken(lake, record, quoting):
    (text,) = opened(lake, HEAD + "0,\n" + record + "\n").texts
    assert text.quoting == quoting
    assert rows(lake, text) == [["0", ""], ["1", TAGS]]


def test_where_both_quotings_read_strictly_the_one_with_fewer_bad_records_is_taken(lake):
    one_field_or_two = HEAD + r'"\"",\"' + "\n"
    (text,) = opened(lake, one_field_or_two).texts
    assert (text.quoting, text.malformed, rows(lake, text)) == ("backslash", 0, [['"', r"\""]])
    two_fields = HEAD + r'"\","\"' + "\n3,y\n"
    (text,) = opened(lake, two_fields).texts
    assert (text.quoting, rows(lake, text)) == ("doubled", [["\\", "\\"], ["3", "y"]])


def test_where_neither_quoting_reads_strictly_the_line_of_the_better_one_is_named(lake):
    escaped = HEAD + '1,"a\\"b"\n2,y\n3,"open\n4,z\n'
    assert opened(lake, escaped).error == {
        "code": "broken_csv",
        "message": "line 4: a quote is opened here and never closed",
        "file": "bill.csv",
    }
    assert opened(lake, HEAD + '1,"a""b"\n2,"x"y\n').error["message"].startswith("line 3: ")


def test_pieces_of_the_reading_that_was_not_taken_are_removed(lake):
    opened(lake, HEAD + '1,"a\\"b"\n')
    left = [entry.path for entry in lake.list("s")]
    assert left == ["s/000-b/0000.csv"]


# -- what is refused ------------------------------------------------------------------------------


def encrypted() -> bytes:
    """An archive whose member says that it is encrypted (bit 0 of its flags)."""
    packed = bytearray(zipped_names({"bill.csv": BILL}))
    packed[6] |= 1  # in the member's own header, and in the directory
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def stored_flipped() -> bytes:
    """An archive whose member does not fit its checksum."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bill.csv", BILL)
    return file.getvalue().replace(b"2026-01-02", b"2026-01-03", 1)


GOOD_ZIP = zipped_names({"bill.csv": BILL * 500})


@pytest.mark.parametrize(
    "name, content, code, file, words",
    [
        ("b.csv", b"", "empty_file", "b.csv", "empty"),
        ("b.csv", b"\xef\xbb\xbf", "empty_file", "b.csv", "empty"),
        ("b.csv", b" \n\n", "empty_file", "b.csv", "empty"),
        ("b.zip", b"", "empty_file", "b.zip", "empty"),
        ("b.zip", BILL.encode(), "broken_zip", "b.zip", "starts with b'Bill'"),
        ("b.zip", GOOD_ZIP[:-30], "broken_zip", "b.zip", "cannot read the archive"),
        ("b.zip", GOOD_ZIP[:100], "broken_zip", "b.zip", "cannot read the archive"),
        ("b.zip", zipped_names({}), "empty_zip", "b.zip", "holds no file"),
        ("b.zip", zipped_names({"d/": ""}), "empty_zip", "b.zip", "holds no file"),
        ("b.zip", zipped_names({"a.csv": ""}), "empty_file", "b.zip/a.csv", "empty"),
        ("b.zip", zipped_names({"../a.csv": BILL}), "unsafe_name", "b.zip", "'../a.csv'"),
        ("b.zip", zipped_names({"/etc/a": BILL}), "unsafe_name", "b.zip", "'/etc/a'"),
        ("b.zip", zipped_names({"a\\..\\b": BILL}), "unsafe_name", "b.zip", "a/../b"),
        ("b.zip", encrypted(), "encrypted", "b.zip", "bill.csv is encrypted"),
        ("b.zip", stored_flipped(), "broken_zip", "b.zip/bill.csv", "damaged: Bad CRC"),
        ("b.csv", gzip.compress(BILL.encode())[:-9], "broken_zip", "b.csv", "damaged"),
        ("b.csv", gzip.compress(BILL.encode())[:-8] + b"\0" * 8, "broken_zip", "b.csv", "damaged"),
        ("b.csv", "<html><body>Sorry</body>\n", "no_focus_header", "b.csv", "no BilledCost and no"),
        ("b.csv", "BilledCost,x\n1,2\n", "no_focus_header", "b.csv", "no BillingPeriodStart"),
        ("b.csv", "BilledCost;x\r\n", "no_focus_header", "b.csv", "'BilledCost;x'; ';' stands b"),
        ("b.csv", BILL.encode("utf-16"), "not_utf8", "b.csv", "UTF-16"),
        ("b.csv", (HEAD + "1,云服务器\n").encode("gbk"), "not_utf8", "b.csv", "reads as GBK"),
        ("b.csv", HEAD + "1,a\0b\n", "nul_bytes", "b.csv", "line 2: a NUL byte"),
        ("b.csv", b"\x7fELF\0\0\0\0", "nul_bytes", "b.csv", "line 1"),
        ("b.csv", HEAD + "1,a\r2,b\n", "broken_csv", "b.csv", "line 2: a carriage return"),
        ("b.csv", "BilledCost,Start,billedcost\n1,2,3\n", "repeated_column", "b.csv", "twice"),
    ],
)
def test_what_is_no_bill_is_named_with_its_file(lake, name, content, code, file, words):
    error = opened(lake, content, name).error
    assert (error["code"], error["file"]) == (code, file)
    assert words in error["message"]


def test_one_bad_member_spoils_the_archive(lake):
    done = opened(lake, zipped_names({"a.csv": BILL, "b.csv": "oops\n"}), "b.zip")
    assert done.error["file"] == "b.zip/b.csv"


@pytest.mark.parametrize("wrap", [lambda text: zipped_names({"a": text}, 9), gzip.compress])
@pytest.mark.parametrize("limits", [Limits(ratio=20), Limits(member_bytes=100_000)])
def test_a_text_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    lake, monkeypatch, wrap, limits
):
    monkeypatch.setattr(archives, "ALLOWED_BEFORE_RATIO", 100_000)
    monkeypatch.setattr(csv_records, "CHUNK", 10_000)
    error = opened(lake, wrap((HEAD + "1,2\n" * 500_000).encode()), "b", limits).error
    assert error["code"] == "zip_bomb"
    assert "--max_unzip_ratio" in error["message"]
    assert sum(entry.size for entry in lake.list("s")) < 500_000


def test_a_small_text_may_be_as_dense_as_it_likes(lake):
    assert opened(lake, zipped_names({"a": HEAD + "1,2\n" * 50_000}, 9), "b").error is None


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_archive_is_refused_or_read_but_never_a_crash(lake, seed):
    chance = random.Random(seed)
    packed = bytearray(zipped_names({"a.csv": BILL, "b/c.csv": BILL * 20}))
    for _ in range(chance.randint(1, 4)):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    done = opened(lake, bytes(packed[: chance.choice([None, None, -chance.randrange(1, 90)])]))
    assert done.error or sum(text.rows for text in done.texts) >= 2


# -- junk and encodings ---------------------------------------------------------------------------


def test_known_junk_in_an_archive_is_named_and_passed_over(lake):
    junk = {"__MACOSX/._a.csv": "\0\5", "x/.DS_Store": "\0", "Thumbs.db": "", "README.txt": "Hello"}
    done = opened(lake, zipped_names({**junk, "a.csv": BILL}), "bill.zip")
    assert [text.source for text in done.texts] == ["bill.zip/a.csv"]
    assert done.error is None
    assert done.junk == [
        ("bill.zip/__MACOSX/._a.csv", "macOS put it there"),
        ("bill.zip/x/.DS_Store", "macOS put it there"),
        ("bill.zip/Thumbs.db", "Windows put it there"),
        ("bill.zip/README.txt", "a readme is not a bill"),
    ]


@pytest.mark.parametrize("name", ["readme.csv", "notes.txt", "macosx/a", "a.DS_Store.csv"])
def test_what_may_be_a_bill_is_no_junk(lake, name):
    done = opened(lake, zipped_names({name: BILL}), "bill.zip")
    assert [text.source for text in done.texts] == [f"bill.zip/{name}"] and done.junk == []


def test_an_archive_with_junk_alone_is_refused_with_its_names(lake):
    done = opened(lake, zipped_names({"__MACOSX/a": "x", "ReadMe": "x"}), "bill.zip")
    assert (done.error["code"], done.error["message"]) == (
        "empty_zip",
        "the archive holds no bill, but __MACOSX/a, ReadMe",
    )


@pytest.mark.parametrize("encoding", ["gb18030", "GBK", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("wrap", ["", "gzip", "zip"])
def test_a_declared_encoding_is_read(lake, encoding, wrap):
    word = (
        "Zürich" if encoding == "latin-1" else "成本中心\u3000𠀀" if encoding != "GBK" else "成本"
    )
    text = f"BilledCost,BillingPeriodStart,Name\n1,2026-01-01,{word}\n"
    text += "".join(f'{n},2026-01-02,"a, {word}"\r\n' for n in range(50_000))
    data = text.encode(encoding)
    if wrap:
        data = gzip.compress(data, 1) if wrap == "gzip" else zipped_bytes(data)
    name = put(lake, data, "bill.zip" if wrap == "zip" else "bill.csv")
    done = clean.unzip(lake, name, lake, "s", REQUIRED, Limits(), encoding)
    assert done.error is None
    (found,) = done.texts
    read = rows(lake, found)
    assert read[0] == ["1", "2026-01-01", word]
    assert read[-1] == ["49999", "2026-01-02", f"a, {word}"]
    assert len(read) == found.rows == 50_001


def zipped_bytes(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bill.csv", data)
    return file.getvalue()


def test_bytes_that_are_not_of_the_declared_encoding_are_named_with_their_line(lake):
    data = (HEAD + "1,2026-01-01\n2,2026-01-02").encode() + b" \xff\n"
    done = clean.unzip(lake, put(lake, data), lake, "s", REQUIRED, Limits(), "gb18030")
    assert done.error == {
        "code": "wrong_encoding",
        "message": "line 3: ff is not gb18030, as [format] encoding declares",
        "file": "bill.csv",
    }


def test_a_text_that_ends_within_a_character_is_named(lake):
    data = (HEAD + "1,2026-01-01\n").encode() + "成".encode("gb18030")[:1]
    done = clean.unzip(lake, put(lake, data), lake, "s", REQUIRED, Limits(), "gb18030")
    assert (done.error["code"], done.error["message"][:6]) == ("wrong_encoding", "line 3")
