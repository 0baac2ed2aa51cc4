"""Whose month: charges by their own billing month, whatever folder they came in; values by hand."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy, on_duckdb
from helpers.lakes import Lake, charge, declare

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
JANUARY, FEBRUARY = datetime(2026, 1, 1), datetime(2026, 2, 1)


def of(month: datetime, day: str, billed: str, **others) -> dict:
    others = {"BillingPeriodStart": month, "BillingCurrency": "EUR", **others}
    return charge(day, billed, x_Export="tenancy", **others)


def oracle(lake: Lake) -> dict:
    """A January charge of 31 in a report of February; one charge that names no month.

    Files of reports that hold no January can not be read at all. The ledger tells the months of
    every report but that of 31 January, as a lake from before has it.
    """
    january = [of(JANUARY, "2026-01-31", "30")]
    lake.batch("oci", "202601", "20260131000000", january)
    mixed = [
        of(JANUARY, "2026-01-31T22:00", "31"),
        of(FEBRUARY, "2026-02-01", "5"),
        of(None, "2026-02-01", "2"),
    ]
    lake.batch("oci", "202602", "20260201000000", mixed, **months({"202601": 1, "202602": 2}))
    february = [of(FEBRUARY, "2026-02-02", "7")]
    lake.batch("oci", "202602", "20260202000000", february, **months({"202602": 1}))
    march = [of(FEBRUARY, "2026-02-28", "11"), of(datetime(2026, 3, 1), "2026-03-01", "13")]
    lake.batch("oci", "202603", "20260301000000", march, **months({"202602": 1, "202603": 1}))
    rates = lake.root / "reference" / "fx_rates" / "rates.csv"
    rates.parent.mkdir(parents=True)
    rates.write_text("from,to,valid_from,rate\nEUR,USD,2026-01-01,0.9\nEUR,USD,2026-02-01,0.8\n")
    return {"202601": D(61), "202602": D(25), "202603": D(13)}


def months(counts: dict) -> dict:
    return {"billing_months": counts}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, oracle, "oracle")


VIEWS = ["focus_oci", "focus_unified", "focus_daily", "focus_daily_cost", "focus_monthly_cost"]
CONVERTED = ["focus_unified_converted", "focus_monthly_cost_converted"]


@pytest.mark.parametrize("view", VIEWS + CONVERTED)
def test_a_charge_is_in_its_own_billing_month(told, view):
    found = told.query(f"SELECT x_BillingMonth, SUM(BilledCost) FROM {view} GROUP BY 1")
    assert dict(found) == told.sums


def test_the_folders_month_stays_what_it_was(told):
    found = told.query("SELECT yearmonth, SUM(BilledCost) FROM focus_monthly_cost GROUP BY 1")
    assert dict(found) == {"202601": D(30), "202602": D(45), "202603": D(24)}


def test_a_charge_is_converted_at_the_rate_of_its_own_month(told):
    """31 x 0.9, not 31 x 0.8."""
    found = told.query(
        "SELECT x_BilledCostConverted, x_FxRate FROM focus_unified_converted WHERE BilledCost = 31"
    )
    assert found == [(D("27.9"), D("0.9"))]


def test_shares_and_attributes_go_by_the_billing_month(told):
    tags = told.query(
        "SELECT x_BillingMonth, SUM(BilledCost) FROM focus_cost_by_tag "
        "WHERE x_Attribute = 'x_Owner' GROUP BY 1"
    )
    assert dict(tags) == told.sums
    coverage = told.query(
        "SELECT yearmonth, x_BillingMonth, EffectiveCost FROM focus_tag_coverage "
        "WHERE x_Attribute = 'x_Owner'"
    )
    assert {(month, month, cost) for month, cost in told.sums.items()} == set(coverage)


# --- a filter on it still prunes


def told_by_month(lake: Lake) -> dict:
    """As Oracle's, with a ledger that tells every month."""
    sums = oracle(lake)
    path = lake.root / "ledger/oci/202601.jsonl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"billing_months":{}', '"billing_months":{"202601":1}'))
    return sums


def poison(lake: Lake) -> None:
    """What holds no charge of January is not Parquet any more."""
    for month, day in (("202602", "20260202"), ("202603", "20260301")):
        folder = lake.root / "normalized/oci" / f"yearmonth={month}" / f"batch_ts={day}000000"
        (file,) = folder.rglob("*.parquet")
        file.write_bytes(b"p" * file.stat().st_size)


@pytest.mark.trino
@pytest.mark.parametrize("view", VIEWS)
def test_a_filter_on_the_billing_month_opens_no_other_file_on_trino(pruned_on_trino, view):
    sql = f"SELECT SUM(BilledCost) FROM {view} WHERE x_BillingMonth = '202601'"
    assert pruned_on_trino.query(sql) == [(D(61),)]


@pytest.fixture(scope="module")
def pruned_on_trino(request, tmp_path_factory) -> Deployed:
    told = deploy("trino", request, tmp_path_factory, told_by_month, "poisoned")
    poison(told.lake)  # the refresh has read every month, for its measures
    return told


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("told", ["duckdb"], indirect=True)
def test_a_filter_on_the_billing_month_opens_no_other_file_on_duckdb(told, view):
    """Its plan is asked: DuckDB looks into every footer before it plans."""
    sql = f"SELECT SUM(BilledCost) FROM {view} WHERE x_BillingMonth = '{{}}'"
    plans = [
        str(on_duckdb(told.lake.root, f"EXPLAIN ANALYZE {sql.format(month)}", told.database))
        for month in ("202601", "202603")
    ]
    opened = [set(re.findall(r"batch_ts=(\d{8})", plan)) for plan in plans]
    assert opened == [{"20260131", "20260201"}, {"20260131", "20260301"}]


# --- zones


def beijing(lake: Lake) -> dict:
    """Increments in Beijing time: January begins at 16:00 UTC on 31 December."""
    rows = [
        charge("2025-12-31", "1", BillingPeriodStart=datetime(2025, 11, 30, 16)),
        charge("2026-01-05", "10", BillingPeriodStart=datetime(2025, 12, 31, 16)),
        charge("2026-01-06", "100", BillingPeriodStart=datetime(2025, 12, 31, 15, 59)),
    ]
    lake.batch("mine", "202601", "20260106000000", rows)
    return {"202512": D(101), "202601": D(10)}


@pytest.mark.parametrize("engine", BOTH)
def test_the_month_is_the_providers_own(engine, request, tmp_path_factory, tmp_path):
    declared = declare(tmp_path / "declared", "mine", "increment", months="any")
    options = ["--declarations", declared]
    told = deploy(engine, request, tmp_path_factory, beijing, "beijing", options)
    found = told.query("SELECT x_BillingMonth, SUM(BilledCost) FROM focus_unified GROUP BY 1")
    assert dict(found) == told.sums
    local = told.query(
        "SELECT BillingPeriodStart, BillingPeriodEnd, SUM(BilledCost) FROM focus_v1_0_local "
        "GROUP BY 1, 2 ORDER BY 1"
    )
    december, january, february = (datetime(2025, 12, 1), datetime(2026, 1, 1), FEBRUARY)
    assert local == [(december, january, D(101)), (january, february, D(10))]


def alibaba(lake: Lake) -> None:
    """Alibaba's January: it begins at 16:00 UTC on 31 December."""
    january = datetime(2025, 12, 31, 16)
    first = charge("2025-12-31T16:00", "3", BillingPeriodStart=january)
    first |= {"ChargePeriodEnd": datetime(2025, 12, 31, 17)}
    lake.batch("alibaba", "202601", "20260131000000", [first])


@pytest.mark.parametrize("engine", BOTH)
def test_published_queries_find_a_providers_own_month_in_the_local_views(
    engine, request, tmp_path_factory
):
    told = deploy(engine, request, tmp_path_factory, alibaba, "own_month")
    sql = (
        "SELECT MONTH(BillingPeriodStart), BilledCost, ChargePeriodStart, ChargePeriodEnd FROM {} "
        "WHERE BillingPeriodStart >= TIMESTAMP '2026-01-01 00:00:00' "
        "AND BillingPeriodEnd <= TIMESTAMP '2026-02-01 00:00:00'"
    )
    assert told.query(sql.format("focus_v1_2")) == []
    hours = datetime(2026, 1, 1), datetime(2026, 1, 1, 1)
    assert told.query(sql.format("focus_v1_2_local")) == [(1, D(3), *hours)]
