"""The journal: each change is in it first, and what was altered afterwards is found by its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.errors import LedgerError, VersionConflict
from focus_lake.lake import __main__ as command
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line
from focus_lake.lake.verify import verify
from focus_lake.log import Author

JOURNAL, LEDGER = "journal/alibaba/202601.jsonl", "ledger/alibaba/202601.jsonl"
FIRST, SECOND, THIRD = "20260131173000", "20260201173000", "20260202173000"


def line(batch_ts: str = FIRST, status: str = PUBLISHED, **more) -> Line:
    batch = {"provider": "alibaba", "yearmonth": "202601", "batch_ts": batch_ts, "status": status}
    return Line(**{**batch, "rows_out": 3, "exports": ["云"], **more})


@pytest.fixture
def lake(tmp_path):
    """A month of five changes: published, refused, published again after all, and one more."""
    store = storage.at(str(tmp_path))
    book = Ledger(store, "alibaba", Author("mei@desk", "run-1"))
    book.write(line(status=PUBLISHING))
    book.write(line())
    book.write(line(SECOND, REJECTED, reasons=[{"code": "row_drop", "message": "m", "file": None}]))
    book.write(line(SECOND, PUBLISHING))
    book.write(line(SECOND))
    return store


def problems(lake) -> list[str]:
    return verify(lake).problems


def file(lake, path: str) -> Path:
    return Path(lake.root, path)


def test_each_change_is_an_entry_with_who_and_what(lake):
    entries = [json.loads(text) for text in file(lake, JOURNAL).read_text().splitlines()]
    told = [(e["entry"], e["action"], e["batch_ts"], e["status"]) for e in entries]
    assert told == [
        (1, "write", FIRST, "publishing"),
        (2, "write", FIRST, "published"),
        (3, "write", SECOND, "rejected"),
        (4, "write", SECOND, "publishing"),
        (5, "write", SECOND, "published"),
    ]
    assert {(e["who"], e["run_id"]) for e in entries} == {("mei@desk", "run-1")}
    assert entries[2]["reasons"] == ["row_drop"]
    assert entries[0]["previous"] == "0" * 64
    assert [e["previous"] for e in entries[1:]] == [e["digest"] for e in entries[:-1]]


def test_an_entry_tells_the_rows_and_the_version_of_its_line(lake):
    counts = {"rows_in": 7, "rows_out": 4, "rows_rejected": 3, "code_version": "1.2.3"}
    Ledger(lake, "alibaba").write(line(THIRD, **counts))
    last = json.loads(file(lake, JOURNAL).read_text().splitlines()[-1])
    assert {key: last[key] for key in counts} == counts
    assert last["replaces"] == ["published", "publishing", "rejected"]


def test_a_change_that_came_too_late_is_void_in_the_journal(lake):
    mine, other = Ledger(lake, "alibaba"), Ledger(lake, "alibaba")
    other.write(line(THIRD))
    with pytest.raises(VersionConflict):
        mine.write(line(FIRST, REJECTED))
    *_, tried, void = (json.loads(text) for text in file(lake, JOURNAL).read_text().splitlines())
    assert (void["action"], void["about_entry"]) == ("void", tried["entry"])
    assert (void["batch_ts"], void["status"]) == (FIRST, "rejected")
    assert problems(lake) == []


def test_what_was_written_is_as_it_was_written(lake):
    found = verify(lake)
    assert (found.problems, found.entries, found.lines, found.older) == ([], 5, 2, 0)


@pytest.mark.parametrize("status", [PUBLISHED, PUBLISHING, REJECTED])
def test_what_a_line_leaves_beside_it_still_stands(lake, status):
    Ledger(lake, "alibaba").write(line(SECOND, status, rows_out=9))
    assert problems(lake) == []
    Ledger(lake, "alibaba").put(line(SECOND, status, rows_out=8))
    assert problems(lake) == []


@pytest.mark.thorough
def test_any_byte_that_is_changed_is_found_in_its_line(lake):
    written = file(lake, JOURNAL).read_bytes()
    for at in range(len(written)):
        changed = bytearray(written)
        changed[at] ^= 1
        file(lake, JOURNAL).write_bytes(changed)
        number = written[:at].count(b"\n") + 1
        found = problems(lake)
        assert any(f"{JOURNAL} line {number}: " in one for one in found), (at, found)
    file(lake, JOURNAL).write_bytes(written)
    assert problems(lake) == []


@pytest.mark.thorough
def test_any_byte_of_the_ledger_that_is_changed_is_found(lake):
    written = file(lake, LEDGER).read_bytes()
    for at in range(len(written)):
        changed = bytearray(written)
        changed[at] ^= 1
        file(lake, LEDGER).write_bytes(changed)
        assert any(LEDGER in one for one in problems(lake)), (at, changed[max(0, at - 20) : at + 5])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_any_line_that_is_removed_is_found(lake, number):
    lines = file(lake, JOURNAL).read_bytes().splitlines(keepends=True)
    del lines[number - 1]
    file(lake, JOURNAL).write_bytes(b"".join(lines))
    found = problems(lake)
    if number < 5:
        assert any(f"{JOURNAL} line {number}: is entry {number + 1}" in one for one in found)
    else:  # nothing comes after the last one, but the ledger has its line
        assert any(f"{LEDGER} line 2: its entry 5 is not in the journal" in one for one in found)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_any_two_lines_that_are_swapped_are_found(lake, number):
    lines = file(lake, JOURNAL).read_bytes().splitlines(keepends=True)
    lines[number - 1], lines[number] = lines[number], lines[number - 1]
    file(lake, JOURNAL).write_bytes(b"".join(lines))
    assert any(f"{JOURNAL} line {number}: is entry {number + 1}" in one for one in problems(lake))


def test_a_whole_journal_that_is_gone_is_found(lake):
    file(lake, JOURNAL).unlink()
    assert [
        f"{LEDGER} line {number}: its entry" in one for number, one in enumerate(problems(lake), 1)
    ]
    assert len(problems(lake)) == 2


def test_a_journal_in_the_place_of_another_is_found(lake):
    file(lake, JOURNAL).rename(file(lake, "journal/alibaba/202512.jsonl"))
    assert any("202512.jsonl line 1: is of alibaba/202601" in one for one in problems(lake))


@pytest.mark.parametrize("number", [1, 2])
def test_a_ledger_line_that_is_removed_is_found(lake, number):
    lines = file(lake, LEDGER).read_bytes().splitlines(keepends=True)
    del lines[number - 1]
    file(lake, LEDGER).write_bytes(b"".join(lines))
    (found,) = problems(lake)
    assert f"entry {(2, 5)[number - 1]} of the journal" in found and "is not in the ledger" in found


def test_a_journal_that_is_cut_off_is_named_and_nothing_is_published_on_top(lake):
    written = file(lake, JOURNAL).read_bytes()
    file(lake, JOURNAL).write_bytes(written[:-30])
    assert any("line 5: the file is cut off here" in one for one in problems(lake))
    before = file(lake, LEDGER).read_bytes()
    with pytest.raises(LedgerError, match="202601.jsonl line 5: the file is cut off here"):
        Ledger(lake, "alibaba").write(line(THIRD))
    assert file(lake, LEDGER).read_bytes() == before


def test_a_run_killed_between_journal_and_ledger_is_named_and_the_next_run_settles_it(lake):
    before = file(lake, LEDGER).read_bytes()
    Ledger(lake, "alibaba").write(line(THIRD, PUBLISHING))
    file(lake, LEDGER).write_bytes(before)
    (found,) = problems(lake)
    assert f"entry 6 of the journal ({THIRD} publishing" in found and "broken off" in found
    Ledger(lake, "alibaba").write(line(THIRD))
    assert problems(lake) == []
    actions = [json.loads(text)["action"] for text in file(lake, JOURNAL).read_text().splitlines()]
    assert actions[5:] == ["write", "write"], "the same batch is written anew, nothing to say"


def test_a_change_that_lost_the_race_is_voided(lake):
    one, other = Ledger(lake, "alibaba"), Ledger(lake, "alibaba")
    one.write(line(THIRD, PUBLISHING))
    with pytest.raises(VersionConflict):
        other.write(line("20260203173000", PUBLISHING))
    one.write(line(THIRD))
    assert problems(lake) == []
    entries = [json.loads(text) for text in file(lake, JOURNAL).read_text().splitlines()]
    assert [(e["action"], e.get("about_entry")) for e in entries[5:]] == [
        ("write", None),
        ("write", None),
        ("void", 7),
        ("write", None),
    ]


def test_an_older_ledger_that_was_put_back_is_named_and_then_written_down(lake):
    before = file(lake, LEDGER).read_bytes()
    Ledger(lake, "alibaba").write(line(SECOND, rows_out=4))
    file(lake, LEDGER).write_bytes(before)
    assert any(
        "line 2: shows entry 5, and the journal has a later" in one for one in problems(lake)
    )
    Ledger(lake, "alibaba").write(line(THIRD))
    assert problems(lake) == []


def test_lines_from_before_the_journal_are_counted_and_keep_their_bytes(tmp_path):
    store = storage.at(str(tmp_path))
    old = '{"provider":"alibaba","yearmonth":"202601","batch_ts":"20260131173000",'
    old += '"status":"published", "exports":["1"],"of_a_newer_version":1}\n'
    file(store, LEDGER).parent.mkdir(parents=True)
    file(store, LEDGER).write_text(old)
    Ledger(store, "alibaba").write(line(SECOND))
    assert file(store, LEDGER).read_text().startswith(old)
    found = verify(store)
    assert (found.problems, found.entries, found.lines, found.older) == ([], 1, 2, 1)


def test_the_command_says_how_each_file_ends_and_what_is_wrong(lake, capsys):
    assert command.main(["verify", "--lake", lake.root]) == 0
    told = capsys.readouterr().out.splitlines()
    head = json.loads(file(lake, JOURNAL).read_text().splitlines()[-1])["digest"]
    assert told == [
        f"{JOURNAL}: ends with {head}",
        "5 entries of the journal, 2 lines of the ledger: as they were written",
    ]
    file(lake, JOURNAL).unlink()
    assert command.main(["verify", "--lake", lake.root]) == 1
    assert "2 problems" in capsys.readouterr().out.splitlines()[-1]


def test_wrong_options_end_with_2(tmp_path, capsys):
    assert command.main(["verify", "--lake", str(tmp_path / "none")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert command.main(["check"]) == 2
    assert command.main(["verify"]) == 2
    assert command.main(["verify", "--help"]) == 0
