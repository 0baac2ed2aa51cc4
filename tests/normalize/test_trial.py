"""A declaration is tried on files before it is trusted, and files that nobody reads are loud."""

from __future__ import annotations

import re

import pytest

from focus_lake.declare.__main__ import main
from focus_lake.declare.patterns import first_failure, why_not_matched
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions

TOML = r"""
name = "tiny"
title = "Tiny"
focus_version = "1.2"
delivery = "increment"

[layout]
path = '(?P<yearmonth>20\d{2}-(?:0[1-9]|1[0-2]))/(?P<batch_ts>20\d{6})/(?P<file>[^/]+)'
file = 'bill-(?P<account>\d+)\.csv'
export = "{account}"
data_extensions = [".csv"]

[format]
null_texts = [""]
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd"]

[renames]
Amount = "BilledCost"
"""


@pytest.fixture
def tried(tmp_path, capsys):
    """(exit code, what is printed) of a trial on files, path -> content."""

    def try_on(files: dict[str, str], *words: str) -> tuple[int, str]:
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / "tiny.toml").write_text(TOML, encoding="utf-8")
        put(tmp_path, files)
        places = ["--raw", str(tmp_path / "raw"), "--declarations", str(tmp_path / "own")]
        code = main(["try", "tiny", *places, *words])
        return code, capsys.readouterr().out

    return try_on


def put(folder, files: dict[str, str]) -> None:
    for path, content in files.items():
        file = folder / "raw" / "tiny" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


def test_a_trial_says_what_each_file_becomes_and_why_others_are_nothing(tried):
    code, told = tried(
        {
            "2026-01/20260203/bill-7.csv": "Amount,New\n1.50,x\n12;5,y\n",
            "2026-01/20260203/bill-x.csv.gz": "",
            "2026-1/20260203/bill-7.csv": "Amount\n1\n",
            "2026-01/notes.txt": "",
            "README.md": "",
        },
        "--quiet_minutes",
        "0",
    )
    assert code == 0
    assert "2026-01/20260203/bill-7.csv -> month 202601, batch 20260203000000, export 7" in told
    assert "2026-1/20260203/bill-7.csv: [layout] path: after '' comes '2026-1/2" in told
    assert "README.md: a readme is not a bill" in told
    assert "bill-x.csv.gz: [layout] data_extensions: its end is not one of .csv" in told
    assert "Amount -> BilledCost (decimal)" in told
    assert "New -> x_Other" in told
    assert "rejected: BilledCost '12;5' is not a number" in told
    assert "BilledCost: 1.500000000000000000" in told
    assert "202601/20260203000000: 1 files, 25 bytes, exports 7: would be read" in told


def test_a_trial_says_until_when_a_batch_waits(tried):
    code, told = tried({"2026-01/20260203/bill-7.csv": "Amount\n1\n"})
    assert code == 0
    assert re.search(
        r"exports 7: waits until 20\d\d-\d\d-\d\d \d\d:\d\d UTC: .*--quiet_minutes", told
    )


@pytest.mark.parametrize(
    "files, words",
    [
        ({"2026-01/20260203/bill-7.csv": "Cost\n1\n"}, "no_focus_header: the header has no Bill"),
        ({"2026-01/20260203/other.csv": "Amount\n1\n"}, "refused: unknown_file_name"),
        ({"bill-7.csv": "Amount\n1\n"}, "after '' comes 'bill-7.csv'"),
        ({"2026-01/x/bill-7.csv": ""}, "after '2026-01/' comes 'x/bill-7.csv', where (?P<batch_"),
    ],
)
def test_a_trial_that_would_read_nothing_ends_with_1(tried, files, words):
    code, told = tried(files)
    assert (code, words in told) == (1, True), told


def test_words_that_mean_nothing_end_with_2(capsys):
    assert main(["try"]) == 2
    assert main(["page"]) == 2
    assert main(["try", "alibaba", "--row", "."]) == 2
    assert "python -m focus_lake.declare try NAME --raw DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    "pattern, text, words",
    [
        (r"a\d{2}/b", "a12/c", "after 'a12/' comes 'c', where b is expected"),
        (r"a\d{2}/b", "a1/b", r"after 'a' comes '1/b', where \d{2} is expected"),
        (r"(?P<x>a|b)c", "dc", "after '' comes 'dc', where (?P<x>a|b) is expected"),
        (r"[a-c]+x", "abz", "after 'ab' comes 'z', where x is expected"),
        (r"ab", "abc", "all of it matches, but 'c' is left over"),
    ],
)
def test_the_first_part_of_a_pattern_that_fails_is_named(pattern, text, words):
    assert first_failure(pattern, text) == words


def test_a_name_that_differs_in_case_alone_is_told_the_remedy():
    words = "only capital and small letters differ: begin the pattern with (?i)"
    assert why_not_matched(re.compile(r"usage\.json"), "usage.JSON") == words
    assert re.fullmatch(r"(?i)usage\.json", "usage.JSON")
    assert "where b is expected" in why_not_matched(re.compile("ab"), "aC")


def test_a_run_whose_files_match_no_layout_says_so_last_and_ends_with_1(tried, tmp_path, capsys):
    tried({"2026/bill-7.csv": "Amount\n1\n"})
    options = NormalizeOptions(
        raw=str(tmp_path / "raw"),
        lake=str(tmp_path / "lake"),
        providers=("tiny",),
        declarations=str(tmp_path / "own"),
    )
    assert normalize(options) == 1
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert "0 published" in last
    assert "NOTHING READ of tiny, whose 1 files match no layout" in last
    assert "python -m focus_lake.declare try tiny --raw" in last


def test_a_run_without_any_file_or_with_a_waiting_one_ends_with_0(tried, tmp_path, capsys):
    tried({"README.md": "about"})
    options = NormalizeOptions(
        raw=str(tmp_path / "raw"),
        lake=str(tmp_path / "lake"),
        providers=("tiny",),
        declarations=str(tmp_path / "own"),
    )
    assert normalize(options) == 0
    put(tmp_path, {"2026-01/20260203/bill-7.csv": "Amount\n1\n", "2026/x.csv": ""})
    assert normalize(options) == 0
    assert "--quiet_minutes" in capsys.readouterr().out
