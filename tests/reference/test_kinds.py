"""The kinds themselves: each says what it is, and its example is good."""

from __future__ import annotations

import shutil

import pytest

from focus_lake import resources, storage
from focus_lake.reference import kinds
from focus_lake.reference.__main__ import moved
from focus_lake.reference.read import read

KINDS = kinds.table()
FILES = [name for name, kind in KINDS.items() if kind.format != kinds.DERIVED]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_in_the_file_of_its_name_and_its_key_are_columns(name):
    kind = KINDS[name]
    assert resources.data("reference", "kinds", f"{name}.toml")
    assert {*kind.key, *kind.period} <= set(kind.header)
    assert not kind.one_row.endswith(".")
    assert all(column.description.endswith(".") for column in kind.columns)


@pytest.mark.parametrize("name", KINDS)
def test_the_functions_that_a_kind_names_are_there(name):
    kind = KINDS[name]
    for path in filter(None, (*kind.checks, kind.placeholders)):
        assert callable(kinds.function(path))


@pytest.mark.parametrize(
    ("written", "months", "told"),
    [
        ("a,202512,2026-01-31,x", 1, "a,202601,2026-02-28,x"),
        (
            "a,202601,2026-0042,2026,1500000000202601",
            12,
            "a,202701,2026-0042,2027,1500000000202601",
        ),
        ('from = 2026-03-05\nmonth = "2026-12"', -3, 'from = 2025-12-05\nmonth = "2026-09"'),
        ("a,202512", 0, "a,202512"),
    ],
)
def test_examples_speak_of_the_months_of_the_lake(written, months, told):
    assert moved(written.encode(), months).decode() == told


@pytest.mark.parametrize("name", FILES)
def test_every_kind_has_an_example_and_it_has_no_fault(name, tmp_path):
    for each in FILES:
        shutil.copytree(
            resources.data("reference", "examples", each), tmp_path / "reference" / each
        )
    sheet = read(storage.at(str(tmp_path)))[name]
    assert (sheet.problems, sheet.warnings) == ([], [])
    assert sheet.rows
