"""One table of text becomes one typed table; whatever has no place in it is kept or named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from focus_lake import declare
from focus_lake.declare.model import ExtraColumn, Repair
from focus_lake.errors import BatchRejected
from focus_lake.spec import columns
from focus_lake.spec.columns import arrow_type
from focus_lake.transform.select import Origin, Transform

ALIBABA = declare.load("alibaba")
ORIGIN = Origin("202601/x/bill.zip/bill.csv", "1500_2")


def texts(rows: list[dict]) -> pa.Table:
    heads = list(dict.fromkeys(head for row in rows for head in row))
    return pa.table(
        {head: pa.array([row.get(head) for row in rows], pa.string()) for head in heads}
    )


def typed(*rows: dict, declared=ALIBABA):
    table = texts(list(rows))
    result = Transform(declared, tuple(table.column_names))(table, ORIGIN)
    result.rows.validate(full=True)
    return result


def values(result, name: str) -> list:
    found = result.rows[name].to_pylist()
    return [dict(v) if isinstance(v, list) else v for v in found]


def test_every_column_is_there_in_order_with_its_type():
    result = typed({"BilledCost": "1"})
    assert result.rows.column_names == [column.name for column in ALIBABA.columns]
    for column in ALIBABA.columns:
        assert result.rows.schema.field(column.name).type == arrow_type(column.stored)


def test_a_text_of_no_rows_gives_no_rows_of_the_same_types():
    text = texts([{"BilledCost": "1", "Tags": "{}", "new": "x"}]).slice(1)
    empty = Transform(ALIBABA, ("BilledCost", "Tags", "new"))(text, ORIGIN).rows
    assert len(empty) == 0
    assert empty.schema == typed({"BilledCost": "1"}).rows.schema


def test_headers_are_known_without_regard_to_case_blanks_and_order():
    result = typed({" x_COMMODITYCODE ": "ecs", "billedcost": "1.5"})
    assert values(result, "BilledCost") == [Decimal("1.5")]
    assert values(result, "x_CommodityCode") == ["ecs"]
    assert values(result, "x_Other") == [None]


def test_two_headers_for_one_column_are_refused():
    with pytest.raises(BatchRejected, match="both BilledCost and billedcost are the column") as got:
        Transform(ALIBABA, ("BilledCost", "billedcost"))
    assert got.value.code == "repeated_column"


@pytest.mark.parametrize("column", columns.table(), ids=lambda column: column.name)
def test_every_row_of_the_column_table_is_filled_from_a_source(column):
    """A row of columns.csv that nothing fills is no use to anybody."""
    words = {"string": "word", "decimal": "2.5", "timestamp": "2026-01-01 08:00:00"}
    tags = {keys[0]: "value" for keys in ALIBABA.tags.attributes.values()}
    source = {"Tags": json.dumps(tags), "ProviderName": "26842", "unheard of": "x"}
    if column.origin == "focus" and column.name not in source:
        source[column.name] = words.get(column.stored, "{}")
    result = typed(source)
    assert not result.problems
    assert result.rows[column.name].null_count == 0


def test_provenance_is_the_same_for_every_row():
    result = typed({"BilledCost": "1"}, {"BilledCost": "2"})
    assert values(result, "x_Provider") == ["alibaba"] * 2
    assert values(result, "x_Export") == ["1500_2"] * 2
    assert values(result, "x_SourceFile") == ["202601/x/bill.zip/bill.csv"] * 2
    assert values(result, "x_SourceFocusVersion") == ["1.0"] * 2


def test_the_version_is_the_first_that_has_all_columns_unless_a_manifest_says_it():
    header = ("BilledCost", "InvoiceId")  # InvoiceId came with 1.2
    assert Transform(ALIBABA, header).focus_version == "1.2"
    told = Transform(ALIBABA, ("BilledCost",))(
        texts([{"BilledCost": "1"}]), replace(ORIGIN, focus_version="1.1")
    )
    assert values(told, "x_SourceFocusVersion") == ["1.1"]


def test_columns_that_the_source_lacks_are_named():
    transform = Transform(ALIBABA, tuple(c.name for c in columns.of_version("1.0"))[3:])
    assert transform.missing == ["AvailabilityZone", "BilledCost", "BillingAccountId"]
    assert Transform(ALIBABA, ("BilledCost", "x", "X_InstanceID")).unknown == ["x"]


# -- what has no column ----------------------------------------------------------------------------


def test_unknown_columns_and_texts_that_are_no_tags_are_kept_by_row():
    result = typed(
        {"a": "1", "B b": "2", "Tags": "no json", "BilledCost": "1"},
        {"a": None, "B b": None, "Tags": '{"x":"y"}', "BilledCost": "1"},
        {"a": None, "B b": "云", "Tags": None, "BilledCost": "1"},
    )
    assert values(result, "x_Other") == [
        {"a": "1", "B b": "2", "Tags": "no json"},
        None,
        {"B b": "云"},
    ]
    assert values(result, "Tags") == [None, {"x": "y"}, None]
    assert result.tags_unparsed == 1


def test_columns_of_ours_in_a_source_are_not_taken_for_our_own():
    result = typed({"x_Provider": "aws", "X_OTHER": "y", "BilledCost": "1"})
    assert values(result, "x_Provider") == ["alibaba"]
    assert values(result, "x_Other") == [{"x_Provider": "aws", "X_OTHER": "y"}]


def test_unknown_columns_of_other_types_are_kept_as_text():
    table = pa.table({"n": [1, None], "BilledCost": ["1", "2"], "s": ["x", None], "l": [[1], None]})
    result = Transform(ALIBABA, tuple(table.column_names))(table, ORIGIN)
    assert values(result, "x_Other") == [{"n": "1", "s": "x", "l": "[1]"}, None]


def test_a_table_in_several_chunks_is_one_table():
    text = pa.concat_tables(
        [texts([{"BilledCost": "1", "u": "a"}]), texts([{"BilledCost": "2", "u": None}])]
    )
    result = Transform(ALIBABA, ("BilledCost", "u"))(text, ORIGIN)
    assert values(result, "BilledCost") == [Decimal(1), Decimal(2)]
    assert values(result, "x_Other") == [{"u": "a"}, None]


# -- repairs ---------------------------------------------------------------------------------------


def test_a_number_in_the_place_of_a_name_becomes_the_name_and_is_kept():
    result = typed(
        {"ProviderName": "26842", "PublisherName": "26842", "BilledCost": "1"},
        {"ProviderName": "Alibaba Cloud", "PublisherName": "1", "BilledCost": "1"},
        {"ProviderName": None, "PublisherName": "Acme 1", "BilledCost": "1"},
    )
    assert values(result, "ProviderName") == ["Alibaba Cloud", "Alibaba Cloud", None]
    assert values(result, "PublisherName") == ["Alibaba Cloud", "Alibaba Cloud", "Acme 1"]
    notes = [set((text or "").split("; ")) for text in values(result, "x_SourceChanges")]
    assert {
        "ProviderName: 26842 -> Alibaba Cloud",
        "PublisherName: 26842 -> Alibaba Cloud",
    } <= notes[0]
    assert "PublisherName: 1 -> Alibaba Cloud" in notes[1]
    assert not any("ProviderName: 1" in note for note in notes[2])


def test_a_row_without_any_change_has_no_note():
    result = typed(
        {"ProviderName": "1", "BilledCost": "1"}, {"ProviderName": None, "BilledCost": "2"}
    )
    assert [text is None for text in values(result, "x_SourceChanges")] == [False, True]


@pytest.mark.parametrize(
    "repair, word, name",
    [
        (Repair("numeric_name", None, {"4711": "Europe Ltd."}), "4711", "Europe Ltd."),
        (Repair("numeric_name", None, {"4711": "Europe Ltd."}), "4712", "4712"),
        (Repair("numeric_name", "Usual", {"4711": "Europe Ltd."}), "4711", "Europe Ltd."),
        (Repair("numeric_name", "Usual", {"4711": "Europe Ltd."}), "4712", "Usual"),
        (Repair("numeric_name", "Usual"), "4712 Ltd.", "4712 Ltd."),
    ],
)
def test_the_table_of_names_comes_before_the_usual_name(repair, word, name):
    declared = replace(ALIBABA, repairs={"InvoiceIssuerName": repair})
    result = typed({"InvoiceIssuerName": word, "BilledCost": "1"}, declared=declared)
    assert values(result, "InvoiceIssuerName") == [name]
    noted = values(result, "x_SourceChanges")[0] or ""
    assert (f"InvoiceIssuerName: {word} -> {name}" in noted) is (name != word)


# -- values that cannot be read --------------------------------------------------------------------


def test_a_row_with_a_bad_value_is_left_out_and_every_problem_is_named():
    result = typed(
        {"BilledCost": "1", "ListCost": "2", "ChargePeriodStart": "2026-01-01 00:00:00"},
        {"BilledCost": "one", "ListCost": "1e99", "ChargePeriodStart": "soon"},
        {"BilledCost": None, "ListCost": "3", "ChargePeriodStart": None},
        {"BilledCost": "one", "ListCost": "4", "ChargePeriodStart": "2026-01-01 00:00:00"},
    )
    assert values(result, "ListCost") == [Decimal(2), Decimal(3)]
    assert values(result, "BilledCost") == [Decimal(1), None]
    found = sorted((p.row, p.column, p.value) for p in result.problems)
    assert found == [
        (1, "BilledCost", "one"),
        (1, "ChargePeriodStart", "soon"),
        (1, "ListCost", "1e99"),
        (3, "BilledCost", "one"),
    ]
    assert {p.reason for p in result.problems if p.column == "BilledCost"} == {"is not a number"}


def test_more_than_18_decimals_are_rounded_only_where_declared():
    row = {"BilledCost": "0.1234567890123456789"}
    assert len(typed(row).rows) == 0
    rounding = replace(ALIBABA, format=replace(ALIBABA.format, max_decimals="round"))
    result = typed(row, declared=rounding)
    assert values(result, "BilledCost") == [Decimal("0.123456789012345679")]
    assert "BilledCost" in values(result, "x_SourceChanges")[0]


def test_own_columns_of_a_provider_are_typed_as_declared():
    own = {
        "x_Rate": ExtraColumn("decimal", "A rate.", "Rate"),
        "x_At": ExtraColumn("timestamp", "A time.", "At"),
        "x_Map": ExtraColumn("map", "Pairs.", "Pairs"),
    }
    declared = replace(ALIBABA, extra_columns=ALIBABA.extra_columns | own)
    result = typed(
        {"rate": "0.5", "AT": "2026-01-01 08:00:00", "Pairs": '{"a":1}'}, declared=declared
    )
    assert values(result, "x_Rate") == [Decimal("0.5")]
    assert values(result, "x_At") == [datetime(2026, 1, 1)]
    assert values(result, "x_Map") == [{"a": "1"}]
    assert values(result, "x_Brand") == [None]


def test_inclusive_ends_of_focus_columns_become_exclusive_and_other_times_stay():
    told = {
        "BillingPeriodEnd": "2026-01-31 23:59:59",
        "ChargePeriodEnd": "2026-01-01 00:59:59",
        "ChargePeriodStart": "2026-01-01 00:00:59",
        "x_PaidEnd": "2026-01-01 00:00:59",
    }
    ours = {"x_PaidEnd": ExtraColumn("timestamp", "when it was paid", "x_PaidEnd")}
    utc = replace(ALIBABA.time, zone="UTC")
    for period_end, ends in (
        ("inclusive", [datetime(2026, 2, 1), datetime(2026, 1, 1, 1)]),
        ("exclusive", [datetime(2026, 1, 31, 23, 59, 59), datetime(2026, 1, 1, 0, 59, 59)]),
    ):
        how = replace(utc, period_end=period_end)
        declared = replace(ALIBABA, time=how, extra_columns={**ALIBABA.extra_columns, **ours})
        found = typed(told, declared=declared)
        assert values(found, "BillingPeriodEnd") + values(found, "ChargePeriodEnd") == ends
        unchanged = [datetime(2026, 1, 1, 0, 0, 59)]
        assert values(found, "ChargePeriodStart") == values(found, "x_PaidEnd") == unchanged


def test_tags_of_the_older_form_are_noted_and_no_others():
    found = typed({"Tags": "key:a value:b"}, {"Tags": '{"c":"d"}'}, {"Tags": "neither"}, {})
    assert values(found, "Tags") == [{"a": "b"}, {"c": "d"}, None, None]
    note = "Tags: read as key:value text"
    assert [note in (told or "") for told in values(found, "x_SourceChanges")] == [
        True,
        False,
        False,
        False,
    ]
