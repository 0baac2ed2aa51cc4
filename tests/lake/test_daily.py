"""Summaries by day: the same groups and sums as plain Python makes of the same rows."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal as D
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focus_lake import declare, storage
from focus_lake.declare.model import Declaration
from focus_lake.lake import daily
from focus_lake.lake.audit import Audit
from focus_lake.spec import columns

ALIBABA = declare.load("alibaba")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def table(rows: list[dict], of: Declaration = ALIBABA) -> pa.Table:
    """Rows as the job has them before they are written."""
    fields = {column.name: columns.arrow_type(column.stored) for column in of.columns}
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], kind) for name, kind in fields.items()}
    )


def row(billed: str | None, **others) -> dict:
    """A charge that began at midnight in Beijing on 2 January."""
    billed = None if billed is None else D(billed)
    return {
        "ChargePeriodStart": datetime(2026, 1, 1, 16),
        "ChargePeriodEnd": datetime(2026, 1, 1, 17),
        "BillingPeriodStart": datetime(2025, 12, 31, 16),
        "BillingCurrency": "CNY",
        "x_Export": "1_1",
        **{cost: billed for cost in COSTS},
        **others,
    }


def summed(tmp_path: Path, rows: list[dict], of: Declaration = ALIBABA, parts: int = 1):
    """(the groups of the rows, added in so many parts, as dictionaries; what was written)."""
    lake = storage.at(str(tmp_path))
    summary, audit = daily.Summary(of, "202601", lake, "daily", 3), Audit()
    whole = table(rows, of)
    size = -(-len(rows) // parts)
    for start in range(0, len(rows), size):
        part = whole.slice(start, size)
        summary.add(part)
        audit.observe(part)
    written = summary.close(audit)
    files = [pq.read_table(tmp_path / "daily" / file["name"]) for file in written.files]
    return [group for file in files for group in file.to_pylist()], written


def test_charges_of_one_day_and_key_become_one_row_with_exact_sums(tmp_path):
    rows = [
        row("0.000000000000000001", ConsumedQuantity=D("1.5"), ConsumedUnit="h"),
        row(
            "10", ConsumedQuantity=D("2"), ConsumedUnit="h", ChargePeriodStart=datetime(2026, 1, 2)
        ),
        row("7", x_Owner="Mei"),
    ]
    groups, _ = summed(tmp_path, rows)
    assert len(groups) == 3  # the second began on another UTC day
    first = next(
        group
        for group in groups
        if group["x_ChargeDate"] == date(2026, 1, 1) and not group["x_Owner"]
    )
    assert first["x_ChargeDay"] == date(2026, 1, 2)
    assert (first["BilledCost"], first["ConsumedQuantity"]) == (D("0.000000000000000001"), D("1.5"))
    assert {group["x_BillingMonth"] for group in groups} == {"202601"}
    assert sum(group["x_RowCount"] for group in groups) == 3


def test_a_cost_that_is_null_in_every_charge_stays_null_and_else_is_left_out(tmp_path):
    groups, _ = summed(tmp_path, [row("2", ListCost=None), row("3", ListCost=None)])
    assert [(group["BilledCost"], group["ListCost"]) for group in groups] == [(D("5"), None)]


def test_charges_whose_costs_differ_in_sign_are_told_apart(tmp_path):
    """A rule about single charges may then be asked of sums: 5 and -5 are not a charge of 0."""
    rows = [row("5"), row("-5"), row("0"), row("4", ListCost=None), row("5", ListCost=D("-1"))]
    groups, _ = summed(tmp_path, rows)
    assert {group["x_CostSigns"]: group["BilledCost"] for group in groups} == {
        "++++": D("5"), "----": D("-5"), "0000": D("0"), "+++?": D("4"), "+++-": D("5"),
    }  # fmt: skip


def test_the_month_is_the_billing_periods_own_in_the_providers_zone(tmp_path):
    rows = [row("1"), row("1", BillingPeriodStart=datetime(2025, 12, 31, 15)),
            row("1", BillingPeriodStart=None)]  # fmt: skip
    months = {group["x_BillingMonth"]: group["x_RowCount"] for group in summed(tmp_path, rows)[0]}
    assert months == {"202601": 2, "202512": 1}


def test_the_owner_of_a_split_cost_is_told_by_allocated_tags(tmp_path):
    texts = ['{"team": "ml", "Owner": "Mei"}', '{"team": "ml"}', '{"x": "y"}', "no json", None]
    groups, _ = summed(tmp_path, [row("1", AllocatedTags=text) for text in texts])
    found = {group["x_AllocatedOwner"]: group["x_RowCount"] for group in groups}
    assert found == {"Mei": 1, "ml": 1, None: 3}
    texts = [
        '{"owner": "Mei"}',
        '{"OWNER": "Mei"}',
        '{"oWNER": "Mei"}',
        '{"owner": "", "team": "ml"}',
    ]
    groups, _ = summed(tmp_path, [row("1", AllocatedTags=text) for text in texts])
    found = {group["x_AllocatedOwner"]: group["x_RowCount"] for group in groups}
    assert found == {"Mei": 2, "ml": 1, None: 1}
    (group,), _ = summed(tmp_path, [row("1", AllocatedTags='{"cost-center": "4711"}')])
    assert (group["x_AllocatedOwner"], group["x_AllocatedCostCenter"]) == (None, "4711")


def test_declared_tag_keys_are_kept_as_a_map(tmp_path):
    tags = replace(ALIBABA.tags, summary_keys=("cluster", "tier"))
    rows = [row("1", Tags=[("cluster", "a"), ("x", "y")]), row("2", Tags=[("cluster", "a")]),
            row("4", Tags=[("tier", "gold")]), row("8")]  # fmt: skip
    groups, _ = summed(tmp_path, rows, replace(ALIBABA, tags=tags), parts=2)
    found = {tuple(dict(group["x_Tags"]).values()): group["BilledCost"] for group in groups}
    assert found == {("a", None): D("3"), (None, "gold"): D("4"), (None, None): D("8")}


def test_a_filled_category_is_told_apart(tmp_path):
    note = "ServiceName: x; ServiceCategory: by catalogue from ServiceName"
    groups, _ = summed(tmp_path, [row("1", x_SourceChanges=note), row("2", x_SourceChanges="y: z")])
    found = {group["x_CategoryFilled"]: group["BilledCost"] for group in groups}
    assert found == {True: D("1"), False: D("2")}


@pytest.mark.parametrize("kept", [daily.KEPT, 20])
def test_random_rows_in_many_parts_group_as_in_plain_python(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(daily, "KEPT", kept)  # 20: groups go into files of their own
    chance, names = random.Random(7), [None, "a", "b", "c"]
    plain = ["ServiceName", "SubAccountId", "x_CostCenter", "ConsumedUnit", "ChargeCategory"]
    rows = [
        row(str(chance.choice([D("-0.1"), D("0"), D("3.000000000000000007"), D("99999999999")])),
            EffectiveCost=chance.choice([None, D("1e-18")]),
            **{name: chance.choice(names) for name in plain})
        for _ in range(500)
    ]  # fmt: skip
    expected = defaultdict(lambda: [D(0), 0])
    for one in rows:
        group = expected[tuple(one[name] for name in plain)]
        group[0] += one["BilledCost"]
        group[1] += 1
    found = defaultdict(lambda: [D(0), 0])
    groups, written = summed(tmp_path, rows, parts=9)
    for one in groups:
        group = found[tuple(one[name] for name in plain)]
        group[0] += one["BilledCost"]
        group[1] += one["x_RowCount"]
    assert found == expected
    assert written.differences == []
    assert (len(written.files) > 1) == (kept == 20)
    assert [file["rows"] for file in written.files] == [
        pq.read_metadata(tmp_path / "daily" / file["name"]).num_rows for file in written.files
    ]


def test_sums_that_no_decimal_holds_stay_apart_instead_of_wrapping(tmp_path):
    huge = "90000000000000000000"
    groups, written = summed(tmp_path, [row(huge), row(huge)])
    assert [group["BilledCost"] for group in groups] == [D(huge), D(huge)]
    assert written.differences == []


def test_a_summary_that_does_not_add_up_is_named(tmp_path):
    lake = storage.at(str(tmp_path))
    summary, audit = daily.Summary(ALIBABA, "202601", lake, "daily", 0), Audit()
    summary.add(table([row("1")]))
    audit.observe(table([row("1"), row("0.1")]))
    found = summary.close(audit).differences
    assert len(found) == 2
    assert found[0] == "daily summary: rows: 2 in the rows, 1 in the summary"
    assert "cost sums" in found[1]


def test_another_zone_or_key_is_another_version():
    zone = replace(ALIBABA, time=replace(ALIBABA.time, zone="UTC"))
    keys = replace(ALIBABA, tags=replace(ALIBABA.tags, summary_keys=("a",)))
    assert len({daily.version(one) for one in (ALIBABA, zone, keys)}) == 3


def test_days_follow_the_zones_rules_at_any_time(tmp_path):
    berlin = declare.load("datacenter")
    berlin = replace(berlin, time=replace(berlin.time, zone="Europe/Berlin"))
    starts = [datetime(2026, 6, 30, 22), datetime(2026, 1, 31, 22), datetime(2040, 6, 30, 22)]
    groups, _ = summed(tmp_path, [row("1", ChargePeriodStart=at) for at in starts], berlin)
    days = [group["x_ChargeDay"] for group in groups]
    assert days == [date(2026, 1, 31), date(2026, 7, 1), date(2040, 7, 1)]
