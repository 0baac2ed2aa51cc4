"""Conformance, columns and measures by the views, on DuckDB and on Trino; values typed by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy, refresh
from helpers.lakes import Lake, charge, governed

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    """The governed lake on each engine; tests must not change it."""
    return deploy(request.param, request, tmp_path_factory, governed, "governed")


def test_live_batches_are_the_newest_published_ones(told):
    found = told.query(
        "SELECT yearmonth, batch_ts, row_count, delivered_at, published_at FROM focus_live_batches "
        "WHERE provider = 'alibaba' ORDER BY 1, 2"
    )
    assert found == [
        (
            "202512",
            "20260104000000",
            2,
            datetime(2026, 1, 3, 16),
            datetime(2026, 1, 4, 0, 30, 0, 500000),
        ),
        ("202601", "20260131000000", 4, datetime(2026, 1, 30, 16), datetime(2026, 1, 31, 2)),
    ]


def test_broken_rules_are_those_of_live_batches_with_cost_by_currency(told):
    found = told.query(
        "SELECT yearmonth, rule, column_name, BillingCurrency, row_count, share, BilledCost, "
        "known_upstream, still_open, first_seen FROM focus_conformance "
        "ORDER BY yearmonth, rule, column_name, BillingCurrency"
    )
    first, second = datetime(2026, 1, 4, 0, 30, 0, 500000), datetime(2026, 1, 20, 1)
    third = datetime(2026, 1, 31, 2)
    null, unit = "focus-not-null", "focus-unit-with-quantity"
    assert found == [
        ("202512", null, "ContractedCost", "CNY", 2, D("1"), D("30"), True, True, first),
        ("202512", unit, "ConsumedUnit", "CNY", 1, D("0.5"), D("10"), True, False, first),
        ("202601", null, "ContractedCost", "CNY", 3, D("0.75"), D("6.5"), True, True, first),
        ("202601", null, "ContractedCost", "USD", 1, D("0.25"), D("7"), True, True, first),
        ("202601", null, "EffectiveCost", "CNY", 1, D("0.25"), None, False, True, second),
        ("202601", "lake-column-went-null", "RegionName", "CNY", 4, D("1"), D("13.5"))
        + (False, True, third),
    ]


def test_every_rule_is_explained(told):
    found = told.query(
        "SELECT DISTINCT rule, severity, focus_version FROM focus_conformance "
        "WHERE sentence <> '' AND section <> '' ORDER BY 1"
    )
    assert found == [
        ("focus-not-null", "reported", "1.0"),
        ("focus-unit-with-quantity", "reported", "1.0"),
        ("lake-column-went-null", "reported", "1.0"),
    ]


def test_columns_present_counts_what_was_delivered(told):
    found = told.query(
        "SELECT column_name, level, row_count, populated_rows, share, known_upstream "
        "FROM focus_columns_present WHERE yearmonth = '202601' ORDER BY 1"
    )
    assert found == [
        ("BilledCost", "Mandatory", 4, 4, D("1"), False),
        ("ContractedCost", "Mandatory", 4, 0, D("0"), True),
        ("RegionName", "Conditional", 4, 1, D("0.25"), False),
    ]


MEASURES = {
    ("focus_rows_exported", "202512", None): (D("2"), None),
    ("focus_rows_exported", "202601", None): (D("4"), None),
    ("focus_columns_present", "202512", None): (D("1"), None),
    ("focus_columns_present", "202601", None): (D("2"), None),
    ("focus_version_supported", "202512", None): (D("1.0"), True),
    ("focus_version_supported", "202601", None): (D("1.1"), True),
    # To the end of the last charge, 2026-01-03T00:30:00.500Z; where the ledger's is still to come,
    # to the last that had ended: 13 January.
    ("export_freshness_hours", "202512", None): (D("24"), True),
    ("export_freshness_hours", "202601", None): (D("434"), False),
    ("export_freshness_hours_from_delivery", "202512", None): (D("8.500139"), True),
    ("export_freshness_hours_from_delivery", "202601", None): (D("10"), True),
    ("M2", "202512", None): (D("0.500139"), True),
    ("M2", "202601", None): (D("1"), False),
    # EffectiveCost with an owner: none of 30; 2 of 8, all of 7.
    ("M1", "202512", "CNY"): (D("0"), False),
    ("M1", "202601", "CNY"): (D("0.25"), False),
    ("M1", "202601", "USD"): (D("1"), True),
    # Without an owner: 10 + 20 in the week to 3 January and nothing before; then 6 in the week to
    # the 12th, against those 30 in the week before; none in USD.
    ("M4", "202512", "CNY"): (None, None),
    ("M4", "202601", "CNY"): (D("-0.8"), True),
    ("M4", "202601", "USD"): (None, None),
    ("M5", "202512", None): (D("0"), True),
    ("M5", "202601", None): (D("0.25"), False),
    # 202601: of 20 rows in, 1 was rejected; 2 of 3 batches were published.
    ("M8", "202512", None): (D("0"), True),
    ("M8", "202601", None): (D("0.05"), False),
    ("batches_published", "202512", None): (D("1"), True),
    ("batches_published", "202601", None): (D("0.666667"), False),
    # Resources a, with all three attributes on one row, and b, with two.
    ("M14", "202601", None): (D("0.5"), False),
}


def test_measures_and_their_targets(told):
    found = told.query(
        "SELECT metric, yearmonth, BillingCurrency, value, met FROM focus_pipeline_metrics "
        "WHERE provider = 'alibaba' AND metric NOT IN ('M3', 'M11', 'delivery_late_hours')"
    )
    assert {tuple(row[:3]): tuple(row[3:]) for row in found} == MEASURES
    assert len(found) == len(MEASURES)


def test_targets_are_data(told):
    found = told.query(
        "SELECT DISTINCT metric, comparison, target, unit FROM focus_pipeline_metrics "
        "WHERE metric LIKE 'M%' ORDER BY 1"
    )
    assert found == [
        ("M1", ">=", D("0.95"), "ratio"),
        ("M10", "<", D("2"), "seconds"),
        ("M11", ">=", D("1"), "ratio"),
        ("M12", ">=", D("7"), "days"),
        ("M13", "<=", D("1.2"), "ratio"),
        ("M14", ">=", D("0.98"), "ratio"),
        ("M15", ">=", D("0.99"), "ratio"),
        ("M1_after_allocation", ">=", D("0.95"), "ratio"),
        ("M2", "<", D("1"), "hours"),
        ("M3", "<", D("0.01"), "ratio"),
        ("M4", "<=", D("0.2"), "ratio"),
        ("M5", "<", D("0.001"), "ratio"),
        ("M6", "", None, "actions"),
        ("M7", ">=", D("1"), "ratio"),
        ("M8", "<", D("0.005"), "ratio"),
        ("M9", "<", D("0.05"), "ratio"),
    ]


def test_a_measure_without_a_value_says_why_and_is_never_met(told):
    found = told.query(
        "SELECT metric, provider, reason FROM focus_pipeline_metrics "
        "WHERE value IS NULL AND (met IS NOT NULL OR reason IS NULL)"
    )
    assert found == []
    alone = told.query(
        "SELECT metric FROM focus_pipeline_metrics WHERE provider IS NULL AND value IS NULL "
        "ORDER BY 1"
    )
    assert [name for (name,) in alone] == [
        *("M10", "M12", "M13", "M15", "M1_after_allocation", "M6", "M7", "M9", "unallocated_share")
    ]


def test_runs_are_counted_for_the_whole_lake(tmp_path):
    """The second refresh knows of the first, and of one that failed."""
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", "20260131000000", [charge("2026-01-05", "1")])
    told = Deployed("duckdb", lake, {})
    assert refresh(*told.options()) == 0
    assert refresh(*told.options(), "--providers", "nobody") == 1
    assert refresh(*told.options()) == 0
    found = told.query(
        "SELECT provider, BillingCurrency, value, met FROM focus_pipeline_metrics "
        "WHERE metric = 'M15'"
    )
    assert found == [(None, None, D("0.5"), False)]
