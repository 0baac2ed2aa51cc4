"""Measures that a credit, a date to come, a half day or a second site cannot fool; by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
TS = "20260201000000"
FULL = {"x_Owner": "Mei", "x_CostCenter": "4711", "x_Environment": "prod"}


def everything(lake: Lake) -> None:
    lake.batch("alibaba", "202601", TS, [*shares(), *gaps()])
    refused = {"status": "rejected", "rows_in": 3}
    lake.line("alibaba", "202601", TS, exports=["100_1"], **refused)
    lake.batch("aws", "202601", TS, [*steady(), hour("2026-01-21", "1")])
    lake.batch(
        "gcp", "202601", TS, [*days(1, 7, "10"), *days(8, 14, "13"), hour("2026-01-15", "1")]
    )
    lake.batch("azure", "202601", TS, [*days(1, 14, "10"), charge("2026-12-31", "10")])
    apart = [*days(1, 20, "10"), *days(1, 14, "10", x_Export="200_1")]
    lake.batch("datacenter", "202601", TS, apart)
    credits = days(1, 7, "-10", ChargeCategory="Credit")
    lake.batch("oci", "202601", TS, [*credits, *days(8, 14, "10")])
    lake.batch("ai_spend", "202601", TS, resources())


def days(first: int, last: int, cost: str, **others) -> list[dict]:
    return [charge(f"2026-01-{day:02d}", cost, **others) for day in range(first, last + 1)]


def hour(day: str, cost: str) -> dict:
    return charge(day, cost, ChargePeriodEnd=datetime.fromisoformat(day) + timedelta(hours=1))


def steady() -> list[dict]:
    """24 a day until the 20th, of which the subscription of a month is a part."""
    whole = datetime(2026, 1, 1), datetime(2026, 2, 1)
    month = {"ChargePeriodStart": whole[0], "ChargePeriodEnd": whole[1], "x_Owner": "Mei"}
    return [*days(1, 20, "24"), charge("2026-01-01", "300", **month)]


def shares() -> list[dict]:
    """Owned 80 and unowned 20 in four currencies, with what must not lift the share."""
    rows = []
    for currency in ("USD", "EUR", "GBP"):
        rows += [priced(currency, "80", x_Owner="Mei"), priced(currency, "20")]
    rows += [priced("USD", "-20", ChargeCategory="Credit")]
    rows += [priced("EUR", "-30", ChargeCategory="Credit")]
    rows += [priced("GBP", "25", ChargeCategory="Tax")]
    rows += [priced("HKD", "-5", ChargeCategory="Credit", x_Owner="Mei")]
    rows += [priced("INR", "5", EffectiveCost=None)]
    return rows


def priced(currency: str, cost: str, **others) -> dict:
    others = {"BillingCurrency": currency, "ServiceCategory": "Compute", **others}
    return charge("2026-01-05", cost, **others)


def gaps() -> list[dict]:
    """10 without a category, and a credit of 9 that has one; a month of credits only."""
    return [
        priced("JPY", "10", ServiceCategory=None),
        priced("JPY", "-9", ChargeCategory="Credit"),
        priced("KRW", "-3", ServiceCategory=None),
    ]


def resources() -> list[dict]:
    """web-1 in two accounts, of which one is tagged; the same once more in accounts with names."""
    named = {"SubAccountId": None, "ResourceId": "db-1"}
    return [
        charge("2026-01-05", "1", ResourceId="web-1", SubAccountId="a", **FULL),
        charge("2026-01-05", "1", ResourceId="web-1", SubAccountId="b"),
        charge("2026-01-05", "1", SubAccountName="Team A", **named, **FULL),
        charge("2026-01-05", "1", SubAccountName="Team B", **named, **{**FULL, "x_Owner": " "}),
    ]


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, everything, "measures")


def measure(told: Deployed, metric: str, provider: str) -> dict:
    found = told.query(
        "SELECT BillingCurrency, value, met, reason FROM focus_pipeline_metrics "
        f"WHERE metric = '{metric}' AND provider = '{provider}'"
    )
    assert len(found) == len({row[0] for row in found})
    return {row[0]: row[1:] for row in found}


def test_a_credit_lifts_no_coverage_and_tax_stands_apart(told):
    some = "without credits and tax, see focus_tag_coverage"
    found = measure(told, "M1", "alibaba")
    assert {currency: found[currency] for currency in ("USD", "EUR", "GBP", "HKD", "INR")} == {
        "USD": (D("0.8"), False, some),
        "EUR": (D("0.8"), False, some),
        "GBP": (D("0.8"), False, some),
        "HKD": (None, None, "no charge above zero but tax"),
        "INR": (None, None, "no EffectiveCost"),
    }
    apart = told.query(
        "SELECT x_ChargedEffectiveCost, x_TaxEffectiveCost, EffectiveCost FROM focus_tag_coverage "
        "WHERE x_Attribute = 'x_Owner' AND BillingCurrency = 'GBP'"
    )
    assert apart == [(D(100), D(25), D(125))]


def test_a_share_of_unmapped_cost_is_at_most_one(told):
    found = told.query(
        "SELECT BillingCurrency, BilledCost, x_UnmappedBilledCost, x_UnmappedCostShare, x_Reason "
        "FROM focus_mapping_gaps WHERE BillingCurrency IN ('JPY', 'KRW') ORDER BY 1"
    )
    assert found == [
        ("JPY", D(1), D(10), D(1), None),
        ("KRW", D(-3), D(-3), None, "no cost above zero"),
    ]


def test_the_trend_counts_complete_days_only(told):
    assert measure(told, "M4", "aws") == {"CNY": (D(0), True, None)}
    assert measure(told, "M4", "gcp") == {"CNY": (D("0.3"), False, None)}


def test_a_charge_dated_ahead_does_not_silence_the_trend(told):
    assert measure(told, "M4", "azure") == {"CNY": (D(0), True, None)}


def test_sites_that_are_days_apart_are_compared_each_with_itself(told):
    assert measure(told, "M4", "datacenter") == {"CNY": (D(0), True, None)}


def test_a_week_of_credits_is_nothing_to_compare_with(told):
    reason = "no unowned charge in the week before"
    assert measure(told, "M4", "oci") == {"CNY": (None, None, reason)}


def test_a_resource_is_one_of_its_account(told):
    assert measure(told, "M14", "ai_spend") == {None: (D("0.5"), False, None)}


def test_a_batch_that_is_published_and_refused_counts_once(told):
    (found,) = measure(told, "batches_published", "alibaba").values()
    assert found[:2] == (D(1), True)
    assert "refused when it was read again" in found[2]


def test_freshness_goes_back_to_the_last_charge_that_had_ended(told):
    """Azure's has a charge of 31 December: from the 15th, 0:00, to 1 February, 03:04:05.123."""
    (found,) = measure(told, "export_freshness_hours", "azure").values()
    assert found == (D("411.068090"), False, None)


# --- the ledger's side: versions, sites, and what was published since


def ledger(lake: Lake) -> None:
    old = [charge("2026-01-05", "1", x_Export="x") for _ in range(9)]
    new = [charge("2026-01-06", "1", x_Export="x")]
    nulls = {"BilledCost": 0}
    lake.batch("oci", "202601", "20260105000000", old, delivered_nulls=nulls, focus_version="1.0")
    nulls = {"BilledCost": 0, "InvoiceId": 0}
    lake.batch("oci", "202601", "20260106000000", new, delivered_nulls=nulls, focus_version="1.2")
    broken = {
        "rule": "focus-not-null",
        "column_name": "RegionName",
        "BillingCurrency": "CNY",
        "row_count": 1,
        "BilledCost": "5",
        "examples": [],
    }
    site = [charge("2026-01-05", "5", x_Export="one")]
    lake.batch("alibaba", "202601", "20260110000000", site, conformance=[broken])
    late = {"charge_period_end_max": "2026-12-31T00:00:00.000Z"}
    other = [charge("2026-01-05", "3", x_Export="two"), charge("2026-12-30", "3", x_Export="two")]
    lake.batch("alibaba", "202602", "20260210000000", other, **late)


@pytest.fixture(scope="module", params=BOTH)
def kept(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, ledger, "ledger")


def test_a_column_of_one_row_in_ten_is_present_in_a_tenth(kept):
    found = kept.query(
        "SELECT column_name, row_count, populated_rows, share, level FROM focus_columns_present "
        "WHERE provider = 'oci' ORDER BY 1"
    )
    assert found == [
        ("BilledCost", 10, 10, D(1), "Mandatory"),
        ("InvoiceId", 10, 1, D("0.1"), "Recommended"),
    ]


def test_a_gap_stays_open_until_its_own_site_delivers_a_month_without_it(kept):
    assert kept.query("SELECT rule, still_open FROM focus_conformance") == [
        ("focus-not-null", True)
    ]


def test_freshness_leaves_out_what_is_dated_ahead(kept):
    """From the end of 5 January to 2026-02-01T03:04:05.123Z: 26 days and some hours."""
    found = kept.query(
        "SELECT value, met FROM focus_pipeline_metrics "
        "WHERE metric = 'export_freshness_hours' AND provider = 'alibaba' AND yearmonth = '202602'"
    )
    assert found == [(D("627.068090"), False)]


STATE = [
    "SELECT * FROM focus_live_batches ORDER BY provider, yearmonth, batch_ts",
    "SELECT * FROM focus_live_exports ORDER BY provider, yearmonth, batch_ts, export",
    "SELECT provider, metric, value FROM focus_pipeline_metrics "
    "WHERE metric IN ('focus_rows_exported', 'M5', 'focus_columns_present') ORDER BY 1, 2, 3",
    "SELECT x_Provider, COUNT(*), SUM(BilledCost) FROM focus_unified GROUP BY 1 ORDER BY 1",
]


@pytest.mark.parametrize("engine", BOTH)
def test_what_is_published_since_the_refresh_is_in_no_view_and_in_no_measure(
    engine, request, tmp_path_factory
):
    told = deploy(engine, request, tmp_path_factory, ledger, "meanwhile")
    before = [told.query(sql) for sql in STATE]
    site = [charge("2026-01-05", "50", x_Export="one"), charge("2026-01-06", "5", x_Export="one")]
    told.lake.batch("alibaba", "202601", "20260111000000", site)
    assert [told.query(sql) for sql in STATE] == before
    assert refresh(*told.options()) == 0
    after = told.query(STATE[0])
    assert [row[2] for row in after if row[0] == "alibaba"] == ["20260111000000", "20260210000000"]
