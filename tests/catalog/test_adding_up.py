"""Any small bill: grouped views add up to its rows, shares stay shares, no credit makes a pass.

The lakes of the examples have one layout, so the catalog is deployed once; views read whatever
files lie there. Expected values are worked out here, in decimals, from the rows.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

BOTH = [
    pytest.param("duckdb", marks=pytest.mark.slow),
    pytest.param("trino", marks=pytest.mark.trino),
]
EIGHT = timedelta(hours=8)
JANUARY, FEBRUARY = datetime(2026, 1, 1), datetime(2026, 2, 1)
# (provider, yearmonth, batch_ts, export) -> hours its zone is ahead of UTC. Alibaba's first push is
# superseded for the export "a" alone; Oracle's reports hold charges of any month.
FILES = {
    ("alibaba", "202601", "20260131000000", "a"): EIGHT,
    ("alibaba", "202601", "20260131000000", "b"): EIGHT,
    ("alibaba", "202601", "20260201000000", "a"): EIGHT,
    ("oci", "202601", "20260131000000", "t"): timedelta(0),
    ("oci", "202602", "20260201000000", "t"): timedelta(0),
}
SUPERSEDED = ("alibaba", "202601", "20260131000000", "a")
OWNERS = {None: None, "": None, " ": None, "\u3000\t": None, "Mei": "Mei", "负责人": "负责人"}
NAMES = [None, "", "Team A", "Team B"]
IDS = [None, "", " ", "s1"]
amounts = st.integers(-3000, 3000).map(lambda cents: D(cents) / 100)
rows = st.fixed_dictionaries(
    {
        "billed": amounts,
        "EffectiveCost": st.one_of(st.none(), amounts),
        "ListCost": st.one_of(st.none(), amounts),
        "ChargeCategory": st.sampled_from(
            ["Usage", "Usage", "Purchase", "Credit", "Adjustment", "Tax", None]
        ),
        "ChargeClass": st.sampled_from([None, None, "Correction"]),
        "CommitmentDiscountId": st.sampled_from([None, None, "c1"]),
        "BillingCurrency": st.sampled_from(["USD", "CNY"]),
        "x_Owner": st.sampled_from(list(OWNERS)),
        "SubAccountId": st.sampled_from(IDS),
        "SubAccountName": st.sampled_from(NAMES),
        "RegionName": st.sampled_from([None, "Paris"]),
        "ServiceCategory": st.sampled_from([None, "Compute"]),
        "ResourceId": st.sampled_from([None, "r1", "r2"]),
        "hour": st.integers(0, 24 * 40) | st.just(24 * 400),
        "next_month": st.sampled_from([None, False, False, True]),
    }
)
bills = st.lists(st.tuples(st.sampled_from(list(FILES)), rows), max_size=12)


def made(where: tuple, values: dict) -> dict:
    """A row as its file has it; Alibaba's billing months begin at 16:00 UTC the day before."""
    provider, ahead, others = where[0], FILES[where], dict(values)
    billed, hour, later = others.pop("billed"), others.pop("hour"), others.pop("next_month")
    month = FEBRUARY if later and provider == "oci" else JANUARY
    start = JANUARY - ahead + timedelta(hours=hour)
    cost = others.pop("EffectiveCost")
    return charge(
        "2026-01-01",
        str(billed),
        x_Export=where[3],
        **others,
        EffectiveCost=None if cost is None else str(cost),
        ChargePeriodStart=start,
        ChargePeriodEnd=start + timedelta(hours=1),
        BillingPeriodStart=None if later is None else month - ahead,
    )


def month_of(where: tuple, row: dict) -> str:
    start = row["BillingPeriodStart"]
    return f"{start + FILES[where]:%Y%m}" if start else where[1]


def put(lake: Lake, bill: list) -> list[tuple]:
    """The bill as the lake's files; its live rows as (provider, month, row)."""
    shown = [(where, made(where, values)) for where, values in bill]
    for provider, yearmonth, batch_ts in dict.fromkeys(where[:3] for where in FILES):
        here = [row for where, row in shown if where[:3] == (provider, yearmonth, batch_ts)]
        lake.data(provider, yearmonth, batch_ts, here)
    return [(w[0], month_of(w, row), row) for w, row in shown if w != SUPERSEDED]


def empty(lake: Lake) -> None:
    for provider, yearmonth, batch_ts in dict.fromkeys(where[:3] for where in FILES):
        exports = [where[3] for where in FILES if where[:3] == (provider, yearmonth, batch_ts)]
        lake.data(provider, yearmonth, batch_ts, [])
        lake.line(
            provider,
            yearmonth,
            batch_ts,
            exports=exports,
            export_rows=dict.fromkeys(exports, 0),
            delivered_at="2026-02-01T12:00:00.000Z",
        )


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, empty, "adding_up")


def added(live: list[tuple], of) -> dict:
    """of(provider, month, row) -> sums of billed and effective cost, and the count."""
    found: dict = defaultdict(lambda: [None, None, 0])
    for provider, month, row in live:
        sums = found[of(provider, month, row)]
        for place, cost in enumerate(("BilledCost", "EffectiveCost")):
            if row[cost] is not None:
                sums[place] = (sums[place] or D(0)) + row[cost]
        sums[2] += 1
    return {key: tuple(sums) for key, sums in found.items()}


def seen(told: Deployed, view: str, keys: str, where: str = "TRUE") -> dict:
    sums = "SUM(BilledCost), SUM(EffectiveCost), SUM(x_RowCount)"
    found = told.query(f"SELECT {sums}, {keys} FROM {view} WHERE {where} GROUP BY {keys}")
    return {row[3:]: tuple(row[:3]) for row in found}


KEYS = "x_Provider, x_BillingMonth, BillingCurrency"
GROUPED = [
    "focus_daily",
    "focus_daily_cost",
    "focus_monthly_cost",
    "focus_monthly_cost_converted",
]
NAMED = "SubAccountId, SubAccountName, RegionName"


def group(provider: str, month: str, row: dict) -> tuple:
    return provider, month, row["BillingCurrency"]


def named(provider: str, month: str, row: dict) -> tuple:
    """What a grouped row speaks for: an account and a region, by id and by name."""
    names = (row["SubAccountId"], row["SubAccountName"], row["RegionName"])
    return *group(provider, month, row), *names


def check_sums(told: Deployed, live: list[tuple]) -> None:
    expected = added(live, group)
    rows_of = told.query(f"SELECT {KEYS}, COUNT(*) FROM focus_unified GROUP BY 1, 2, 3")
    assert {row[:3]: row[3] for row in map(tuple, rows_of)} == {
        key: sums[2] for key, sums in expected.items()
    }
    for view in GROUPED:
        assert seen(told, view, KEYS) == expected, view
        assert seen(told, view, f"{KEYS}, {NAMED}") == added(live, named), view
    owner = "x_Attribute = 'x_Owner'"
    assert seen(told, "focus_cost_by_tag", KEYS, owner) == expected
    owners = added(live, lambda p, m, row: (*group(p, m, row), OWNERS[row["x_Owner"]]))
    assert seen(told, "focus_cost_by_tag", f"{KEYS}, x_Value", owner) == owners


def share(live: list[tuple], key: tuple, charges) -> D | None:
    """Owned cost above zero against all of it, of the charges asked for."""
    mine = [row for p, m, row in live if group(p, m, row) == key and charges(row)]
    mine = [row for row in mine if (row["EffectiveCost"] or 0) > 0]
    whole = sum((row["EffectiveCost"] for row in mine), D(0))
    owned = sum((row["EffectiveCost"] for row in mine if OWNERS[row["x_Owner"]]), D(0))
    return owned / whole if whole else None


def check_shares(told: Deployed, live: list[tuple]) -> None:
    for value, reason in told.query("SELECT x_Coverage, x_Reason FROM focus_tag_coverage"):
        assert (value is None) == (reason is not None)
        assert value is None or 0 <= value <= 1
    gaps = "x_FilledRowShare, x_UnmappedRowShare, x_FilledCostShare, x_UnmappedCostShare"
    for *shares, reason in told.query(f"SELECT {gaps}, x_Reason FROM focus_mapping_gaps"):
        assert all(value is None or 0 <= value <= 1 for value in shares)
        assert all(value is None for value in shares[2:]) or reason is None
    measures = told.query(
        "SELECT metric, provider, yearmonth, BillingCurrency, value, met, reason "
        "FROM focus_pipeline_metrics WHERE metric IN ('M1', 'M4', 'M14')"
    )
    for metric, provider, month, currency, value, met, reason in measures:
        assert metric == "M4" or value is None or 0 <= value <= 1
        assert value is not None or reason is not None
        if metric != "M1":
            continue
        key = (provider, month, currency)
        without_tax = share(live, key, lambda row: row["ChargeCategory"] != "Tax")
        assert (value is None) == (without_tax is None)
        assert value is None or abs(value - without_tax) < D("0.000001")
        gross = share(live, key, lambda row: True)
        assert not met or gross >= D("0.95") or reason is not None


@given(bill=bills)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
def test_any_bill_adds_up_and_is_judged_by_what_was_charged(told, bill):
    live = put(told.lake, bill)
    check_sums(told, live)
    check_shares(told, live)
