"""What the views say about the story lake, on DuckDB and on Trino; values are typed by hand."""

from __future__ import annotations

import csv
import importlib.util
import json
from decimal import Decimal as D
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.spec import columns

ROOT = Path(__file__).parents[2]
E, S = "Elastic Compute", "Object, 'Storage'\n"  # the services of the story
TS = "20260131173000"


def rows(told, sql: str) -> set[tuple]:
    """The rows of a query, none of which may come twice."""
    found = told.query(sql)
    assert len(found) == len(set(found))
    return set(found)


def test_every_month_and_currency_sums_to_its_live_batches(told):
    found = told.query(
        "SELECT yearmonth, BillingCurrency, SUM(BilledCost) FROM focus_unified GROUP BY 1, 2"
    )
    assert {(month, currency): cost for month, currency, cost in found} == told.sums


@pytest.mark.parametrize("view", ["focus_daily_cost", "focus_monthly_cost"])
def test_sums_over_time_views_equal_those_of_the_rows(told, view):
    found = told.query(
        f"SELECT yearmonth, BillingCurrency, SUM(BilledCost) FROM {view} GROUP BY 1, 2"
    )
    assert {(month, currency): cost for month, currency, cost in found} == told.sums


def test_each_version_view_has_the_cost_of_all_live_rows(told):
    for version in columns.VERSIONS:
        view = f"focus_v{version.replace('.', '_')}"
        assert told.query(f"SELECT COUNT(*), SUM(BilledCost) FROM {view}") == [
            (8, D("190.080000000000000001"))
        ]


def test_the_superseded_account_of_a_shared_folder_is_hidden_and_the_other_is_not(told):
    found = rows(
        told,
        "SELECT batch_ts, x_Export, BilledCost FROM focus_alibaba "
        "WHERE yearmonth = '202601' AND x_Export <> '100_1'",
    )
    assert found == {
        ("20260131180000", "300_1", D("5")),
        ("20260201180000", "200_1", D("80.25")),
    }


def test_tags_are_a_map_below_and_json_text_with_keys_in_order_in_the_version_views(told):
    tags = "SELECT element_at(Tags, 'Owner'), element_at(Tags, 'none') FROM focus_unified"
    assert told.query(f"{tags} WHERE cardinality(map_keys(Tags)) = 2") == [('a "b"\\', None)]
    texts = [text for (text,) in told.query("SELECT Tags FROM focus_v1_4 WHERE Tags IS NOT NULL")]
    assert sorted(texts) == ['{"Owner":"a \\"b\\"\\\\","owner":"zoë"}', "{}"]
    assert json.loads(sorted(texts)[0]) == {"Owner": 'a "b"\\', "owner": "zoë"}


def test_commitments_are_not_counted_twice_in_list_cost(told):
    found = rows(
        told,
        "SELECT ChargeCategory, BilledCost, EffectiveCost, ListCost, ContractedCost, x_RowCount "
        "FROM focus_monthly_cost WHERE yearmonth = '202602'",
    )
    assert found == {
        ("Credit", D("-7.77"), D("-7.77"), None, None, 1),
        ("Purchase", D("100"), D("0"), D("0"), None, 1),
        ("Usage", D("0"), D("3.3"), D("4.4"), None, 1),
    }


def test_a_day_is_a_utc_day_and_its_month_the_billing_month(told):
    found = rows(
        told,
        "SELECT yearmonth, CAST(x_ChargeDate AS varchar), SUM(BilledCost), SUM(x_RowCount) "
        "FROM focus_daily_cost GROUP BY 1, 2",
    )
    assert found == {
        ("202601", "2025-12-31", D("2.5"), 1),
        ("202601", "2026-01-05", D("10.100000000000000001"), 2),
        ("202601", "2026-01-06", D("85.25"), 2),
        ("202602", "2026-02-01", D("100"), 2),
        ("202602", "2026-02-02", D("-7.77"), 1),
    }


def test_each_attribute_shares_out_the_whole_cost(told):
    found = rows(
        told,
        "SELECT yearmonth, x_Value, BillingCurrency, BilledCost, EffectiveCost, x_RowCount "
        "FROM focus_cost_by_tag WHERE x_Attribute = 'x_Owner'",
    )
    assert found == {
        ("202601", "Li", "USD", D("80.25"), D("80.25"), 1),
        ("202601", "Mei", "CNY", D("0.1"), D("0.1"), 1),
        ("202601", None, "CNY", D("17.500000000000000001"), D("17.500000000000000001"), 3),
        ("202602", "Mei", "CNY", D("-7.77"), D("-4.47"), 2),
        ("202602", None, "CNY", D("100"), D("0"), 1),
    }
    total = told.query("SELECT x_Attribute, SUM(BilledCost) FROM focus_cost_by_tag GROUP BY 1")
    assert dict(total) == dict.fromkeys(
        ["x_Brand", "x_Project", "x_Owner", "x_CostCenter", "x_Environment", "x_Application"],
        D("190.080000000000000001"),
    )


def test_tag_coverage_is_the_share_of_effective_cost_with_the_attribute(told):
    found = rows(
        told,
        "SELECT yearmonth, BillingCurrency, EffectiveCost, x_TaggedEffectiveCost, x_RowCount, "
        "x_TaggedRowCount, x_Coverage FROM focus_tag_coverage WHERE x_Attribute = 'x_Owner'",
    )
    assert found == {
        ("202601", "CNY", D("17.600000000000000001"), D("0.1"), 4, 1, D("0.005682")),
        ("202601", "USD", D("80.25"), D("80.25"), 1, 1, D("1")),
        ("202602", "CNY", D("-4.47"), D("-4.47"), 3, 2, D("1")),
    }


def test_restatements_compare_consecutive_pushes_of_each_account(told):
    found = rows(
        told,
        "SELECT x_Export, x_PreviousBatchTs, batch_ts, ServiceName, SubAccountId, BillingCurrency, "
        "x_BilledCostBefore, BilledCost, x_BilledCostChange, x_BilledCostChangeInNewDays, "
        "x_RowCountBefore, x_RowCount FROM focus_restatements",
    )
    change = D("-890.499999999999999999")
    old, new = D("900.5"), D("10.000000000000000001")
    first = ("100_1", "20260120173000", TS)
    second = ("200_1", "20260131180000", "20260201180000")
    assert found == {
        (*first, E, "sub-1", "CNY", old, new, change, change, 1, 1),
        (*first, E, None, "CNY", D(0), D("2.5"), D("2.5"), D(0), 0, 1),
        (*first, S, "sub-1", "CNY", D(0), D("0.1"), D("0.1"), D("0.1"), 0, 1),
        (*second, E, "sub-1", "CNY", D("77"), D(0), D("-77"), D("-77"), 1, 0),
        (*second, E, "sub-1", "USD", D(0), D("80.25"), D("80.25"), D("80.25"), 0, 1),
    }


def test_the_ledger_is_a_table_with_lists_and_maps(told):
    found = rows(
        told,
        "SELECT yearmonth, batch_ts, status, cardinality(exports), "
        "element_at(export_rows, '300_1'), cardinality(reasons) FROM focus_batches",
    )
    assert len(found) == 7
    assert ("202601", "20260131180000", "published", 2, 1, 0) in found
    assert ("202602", "20260203173000", "rejected", 1, None, 1) in found
    nested = told.query(
        "SELECT cost_sums[1].BilledCost, element_at(null_counts, 'ChargeClass'), files[1].name, "
        "files[1].size, conformance[1].examples[1].file "
        "FROM focus_batches WHERE cardinality(files) = 1"
    )
    (row,) = nested
    assert row == ("12.600000000000000001", 3, "202601/账单.zip", 4_000_000_000, "账单.zip")


def test_every_view_keeps_its_contract(told):
    """To change it on purpose: scripts/record_contract.py, and a line in CHANGELOG.md."""
    spec = importlib.util.spec_from_file_location(
        "record_contract", ROOT / "scripts" / "record_contract.py"
    )
    recorder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recorder)
    with recorder.CONTRACT.open(encoding="utf-8") as file:
        promised = [(r["view"], r["column"].lower(), r["type"]) for r in csv.DictReader(file)]
    schema = "main" if told.engine == "duckdb" else told.database
    found = told.query(
        "SELECT table_name, lower(column_name), data_type FROM information_schema.columns "
        f"WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position"
    )
    # A provider that was added since is promised from the next recording on.
    recorded = {view for view, _, _ in promised}
    new = {f"focus_{name}{end}" for name in declare.names() for end in ("", "_by_day")} - recorded
    seen = [
        (view, column, recorder.contract_type(type_))
        for view, column, type_ in found
        if not recorder.is_table(view) and view not in new
    ]
    assert seen == promised
