"""Price steps and renames, on DuckDB and on Trino; values typed by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]


def used(day: str, price: str | None, quantity: str, **others) -> dict:
    """A charge at a list price; the contracted price is a tenth less unless given."""
    row = charge(day, "1", SkuId="s-1", SkuPriceId="p-1", RegionId="eu-1", PricingUnit="Hours")
    own = {
        "ListUnitPrice": D(price) if price else None,
        "PricingQuantity": D(quantity),
        "PricingCategory": "Standard",
    }
    return {**row, **own, **others}


def fill(lake: Lake) -> dict:
    """Three months: a price step, a step within a month, a new SKU, a correction, renames."""
    contracted = {"ContractedUnitPrice": D("2.25")}
    by_resource = {"SkuId": None, "SkuPriceId": None, "ResourceId": "i-1"}
    lake.batch(
        "alibaba",
        "202510",
        "20251101000000",
        [
            used("2025-10-05", "2", "10", ContractedUnitPrice=D("1.8"), SubAccountName="Shop"),
            used("2025-10-05", "5", "1", SkuPriceId="p-2", ServiceCategory="Compute"),
            used("2025-10-05", "0.000000000000000001", "1", **by_resource, SubAccountId="sub-2"),
            used("2025-10-06", "7", "1", SkuPriceId="p-7"),
            used("2025-10-06", "3", "4", SkuId="s-9", SkuPriceId="p-9", ServiceName="Old Name")
            | {"ServiceCategory": "Storage"},
        ],
    )
    lake.batch(
        "alibaba",
        "202511",
        "20251201000000",
        [
            # 3.5 of p-1 at 2.5 instead of 2, contracted 2.25 instead of 1.8.
            used("2025-11-05", "2.5", "1.25", **contracted, SubAccountName="Shop"),
            used("2025-11-06", "2.5", "2.25", **contracted, SubAccountName="Store"),
            # A step within the month.
            used("2025-11-05", "5", "1", SkuPriceId="p-2"),
            used("2025-11-20", "6", "1", SkuPriceId="p-2"),
            # A billion at one unit of the last place more.
            used("2025-11-05", "0.000000000000000002", "1000000000", **by_resource)
            | {"SubAccountId": "sub-3", "SubAccountName": "Blank"},
            # Only a correction has another price, and a price that was not delivered is not a step.
            used("2025-11-05", "8", "1", SkuPriceId="p-7", ChargeClass="Correction"),
            used("2025-11-05", "7", "1", SkuPriceId="p-7"),
            used("2025-11-05", "1", "1", SkuId="s-new", SkuPriceId="p-new"),
            used("2025-11-06", "3", "4", SkuId="s-9", SkuPriceId="p-9", ServiceName="New Name"),
        ],
    )
    lake.batch(
        "alibaba",
        "202512",
        "20260101000000",
        [
            used("2025-12-05", "2.5", "3", **contracted, SubAccountName="Store"),
            used("2025-12-05", "6", "2", SkuPriceId="p-2"),
            used("2025-12-05", None, "2", SkuPriceId="p-7"),
            used("2025-12-05", "1", "1", SkuId="s-new", SkuPriceId="p-new", SubAccountId=" "),
            used("2025-12-05", "3", "1", SkuId="s-9", SkuPriceId="p-9", ServiceName="New Name")
            | {"SubAccountId": "sub-4", "SubAccountName": "Blank"},
        ],
    )
    return {}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, fill, "prices")


def test_a_price_step_is_shown_with_the_money_at_this_months_quantity(told):
    found = told.query(
        "SELECT yearmonth, x_PreviousMonth, SkuPriceId, ResourceId, x_ListUnitPriceBefore, "
        "ListUnitPrice, x_ListUnitPriceChange, x_ContractedUnitPriceBefore, ContractedUnitPrice, "
        "x_ContractedUnitPriceChange, PricingQuantity, x_ListCostChange, x_ContractedCostChange, "
        "x_Reason FROM focus_price_changes ORDER BY yearmonth, SkuPriceId"
    )
    last = D("0.000000000000000001")
    assert found == [
        ("202511", "202510", "p-1", None, D("2"), D("2.5"), D("0.25"), D("1.8"), D("2.25"))
        + (D("0.25"), D("3.5"), D("1.75"), D("1.575"), None),
        ("202511", "202510", "p-2", None, D("5"), None, None, None, None, None, D("2"))
        + (None, None, "several_prices"),
        ("202511", "202510", None, "i-1", last, 2 * last, D("1"), None, None, None)
        + (D("1000000000"), D("0.000000001"), None, None),
        ("202512", "202511", "p-2", None, None, D("6"), None, None, None, None, D("2"))
        + (None, None, "several_prices"),
    ]


def test_renames_are_seen_with_the_days_of_both_names(told):
    found = told.query(
        "SELECT x_Kind, x_Change, x_Id, x_Name, x_Before, x_After, x_BeforeFirstSeen, "
        "x_BeforeLastSeen, x_FirstSeen, x_LastSeen, x_Overlaps, x_MappingBroken "
        "FROM focus_renames ORDER BY x_Kind, x_Change, x_Id"
    )
    sub, new = "sub_account", date(2025, 12, 5)
    assert found == [
        ("service", "name_changed", "s-9", "New Name", "Old Name", "New Name")
        + (date(2025, 10, 6), date(2025, 10, 6), date(2025, 11, 6), new, False, True),
        (sub, "id_changed", "sub-4", "Blank", "sub-3", "sub-4")
        + (date(2025, 11, 5), date(2025, 11, 5), new, new, False, False),
        (sub, "name_changed", "sub-1", "Store", "Shop", "Store")
        + (date(2025, 10, 5), date(2025, 11, 5), date(2025, 11, 6), new, False, False),
    ]
