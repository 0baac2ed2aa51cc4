"""The audit counts and sums exactly, and notices when a file is not what was written."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_lake import storage
from focus_lake.lake import audit
from focus_lake.lake.audit import Audit
from focus_lake.lake.write import Writer
from focus_lake.spec import columns

NOON = datetime(2026, 1, 5, 12)
CNY = {"BillingCurrency": "CNY", "BilledCost": "1.5", "EffectiveCost": "1", "ListCost": "2"}


def table(*rows: dict) -> pa.Table:
    """A normalized table; what a row does not name is null, costs may be text."""
    made = {}
    for column in columns.table():
        values = [row.get(column.name) for row in rows]
        if column.stored == "decimal":
            values = [None if value is None else Decimal(value) for value in values]
        made[column.name] = pa.array(values, columns.arrow_type(column.stored))
    return pa.table(made)


def observed(*tables: pa.Table) -> Audit:
    seen = Audit()
    for rows in tables:
        seen.observe(rows)
    return seen


def test_the_costs_are_the_four_of_the_specification():
    assert sorted(audit.COSTS) == ["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"]


def test_costs_are_summed_by_currency_and_a_cost_without_any_value_stays_null():
    rows = table(
        CNY,
        {**CNY, "BilledCost": "-0.000000000000000001", "EffectiveCost": None},
        {"BillingCurrency": "USD", "BilledCost": "0", "ContractedCost": "7"},
        {"BilledCost": "3"},
        {"BilledCost": "4", "ListCost": "-1"},
    )
    assert observed(rows).cost_sums() == [
        {
            "BillingCurrency": None,
            "BilledCost": "7.000000000000000000",
            "ContractedCost": None,
            "EffectiveCost": None,
            "ListCost": "-1.000000000000000000",
        },
        {
            "BillingCurrency": "CNY",
            "BilledCost": "1.499999999999999999",
            "ContractedCost": None,
            "EffectiveCost": "1.000000000000000000",
            "ListCost": "4.000000000000000000",
        },
        {
            "BillingCurrency": "USD",
            "BilledCost": "0.000000000000000000",
            "ContractedCost": "7.000000000000000000",
            "EffectiveCost": None,
            "ListCost": None,
        },
    ]


def test_an_empty_currency_is_not_the_same_as_none():
    rows = table({"BilledCost": "1"}, {"BillingCurrency": "", "BilledCost": "2"})
    assert {c: s["BilledCost"] for c, s in observed(rows).sums.items()} == {None: 1, "": 2}


def test_a_sum_keeps_more_digits_than_decimals_usually_have_in_python():
    big, small = "99999999999999999999.999999999999999999", "0.000000000000000001"
    rows = table(*[{"BillingCurrency": "CNY", "BilledCost": cost} for cost in (big, big, small)])
    seen = observed(rows, rows)
    assert seen.cost_sums()[0]["BilledCost"] == "399999999999999999999.999999999999999998"


@given(
    st.lists(
        st.decimals(-(10**20) + 1, 10**20 - 1, places=18) | st.none(), min_size=1, max_size=20
    ),
    st.integers(1, 20),
)
def test_audits_of_parts_add_up_to_the_sum_that_fractions_give(costs, size):
    exact = sum(Fraction(cost) for cost in costs if cost is not None)
    parts = [costs[at : at + size] for at in range(0, len(costs), size)]
    merged = Audit()
    for part in parts:
        merged.merge(observed(table(*[{"BilledCost": cost} for cost in part])))
    assert merged.rows == len(costs)
    if all(cost is None for cost in costs):
        assert merged.sums == {None: {}}
    else:
        assert Fraction(merged.sums[None]["BilledCost"]) == exact


def test_counts_periods_and_exports_are_noted():
    seen = observed(
        table(
            {"x_Export": "1_2", "ChargePeriodStart": NOON, "BillingPeriodStart": NOON},
            {"x_Export": "1_2", "ChargePeriodEnd": datetime(2026, 1, 6), "BilledCost": "1"},
        ),
        table({"x_Export": "3_4", "ChargePeriodStart": datetime(2026, 1, 2)}),
    )
    assert (seen.earliest, seen.latest) == (datetime(2026, 1, 2), datetime(2026, 1, 6))
    assert seen.exports == {"1_2": 2, "3_4": 1}
    assert seen.billing_starts == {NOON: 1, None: 2}
    assert seen.nulls["BilledCost"] == 2
    assert seen.nulls["Tags"] == seen.rows == 3
    assert seen.days == {date(2026, 1, 2), date(2026, 1, 5)}


def test_days_are_those_of_the_providers_calendar():
    beijing = Audit(zone="Asia/Shanghai")
    hours = [datetime(2025, 12, 31, 16), datetime(2026, 1, 1, 15)]  # 00:00 and 23:00 in Beijing
    beijing.observe(table(*[{"ChargePeriodStart": hour} for hour in hours]))
    assert beijing.days == {date(2026, 1, 1)}


# -- what was written is read back -------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    """(lake, path of a file, audit of what was written to it)"""
    lake, seen = storage.at(str(tmp_path)), Audit()
    writer = Writer(lake, "data", 0, seen)
    writer.add(table(CNY, {"BillingCurrency": "USD", "ListCost": "-5"}, {}))
    writer.add(table({**CNY, "ChargePeriodStart": NOON, "ChargePeriodEnd": NOON, "x_Export": "e"}))
    (path,) = writer.close()
    return lake, path, seen


def test_an_untouched_file_reads_back_the_same(written):
    lake, path, seen = written
    found, size = audit.read_back(lake, path)
    assert audit.differences(seen, found) == []
    assert (found.rows, found.cost_sums()) == (4, seen.cost_sums())
    assert (found.earliest, found.latest) == (NOON, NOON)
    assert size == sum(entry.size for entry in lake.list("data"))


def replaced(name: str, value):
    """A change: the last row's value of a column."""

    def change(rows: pa.Table) -> pa.Table:
        values = [*rows[name].to_pylist()[:-1], value]
        at = rows.column_names.index(name)
        return rows.set_column(at, name, pa.array(values, rows.schema.field(name).type))

    return change


@pytest.mark.parametrize(
    "change, complaint",
    [
        (lambda rows: rows.slice(1), "rows: 4 written, 3 read back"),
        (replaced("BilledCost", Decimal("1.500000000000000001")), "cost sums: "),
        (replaced("BilledCost", None), "cost sums: "),
        (replaced("BillingCurrency", "EUR"), "cost sums: "),
        (replaced("ResourceId", "x"), "nulls of ResourceId: 4 written, 3 read back"),
        (replaced("ChargePeriodStart", datetime(2026, 1, 4)), "first ChargePeriodStart: "),
        (replaced("ChargePeriodEnd", datetime(2027, 1, 4)), "last ChargePeriodEnd: "),
    ],
)
def test_a_changed_file_is_noticed(written, change, complaint):
    lake, path, seen = written
    full = lake.url(path)
    pq.write_table(change(pq.read_table(full)), full)
    found, _ = audit.read_back(lake, path)
    assert any(words.startswith(complaint) for words in audit.differences(seen, found))


def test_a_file_that_is_missing_is_noticed(written):
    _, _, seen = written
    assert "rows: 4 written, 0 read back" in audit.differences(seen, Audit())
