"""The ledger keeps each batch's line, replaces only what it must, and lets one of two runs win."""

from __future__ import annotations

import json

import pytest

from focus_lake import storage
from focus_lake.errors import LedgerError, VersionConflict
from focus_lake.lake import ledger
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line

FIRST, SECOND = "20260131173000", "20260201173000"
FILE = "ledger/alibaba/202601.jsonl"
# A next line (U+0085) and a line separator (U+2028) are line ends to str.splitlines, not to JSON.
ODD = "一\u0085\u2028\x1c\n\r'\"\\"


@pytest.fixture
def lake(tmp_path):
    return storage.at(str(tmp_path))


def line(batch_ts: str = FIRST, status: str = PUBLISHED, **more) -> Line:
    batch = {"provider": "alibaba", "yearmonth": "202601", "batch_ts": batch_ts, "status": status}
    return Line(**{**batch, **more})


def statuses(lake, yearmonth: str = "202601") -> list[tuple[str, str]]:
    return [
        (each.batch_ts, each.status)
        for each in ledger.read_all(lake, "alibaba")
        if each.yearmonth == yearmonth
    ]


def test_a_line_comes_back_as_it_was_written(lake):
    made = line(
        exports=["1500_2"],
        reasons=[{"code": "x", "message": ODD, "file": None}],
        files=[{"name": ODD, "size": 2**40, "etag": '"e"'}],
        rows_in=3,
        cost_sums=[{"BillingCurrency": None, "BilledCost": "0.000000000000000001"}],
        unknown_columns=[ODD],
        published_at="2026-02-01T03:04:05.123Z",
    )
    Ledger(lake, "alibaba").write(made)
    Ledger(lake, "alibaba").write(line(SECOND))
    assert ledger.read_all(lake, "alibaba") == [made, line(SECOND)]


def test_a_line_is_compact_text_with_its_own_letters(lake):
    Ledger(lake, "alibaba").write(line(exports=["云"]))
    data = lake.read(FILE)[0]
    begin = '{"provider":"alibaba","yearmonth":"202601","batch_ts":"20260131173000",'
    assert data.startswith(
        f'{begin}"status":"published","publication":null,"exports":["云"],'.encode()
    )
    assert data.endswith(b"}\n")


def test_a_batch_without_a_line_has_none(lake):
    book = Ledger(lake, "alibaba")
    book.write(line())
    assert list(book.of_batch("202601", FIRST)) == [PUBLISHED]
    assert book.of_batch("202601", SECOND) == book.of_batch("202602", FIRST) == {}


def test_a_line_is_one_json_object_with_the_promised_keys(lake):
    Ledger(lake, "alibaba").write(line())
    (text,) = lake.read(FILE)[0].decode().splitlines()
    promised = "provider exports yearmonth batch_ts status reasons files rows_in rows_out "
    promised += "rows_rejected cost_sums missing_columns unknown_columns null_counts "
    promised += "tags_unparsed focus_version code_version spark_version started_at published_at"
    assert set(promised.split()) <= set(json.loads(text))


def test_a_month_has_a_file_of_its_own_ordered_by_batch(lake):
    book = Ledger(lake, "alibaba")
    for made in (line(SECOND), line(FIRST), line(yearmonth="202512")):
        book.write(made)
    assert [entry.path for entry in lake.list("ledger") if entry.path.endswith("l")] == [
        "ledger/alibaba/202512.jsonl",
        FILE,
    ]
    written = [json.loads(text)["batch_ts"] for text in lake.read(FILE)[0].splitlines()]
    assert written == [FIRST, SECOND]


def test_providers_do_not_see_each_others_lines(lake):
    Ledger(lake, "alibaba").write(line())
    assert ledger.read_all(lake, "aws") == []


@pytest.mark.parametrize(
    "before, new, after",
    [
        ([], PUBLISHED, [PUBLISHED]),
        ([PUBLISHED], PUBLISHED, [PUBLISHED]),
        ([REJECTED], PUBLISHED, [PUBLISHED]),
        ([PUBLISHED, REJECTED], PUBLISHED, [PUBLISHED]),
        ([PUBLISHING], PUBLISHED, [PUBLISHED]),
        ([PUBLISHED], REJECTED, [PUBLISHED, REJECTED]),
        ([REJECTED], REJECTED, [REJECTED]),
        ([PUBLISHING], PUBLISHING, [PUBLISHING]),
        ([PUBLISHED], PUBLISHING, [PUBLISHED, PUBLISHING]),  # its files are left as they are
        ([PUBLISHED, REJECTED], PUBLISHING, [PUBLISHED, PUBLISHING, REJECTED]),
        ([PUBLISHED, PUBLISHING, REJECTED], PUBLISHED, [PUBLISHED]),
        ([PUBLISHED, PUBLISHING], REJECTED, [PUBLISHED, REJECTED]),
    ],
)
def test_a_new_line_replaces_what_is_no_longer_true(lake, before, new, after):
    book = Ledger(lake, "alibaba")
    book.write(line(SECOND))
    for status in before:
        book.write(line(status=status))
    book.write(line(status=new, rows_in=7))
    assert statuses(lake) == [*((FIRST, status) for status in after), (SECOND, PUBLISHED)]
    assert Ledger(lake, "alibaba").of_batch("202601", FIRST)[new].rows_in == 7


def test_published_batches_are_given_oldest_first_without_the_others(lake):
    book = Ledger(lake, "alibaba")
    third = "20260202173000"
    for made in (line(SECOND), line(third, REJECTED), line(FIRST), line(third, PUBLISHING)):
        book.write(made)
    assert [each.batch_ts for each in book.published("202601")] == [FIRST, SECOND]
    assert book.published("202602") == []


def test_of_two_runs_that_change_a_month_the_second_is_told_and_changes_nothing(lake):
    one, other = Ledger(lake, "alibaba"), Ledger(lake, "alibaba")
    one.check_unchanged("202601")
    one.write(line(rows_in=1))
    with pytest.raises(VersionConflict, match="202601.jsonl: changed by another run"):
        other.check_unchanged("202601")
    with pytest.raises(VersionConflict, match="202601.jsonl: changed by another run"):
        other.write(line(rows_in=2))
    one.write(line(SECOND))
    assert [each.rows_in for each in ledger.read_all(lake, "alibaba")] == [1, 0]
    other.write(line(yearmonth="202602"))  # another month is not a conflict


def test_a_line_that_a_conflict_refused_is_not_remembered_either(lake):
    one, other = Ledger(lake, "alibaba"), Ledger(lake, "alibaba")
    one.write(line())
    with pytest.raises(VersionConflict):
        other.write(line(SECOND))
    assert other.lines() == []


@pytest.mark.parametrize("broken", ["{", "[]", "null", '"text"', '{"provider":"alibaba"}', "\xff"])
def test_a_broken_line_is_named_with_what_to_do(lake, broken):
    Ledger(lake, "alibaba").write(line())
    with lake.open(FILE) as file:
        good = file.read()
    with lake.writer(FILE) as file:
        file.write(good + b"\n" + broken.encode("latin-1") + b"\n")
    with pytest.raises(LedgerError, match="202601.jsonl line 3: .*remove the line and run again"):
        Ledger(lake, "alibaba")


def test_keys_of_a_newer_version_are_passed_over(lake):
    text = json.loads(line().to_json()) | {"invented_later": {"a": 1}}
    assert ledger.from_json(json.dumps(text), "here") == line()


def test_keys_that_an_older_version_did_not_write_get_their_defaults():
    text = '{"provider":"alibaba","yearmonth":"202601","batch_ts":"1","status":"published"}'
    assert ledger.from_json(text, "here") == line("1")


def test_a_plan_reads_the_beginning_of_a_line_and_the_rest_when_asked(lake, monkeypatch):
    files = [{"name": ',"rows_in":', "size": 1, "etag": "e"}]
    made = line(exports=['a,"rows_in":'], files=files, rows_in=7)
    Ledger(lake, "alibaba").write(made)
    read: list[str] = []
    whole = ledger.from_json
    monkeypatch.setattr(ledger, "from_json", lambda *of: read.append(of[1]) or whole(*of))
    head = Ledger(lake, "alibaba").heads_of("202601", FIRST)[PUBLISHED]
    assert (head.batch_ts, head.exports, head.files) == (FIRST, made.exports, made.files)
    assert read == []
    assert (head.line.rows_in, head.line) == (7, made)
    assert [where[-6:] for where in read] == ["line 1"]


def test_a_line_that_is_cut_anywhere_is_named_at_once(lake):
    text = line(cost_sums=[{"BilledCost": "1"}], null_counts={"Tags": 0}).to_json()
    for end in range(1, len(text)):
        lake.delete(FILE)
        with lake.writer(FILE) as file:
            file.write(text[:end].encode())
        with pytest.raises(LedgerError, match="202601.jsonl line 1: not a ledger line"):
            Ledger(lake, "alibaba")


def test_a_fault_in_the_rest_is_named_when_it_is_read(lake):
    text = line().to_json().replace('"rows_out":0', '"rows_out":x')
    with lake.writer(FILE) as file:
        file.write(text.encode())
    read = Ledger(lake, "alibaba")
    with pytest.raises(LedgerError, match="202601.jsonl line 1: not a ledger line"):
        read.lines()


def test_a_fault_in_the_rest_of_another_line_is_named_before_anything_is_written(lake):
    Ledger(lake, "alibaba").write(line())
    text = lake.read(FILE)[0].replace(b'"rows_out":0', b'"rows_out":x')
    lake.delete(FILE)
    with lake.writer(FILE) as file:
        file.write(text)
    both = (FILE, "journal/alibaba/202601.jsonl")
    before = [lake.read(path)[0] for path in both]
    with pytest.raises(LedgerError, match="202601.jsonl line 1: not a ledger line"):
        Ledger(lake, "alibaba").write(line(SECOND))
    assert all(before) and [lake.read(path)[0] for path in both] == before
