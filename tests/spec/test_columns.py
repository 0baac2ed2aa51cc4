"""The column table: every row is right, and every row is used."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from focus_lake import declare
from focus_lake.errors import UnknownColumn
from focus_lake.spec import columns

PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "focus" / "columns.csv"

# Columns of the Cost and Usage data set as the specification lists them.
COLUMNS_IN_VERSION = {"1.0": 43, "1.1": 50, "1.2": 57, "1.3": 65, "1.4": 65}
STORED_AS = {"string": "string", "decimal": "decimal", "datetime": "timestamp", "json": "string"}
LEVELS = {"Mandatory", "Conditional", "Recommended"}
GLUE_COMMENT_LIMIT = 255  # characters Glue takes in a column's comment

every_column = pytest.mark.parametrize("column", columns.table(), ids=lambda column: column.name)
every_focus_column = pytest.mark.parametrize(
    "column", columns.focus(), ids=lambda column: column.name
)


def published() -> dict[str, dict[str, str]]:
    if not PUBLISHED.is_file():
        pytest.skip("the published facts are not part of a checkout: ../shared is absent")
    with PUBLISHED.open(encoding="utf-8", newline="") as lines:
        return {row["column"]: row for row in csv.DictReader(lines)}


@every_focus_column
def test_a_focus_column_says_what_the_specification_says(column):
    row = published()[column.name]
    assert column.data_type == row["data_type"]
    assert (column.introduced, column.removed) == (row["introduced"], row["removed"])
    for version in columns.VERSIONS:
        assert column.level.get(version, "") == row[f"level_{version}"]
        nulls = column.nulls.get(version)
        assert ("" if nulls is None else str(nulls)) == row[f"nulls_{version}"]
    assert "|".join(column.allowed_values) == row["allowed_values"]
    assert column.value_format == row["value_format"]
    assert column.number_range == row["number_range"]


def test_the_table_has_every_published_column_and_no_other():
    assert [column.name for column in columns.focus()] == sorted(published())


@every_column
def test_a_column_is_stored_as_its_data_type_asks(column):
    if column.name in ("Tags", "x_Other"):
        assert column.stored == "map"
    else:
        assert column.stored == STORED_AS[column.data_type]


@every_column
def test_a_column_tells_its_meaning_in_words_that_fit_a_catalog_comment(column):
    assert 20 <= len(column.description) <= GLUE_COMMENT_LIMIT
    assert column.description[0].isupper() and column.description.endswith(".")
    assert "\n" not in column.description and '"' not in column.description


@every_focus_column
def test_a_number_has_a_unit_that_is_a_column_and_a_time_is_utc(column):
    if column.data_type == "decimal":
        for unit in column.unit.split(" per "):
            assert columns.find(unit).data_type == "string"
    else:
        assert column.unit == ("UTC" if column.data_type == "datetime" else "")


@every_focus_column
def test_level_and_nulls_are_known_for_just_the_versions_that_have_the_column(column):
    having = [version for version in columns.VERSIONS if column.is_in(version)]
    assert having
    assert list(column.level) == having and list(column.nulls) == having
    assert set(column.level.values()) <= LEVELS


@every_focus_column
def test_every_focus_row_is_used_by_a_version(column):
    assert any(column in columns.of_version(version) for version in columns.VERSIONS)


@pytest.mark.parametrize("column", columns.attributes(), ids=lambda column: column.name)
def test_every_row_for_a_tag_is_filled_by_a_provider(column):
    declared = [declare.load(name) for name in declare.names()]
    assert any(column.name in provider.tags.attributes for provider in declared)


def test_a_row_that_is_no_focus_column_is_marked_as_ours_by_its_name():
    ours = [column for column in columns.table() if column not in columns.focus()]
    assert all(one.origin == "focus_lake" and one.name.startswith("x_") for one in ours)
    assert not any(one.is_in(version) for one in ours for version in columns.VERSIONS)


@pytest.mark.parametrize("version, count", COLUMNS_IN_VERSION.items())
def test_a_version_has_as_many_columns_as_the_specification_counts(version, count):
    assert len(columns.of_version(version)) == count


def test_a_removed_column_is_in_the_versions_before_its_removal_only():
    assert [v for v in columns.VERSIONS if columns.find("ProviderName").is_in(v)] == [
        "1.0",
        "1.1",
        "1.2",
        "1.3",
    ]


def test_a_version_nobody_published_is_refused():
    with pytest.raises(ValueError, match="1.5"):
        columns.of_version("1.5")


def test_focus_columns_come_first_by_name_and_ours_follow_in_reading_order():
    names = [column.name for column in columns.table()]
    assert names[:67] == sorted(names[:67])
    assert names[67:] == [
        "x_Provider",
        "x_Export",
        "x_Brand",
        "x_Project",
        "x_Owner",
        "x_CostCenter",
        "x_Environment",
        "x_Application",
        "x_SourceFile",
        "x_SourceFocusVersion",
        "x_SourceChanges",
        "x_Other",
    ]


def test_names_differ_in_more_than_case():
    names = [column.name.casefold() for column in columns.table()]
    assert len(set(names)) == len(names)


def test_a_column_is_found_without_regard_to_case():
    assert columns.find("billedcost").name == "BilledCost"
    assert columns.find("X_PROVIDER").name == "x_Provider"


def test_an_unknown_column_is_answered_with_the_nearest_right_name():
    with pytest.raises(UnknownColumn, match="'BiledCost'; did you mean 'BilledCost'"):
        columns.find("BiledCost")


def test_an_unknown_column_like_no_other_gets_no_guess():
    with pytest.raises(UnknownColumn) as caught:
        columns.find("qqqq")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "stored, spark, hive, trino, duckdb, arrow",
    [
        ("string", "string", "string", "varchar", "VARCHAR", pa.string()),
        (
            "decimal",
            "decimal(38,18)",
            "decimal(38,18)",
            "decimal(38,18)",
            "DECIMAL(38,18)",
            pa.decimal128(38, 18),
        ),
        ("timestamp", "timestamp", "timestamp", "timestamp(3)", "TIMESTAMP", pa.timestamp("us")),
        (
            "map",
            "map<string,string>",
            "map<string,string>",
            "map(varchar,varchar)",
            "MAP(VARCHAR,VARCHAR)",
            pa.map_(pa.string(), pa.string()),
        ),
    ],
)
def test_each_engine_spells_a_type_its_own_way(stored, spark, hive, trino, duckdb, arrow):
    spelled = [columns.spell(engine, stored) for engine in ("spark", "hive", "trino", "duckdb")]
    assert spelled == [spark, hive, trino, duckdb]
    assert columns.arrow_type(stored) == arrow


def test_every_stored_type_of_the_table_has_a_spelling_on_every_engine():
    for column in columns.table():
        assert all(columns.spell(engine, column.stored) for engine in columns.ENGINES)
        assert columns.arrow_type(column.stored) is not None
