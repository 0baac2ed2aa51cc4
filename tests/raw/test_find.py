"""Layouts as users declare them: months and days of one digit, endings, junk beside the files."""

from __future__ import annotations

import pytest

from focus_lake import declare, storage
from focus_lake.errors import DeclarationError
from focus_lake.raw.find import find

TOML = """
name = "tiny"
title = "Tiny"
focus_version = "1.2"
delivery = "increment"

[layout]
path = '{path}'
file = '.+'
export = "tiny"
data_extensions = {endings}
batch_ts = "{source}"

[format]
null_texts = [""]
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd'T'HH:mm:ss"]
"""
DAYS = r"year=(?P<year>\d+)/month=(?P<month>\d+)/day=(?P<day>\d+)/(?P<file>[^/]+)"
TIMES = r"(?P<yearmonth>[0-9-]+)/(?P<batch_ts>[^/]+)/(?P<file>[^/]+)"


@pytest.fixture
def declared(tmp_path):
    def make(path=TIMES, endings='[".csv"]', source="path"):
        text = TOML.format(path=path, endings=endings, source=source)
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / "tiny.toml").write_text(text, encoding="utf-8")
        return declare.load("tiny", storage.at(str(tmp_path / "own")))

    return make


@pytest.fixture
def found(tmp_path):
    """(keys of batches, strays with their reasons) of files with these paths."""

    def look(declaration, *paths: str):
        for path in paths:
            file = tmp_path / "raw" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
        batches, strays = find(storage.at(str(tmp_path / "raw")), declaration)
        return [batch.key for batch in batches], [tuple(stray) for stray in strays]

    return look


def test_a_month_or_day_of_one_digit_is_the_same_as_with_a_zero(declared, found):
    made = declared(DAYS, source="day")
    keys, strays = found(
        made,
        "year=2026/month=1/day=11/a.csv",
        "year=2026/month=01/day=2/a.csv",
        "year=2026/month=11/day=1/a.csv",
    )
    assert keys == [
        ("202601", "20260102000000"),
        ("202601", "20260111000000"),
        ("202611", "20261101000000"),
    ]
    assert strays == []


@pytest.mark.parametrize(
    "month, time, key",
    [
        ("2026-1", "2026-1-5", ("202601", "20260105000000")),
        ("2026-01", "2026-01-31T7:05:09Z", ("202601", "20260131070509")),
        ("202601", "202601311730", ("202601", "20260131173000")),
        ("202601", "20260131T173000.123456", ("202601", "20260131173000")),
    ],
)
def test_a_time_in_a_path_is_read_as_it_is_written(declared, found, month, time, key):
    assert found(declared(), f"{month}/{time}/a.csv") == ([key], [])


@pytest.mark.parametrize(
    "path, why",
    [
        ("202613/20260131173000/a.csv", "'202613' in its path is not a month"),
        ("20261/20260131173000/a.csv", "'20261' in its path is not a month"),
        ("202601/2026111000000/a.csv", "'2026111000000' in its path is not a time"),  # 13 digits
        ("202601/20260230000000/a.csv", "'20260230000000' in its path is not a time"),
        ("202601/2026013/a.csv", "'2026013' in its path is not a time"),
    ],
)
def test_what_is_no_month_or_time_is_named_and_not_guessed(declared, found, path, why):
    assert found(declared(), path) == ([], [(path, why)])


@pytest.mark.parametrize(
    "endings, names",
    [
        ('[".csv.gz"]', ["a.csv.gz", "a.CSV.GZ"]),
        ('[".CSV"]', ["a.csv", "a.CSV"]),
        ('[".csv", ".csv.gz"]', ["a.csv", "a.csv.gz"]),
    ],
)
def test_endings_of_two_parts_and_in_capitals_match(declared, found, endings, names):
    month = "202601/20260131173000"
    others = [f"{month}/a.gz", f"{month}/acsv"]
    keys, strays = found(declared(endings=endings), *(f"{month}/{n}" for n in names), *others)
    assert keys == [("202601", "20260131173000")]
    assert [path for path, _ in strays] == others


@pytest.mark.parametrize(
    "ending, right", [("csv", ".csv"), ("*.csv", ".csv"), (".csv ", ".csv"), (".", ".")]
)
def test_an_ending_that_can_never_match_is_refused_with_the_right_one(declared, ending, right):
    with pytest.raises(DeclarationError, match=r"tiny.toml: layout.data_extensions\[0\]: ") as told:
        declared(endings=f'["{ending}"]')
    assert f"write {right!r}" in str(told.value)


def test_junk_beside_bills_is_named_and_passed_over(declared, found):
    month = "202601/20260131173000"
    keys, strays = found(declared(), f"{month}/a.csv", f"{month}/._a.csv", f"{month}/README.md")
    assert keys == [("202601", "20260131173000")]
    assert strays == [
        (f"{month}/._a.csv", "macOS put it there"),
        (f"{month}/README.md", "a readme is not a bill"),
    ]


WEEKS = r"(?P<year>\d{4})-W(?P<week>\d{1,2})/(?P<file>[^/]+)"


@pytest.mark.parametrize(
    "path, key",
    [
        ("2026-W01/a.csv", ("202512", "20251229000000")),
        ("2026-W5/a.csv", ("202601", "20260126000000")),
        ("2020-W53/a.csv", ("202012", "20201228000000")),
    ],
)
def test_an_iso_week_is_the_time_of_its_monday(tmp_path, path, key):
    declared = weekly(tmp_path)
    assert [batch.key for batch in look(tmp_path, declared, path)[0]] == [key]


def test_a_week_that_the_year_has_not_is_named(tmp_path):
    _, (stray,) = look(tmp_path, weekly(tmp_path), "2026-W54/a.csv")
    assert stray.why == "'2026-W54' in its path is not a month"


def test_weeks_hold_rows_of_several_months(tmp_path):
    with pytest.raises(DeclarationError, match="a week can lie in two months"):
        weekly(tmp_path, months="one")


def test_a_date_in_a_files_name_is_the_time_of_its_batch(tmp_path):
    path = r"(?P<file>usage_(?P<yearmonth>\d{4}-\d{1,2})-(?P<day>\d{1,2})\.csv)"
    declared = weekly(tmp_path, path=path)
    batches, strays = look(tmp_path, declared, "usage_2026-1-5.csv", "usage_2026-01-15.csv")
    assert [batch.key for batch in batches] == [
        ("202601", "20260105000000"),
        ("202601", "20260115000000"),
    ]
    assert strays == []


def weekly(folder, path: str = WEEKS, months: str = "any"):
    (folder / "weekly.toml").write_text(f"""
name = "weekly"
title = "Weekly"
focus_version = "1.2"
delivery = "increment"

[layout]
path = '{path}'
file = '.+'
export = ""
data_extensions = [".csv"]
batch_ts = "day"
months = "{months}"

[format]
null_texts = [""]
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd"]
""")
    return declare.load("weekly", storage.at(str(folder)))


def look(folder, declared, *paths: str):
    for path in paths:
        (folder / "raw" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "raw" / path).write_text("BilledCost\n1\n")
    return find(storage.at(str(folder / "raw")), declared)
