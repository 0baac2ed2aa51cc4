"""Names that do not merge, blank owners, commitments bought, used and refunded; values by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
TS = "20260131000000"
NO_IDS = {"SubAccountId": None, "BillingAccountId": None, "RegionId": None}
WIDE, ZERO_WIDTH, NO_BREAK = "\u3000", "\u200b", "\u00a0"


def vendor(lake: Lake) -> None:
    """Names without ids, in USD; an id with two names, in EUR."""
    rows = [
        charge("2026-01-05", "100", SubAccountName="Team A", RegionName="Paris", **NO_IDS),
        charge("2026-01-05", "1", SubAccountName="Team B", RegionName="Lyon", **NO_IDS),
        charge("2026-01-05", "0.5", BillingAccountName="Lab", **{**NO_IDS, "SubAccountId": " "}),
    ]
    renamed = [
        charge("2026-01-05", "3", SubAccountId="s", SubAccountName=name, BillingCurrency="EUR")
        for name in ("old", "new")
    ]
    lake.batch("ai_spend", "202601", TS, [{**row, "BillingCurrency": "USD"} for row in rows])
    lake.batch("datacenter", "202601", TS, renamed)


def owners(lake: Lake) -> None:
    """Of 10 in HKD, 3 have an owner; the others have texts that nobody can see."""
    blank = [" ", "", "\t\n", WIDE, ZERO_WIDTH, NO_BREAK, None]
    rows = [charge("2026-01-05", "1", x_Owner=owner) for owner in blank]
    rows += [charge("2026-01-05", "1", x_Owner=owner) for owner in (" Mei ", "负责人", "~")]
    lake.batch("azure", "202601", TS, [{**row, "BillingCurrency": "HKD"} for row in rows])


def bought(category: str, currency: str, list_cost: str, billed: str, commitment=None, **others):
    return charge(
        "2026-01-05",
        billed,
        ChargeCategory=category,
        BillingCurrency=currency,
        EffectiveCost=others.pop("effective", "0"),
        ListCost=list_cost,
        ContractedCost=list_cost,
        CommitmentDiscountId=commitment,
        **others,
    )


def commitments(lake: Lake) -> dict:
    """Currency -> what its ListCost and ContractedCost must be."""
    rows = [
        # A licence that costs nothing is not a commitment.
        bought("Purchase", "AUD", "100", "0"),
        # A commitment and its use: the usage alone has list cost.
        bought("Purchase", "BRL", "1200", "900", "c1"),
        bought("Usage", "BRL", "110", "0", "c1", effective="75"),
        # The same, refunded as an Adjustment.
        bought("Purchase", "CAD", "1200", "900", "c2"),
        bought("Usage", "CAD", "110", "0", "c2", effective="75"),
        bought("Adjustment", "CAD", "-1200", "-900", "c2"),
        # Azure's usage of a reservation has none: the purchase has it.
        bought("Purchase", "DKK", "1200", "900", "c3"),
        bought("Usage", "DKK", "0", "0", "c3", effective="75"),
        # Not used in its month; paid for and named by no commitment.
        bought("Purchase", "EUR", "1200", "900", "c4"),
        bought("Purchase", "FJD", "1200", "900"),
        # Bought outright; free usage; tax on a commitment.
        bought("Purchase", "GBP", "100", "90", effective="90"),
        bought("Usage", "HUF", "7", "0"),
        bought("Tax", "INR", "5", "5", "c5", effective="0"),
    ]
    lake.batch("aws", "202601", TS, rows)
    return {"AUD": 100, "BRL": 110, "CAD": 110, "DKK": 1200, "EUR": 0, "FJD": 0} | {
        "GBP": 100,
        "HUF": 7,
        "INR": 5,
    }


def everything(lake: Lake) -> dict:
    vendor(lake)
    owners(lake)
    rates = lake.root / "reference" / "fx_rates" / "rates.csv"
    rates.parent.mkdir(parents=True)
    listed = commitments(lake)
    lines = [f"{currency},USD,2026-01-01,2\n" for currency in listed]
    rates.write_text("from,to,valid_from,rate\n" + "".join(lines))
    return listed


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, everything, "cost_views")


GROUPED = ["focus_daily_cost", "focus_monthly_cost", "focus_monthly_cost_converted"]


@pytest.mark.parametrize("view", GROUPED)
def test_names_without_ids_stay_apart(told, view):
    found = told.query(
        "SELECT SubAccountName, RegionName, BillingAccountName, BilledCost "
        f"FROM {view} WHERE x_Provider = 'ai_spend'"
    )
    assert set(found) == {
        ("Team A", "Paris", None, D(100)),
        ("Team B", "Lyon", None, D(1)),
        (None, None, "Lab", D("0.5")),
    }


@pytest.mark.parametrize("view", GROUPED)
def test_no_row_speaks_for_two_names_of_an_id(told, view):
    found = told.query(
        f"SELECT SubAccountId, SubAccountName, BilledCost FROM {view} WHERE BillingCurrency = 'EUR'"
        " AND x_Provider = 'datacenter'"
    )
    assert set(found) == {("s", "old", D(3)), ("s", "new", D(3))}


def test_an_owner_nobody_can_see_is_none_in_every_view(told):
    hkd = "FROM {} WHERE BillingCurrency = 'HKD' AND {}"
    for view in ("focus_azure", "focus_unified", "focus_unified_converted"):
        query = hkd.format(view, "x_Owner IS NULL")
        assert told.query(f"SELECT SUM(EffectiveCost), COUNT(*) {query}") == [(D(7), 7)]
    tagged = hkd.format("focus_cost_by_tag", "x_Attribute = 'x_Owner'")
    assert set(told.query(f"SELECT x_Value, EffectiveCost {tagged}")) == {
        (" Mei ", D(1)),
        ("负责人", D(1)),
        ("~", D(1)),
        (None, D(7)),
    }
    covered = hkd.format("focus_tag_coverage", "x_Attribute = 'x_Owner'")
    assert told.query(f"SELECT x_TaggedEffectiveCost, x_Coverage {covered}") == [(D(3), D("0.3"))]


@pytest.mark.parametrize("view", GROUPED)
def test_list_cost_is_counted_once_and_never_lost(told, view):
    found = told.query(
        f"SELECT BillingCurrency, SUM(ListCost), SUM(ContractedCost) FROM {view} "
        "WHERE x_Provider = 'aws' GROUP BY 1"
    )
    assert {row[0]: row[1:] for row in found} == {
        currency: (D(cost), D(cost)) for currency, cost in told.sums.items()
    }


def test_converted_list_cost_follows_the_same_rule(told):
    found = told.query(
        "SELECT BillingCurrency, SUM(x_ListCostConverted), SUM(x_ContractedCostConverted) "
        "FROM focus_monthly_cost_converted WHERE x_Provider = 'aws' GROUP BY 1"
    )
    assert {row[0]: row[1:] for row in found} == {
        currency: (D(2 * cost), D(2 * cost)) for currency, cost in told.sums.items()
    }
