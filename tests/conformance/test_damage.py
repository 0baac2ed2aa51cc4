"""Good rows damaged in one way at a time: the rule meant for it says so, and no other one."""

from __future__ import annotations

import pytest

from focus_lake import storage
from focus_lake.conformance import history
from focus_lake.conformance.findings import Conformance
from focus_lake.conformance.history import History
from focus_lake.lake.ledger import Ledger, Line
from focus_lake.spec import rules
from helpers.bills import counts, good, looked_at, plain


def set_(column: str, value: str, *rows: int):
    """Write value into column of these rows."""

    def damage(bill: list[dict]) -> list[dict]:
        for row in rows:
            bill[row][column] = value
        return bill

    return damage


def drop(column: str):
    return lambda bill: [{k: v for k, v in row.items() if k != column} for row in bill]


def rename(old: str, new: str):
    return lambda bill: [{new if k == old else k: v for k, v in row.items()} for row in bill]


def add(column: str, value: str):
    return lambda bill: [row | {column: value} for row in bill]


DAMAGE = {
    "a mandatory column is missing": (
        drop("ContractedCost"),
        {("focus-required-columns", "ContractedCost"): 4},
    ),
    "a mandatory column that may be null is missing": (
        drop("ChargeClass"),
        {
            ("focus-required-columns", "ChargeClass"): 4,
            # Without its class the correction looks like any row.
            ("focus-price-times-quantity", "ListCost"): 1,
        },
    ),
    "a column without x_ that is not of FOCUS": (
        rename("x_Note", "Note"),
        {("focus-custom-column-prefix", "Note"): 4},
    ),
    "a column of its own with a capital X": (
        rename("x_Note", "X_Note"),
        {("focus-custom-column-prefix", "X_Note"): 4},
    ),
    "a column name in lower case": (
        rename("RegionId", "regionid"),
        {("focus-column-name-case", "RegionId"): 4},
    ),
    "a column of a later version": (
        add("HostProviderName", "Cloud"),
        {("focus-version-declared", "x_SourceFocusVersion"): 4},
    ),
    "a column that may not be null is, in one row": (
        set_("EffectiveCost", "", 1),
        {("focus-not-null", "EffectiveCost"): 1},
    ),
    "a column that may not be null is, in every row": (
        set_("ServiceCategory", "", 0, 1, 2, 3),
        {("focus-not-null", "ServiceCategory"): 4},
    ),
    "a time that may not be null is": (
        set_("ChargePeriodEnd", "", 2),
        {("focus-not-null", "ChargePeriodEnd"): 1},
    ),
    "an amount is missing": (
        set_("BilledCost", "", 3),
        {("focus-amount-complete", "BilledCost"): 1},
    ),
    "the name of a currency in daily use": (
        set_("BillingCurrency", "RMB", 0, 1, 2, 3),
        {("focus-currency-iso4217", "BillingCurrency"): 4},
    ),
    "a currency in lower case": (
        set_("BillingCurrency", "eur", 0, 1, 2, 3),
        {("focus-currency-iso4217", "BillingCurrency"): 4},
    ),
    "a charge category of its own": (
        set_("ChargeCategory", "Refund", 1),
        {("focus-charge-class-categories", "ChargeCategory"): 1},
    ),
    "a charge class of its own": (
        set_("ChargeClass", "Normal", 1),
        {("focus-charge-class-categories", "ChargeClass"): 1},
    ),
    "a value in the wrong case": (
        set_("ChargeFrequency", "Usage-based", 0, 2),
        {("focus-allowed-values", "ChargeFrequency"): 2},
    ),
    "a value that is not allowed": (
        set_("ServiceCategory", "Machines", 0),
        {("focus-allowed-values", "ServiceCategory"): 1},
    ),
    "a subcategory that is not allowed": (
        set_("ServiceSubcategory", "Fast Machines", 0, 1, 2, 3),
        {("focus-allowed-values", "ServiceSubcategory"): 4},
    ),
    "a time without T and Z": (
        set_("ChargePeriodStart", "2026-01-05 00:00:00", 1, 2),
        {("focus-time-format", "ChargePeriodStart"): 2},
    ),
    "a time with another zone": (
        set_("BillingPeriodStart", "2026-01-01T08:00:00+08:00", 0),
        {
            ("focus-time-format", "BillingPeriodStart"): 1,
            ("focus-time-utc", "BillingPeriodStart"): 1,
        },
    ),
    "a charge that ends as it starts": (
        set_("ChargePeriodEnd", "2026-01-05T00:00:00Z", 3),
        {("focus-period-order", "ChargePeriodStart"): 1},
    ),
    "a billing period that ends before it starts": (
        set_("BillingPeriodEnd", "2025-02-01T00:00:00Z", 0, 1, 2, 3),
        {("focus-period-order", "BillingPeriodStart"): 4},
    ),
    "a list cost that is not price times quantity": (
        set_("ListCost", "4.001", 0),
        {("focus-price-times-quantity", "ListCost"): 1},
    ),
    "a contracted cost that is not price times quantity": (
        set_("ContractedUnitPrice", "1.4", 0, 1, 3),
        # The tax has no quantity.
        {("focus-price-times-quantity", "ContractedCost"): 2},
    ),
    "a negative unit price": (
        lambda bill: set_("ListCost", "-4", 0)(set_("ListUnitPrice", "-2", 0)(bill)),
        {("focus-unit-price-not-negative", "ListUnitPrice"): 1},
    ),
    "a quantity without a unit": (
        set_("ConsumedUnit", "", 0),
        {("focus-unit-with-quantity", "ConsumedUnit"): 1},
    ),
    "a unit without a quantity": (
        set_("CommitmentDiscountQuantity", "", 0),
        {("focus-unit-with-quantity", "CommitmentDiscountQuantity"): 1},
    ),
    "a commitment without its type": (
        set_("CommitmentDiscountType", "", 0),
        {("focus-commitment-complete", "CommitmentDiscountType"): 1},
    ),
    "tags that are a list": (
        set_("Tags", '["mei"]', 0, 1),
        {("focus-tags-json", "Tags"): 2},
    ),
    "tags that are pairs in text": (
        set_("Tags", "Owner:mei", 2),
        {("focus-tags-json", "Tags"): 1},
    ),
    "price details that break off": (
        set_("SkuPriceDetails", '{"cores": 2', 2),
        {("focus-json-object", "SkuPriceDetails"): 1},
    ),
    "a provider that is a number": (
        set_("ProviderName", "26888", 0, 1, 2, 3),
        {("focus-name-not-number", "ProviderName"): 4},
    ),
    "an account with two currencies": (
        set_("BillingCurrency", "USD", 3),
        {("focus-account-consistent", "BillingCurrency"): 1},
    ),
    "an account with two names": (
        set_("BillingAccountName", "Lake Limited", 1),
        {("focus-account-consistent", "BillingAccountName"): 1},
    ),
}


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("declarations"))


def test_good_rows_break_no_rule(declared):
    found = looked_at(declared, good())
    found.finish(History())
    assert counts(found) == {}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_caught_by_its_rule_and_by_no_other(declared, name):
    damage, expected = DAMAGE[name]
    found = looked_at(declared, damage(good()), version="1.2")
    found.finish(History())
    assert counts(found) == expected


def test_a_currency_that_is_missing_blocks_and_is_of_no_account(declared):
    found = looked_at(declared, set_("BillingCurrency", "", 0, 1, 2, 3)(good()))
    found.finish(History())
    assert counts(found) == {("focus-amount-complete", "BillingCurrency"): 4}
    assert [rule for rule, _ in found.blocking()] == ["focus-amount-complete"]


def test_a_version_that_focus_does_not_have_is_told(declared):
    found = looked_at(declared, good(), version="2.7")
    assert counts(found) == {("focus-version-declared", "x_SourceFocusVersion"): 4}
    assert counts(looked_at(declared, good(), version="1.2-preview(v1)")) == {}


def month(rows: int, **nulls: int) -> Line:
    return Line("plain", "202512", "1", "published", rows_out=rows, delivered_nulls=nulls)


def gone(declared, *columns: str) -> Conformance:
    bill = good()
    for column in columns:
        bill = set_(column, "", 0, 1, 2, 3)(bill)
    return looked_at(declared, bill)


def test_a_column_that_had_values_last_month_and_has_none_now_is_told(declared):
    found = gone(declared, "RegionName", "SkuMeter", "InvoiceId")
    # Of RegionName 4 * 9/12 = 3 values were to be expected, of InvoiceId 4 * 8/12 fewer than 3.
    found.finish(History(before=(month(12, RegionName=3, SkuMeter=12, InvoiceId=4),)))
    assert counts(found) == {("lake-column-went-null", "RegionName"): 4}


def test_increments_are_compared_month_to_date_with_the_whole_month_before(declared):
    found = gone(declared, "RegionName", "InvoiceId", "SkuMeter")
    found.finish(
        History(
            before=(month(10, RegionName=9, InvoiceId=0), month(10, RegionName=0, InvoiceId=0)),
            so_far=(month(4, RegionName=4, InvoiceId=3),),
        )
    )
    # One InvoiceId came earlier this month; SkuMeter was not looked for in the month before.
    assert counts(found) == {("lake-column-went-null", "RegionName"): 4}


def published(store, *batches: tuple[str, str, int, int]) -> Ledger:
    """A ledger of (month, batch_ts, rows, rows without RegionName), all of export A."""
    ledger = Ledger(store, "plain")
    for yearmonth, batch_ts, rows, nulls in batches:
        more = {"rows_out": rows, "delivered_nulls": {"RegionName": nulls}, "exports": ["A"]}
        ledger.write(Line("plain", yearmonth, batch_ts, "published", **more))
    return ledger


@pytest.mark.parametrize("delivery", ["snapshot", "increment"])
def test_a_batch_that_is_read_again_is_not_excused_by_its_own_old_line(
    declared, tmp_path, delivery
):
    """Its first reading had every value, the second has none: with and without a month before."""
    for n, months in enumerate(([("202512", "1", 4, 0)], [])):
        ledger = published(storage.at(str(tmp_path / str(n))), *months, ("202601", "2", 4, 0))
        found = gone(declared, "RegionName")
        found.finish(history.of_batch(ledger, "202601", "2", ["A"], delivery))
        assert counts(found) == {("lake-column-went-null", "RegionName"): 4}
        (entry,) = found.as_list()
        assert entry["examples"][0]["file"] == "not null in 202601/2"


def test_a_snapshot_is_compared_with_the_push_before_and_an_increment_is_not(declared, tmp_path):
    ledger = published(storage.at(str(tmp_path)), ("202601", "1", 4, 0), ("202601", "3", 4, 4))
    for delivery, expected in (("snapshot", 4), ("increment", None)):
        found = gone(declared, "RegionName")
        found.finish(history.of_batch(ledger, "202601", "2", ["A"], delivery))
        assert counts(found).get(("lake-column-went-null", "RegionName")) == expected
    other = gone(declared, "RegionName")
    other.finish(history.of_batch(ledger, "202601", "2", ["B"], "snapshot"))
    assert counts(other) == {}


def test_a_replayed_increment_counts_the_other_increments_of_its_month(declared, tmp_path):
    days = [("202512", "1", 10, 0), ("202601", "1", 4, 3), ("202601", "2", 4, 4)]
    ledger = published(storage.at(str(tmp_path)), *days)
    found = gone(declared, "RegionName")
    found.finish(history.of_batch(ledger, "202601", "2", ["A"], "increment"))
    assert counts(found) == {}  # one value came with batch 1


def test_without_a_month_before_no_column_is_missed(declared):
    found = gone(declared, "RegionName")
    found.finish(History())
    assert counts(found) == {}


def test_every_rule_is_broken_by_some_damage():
    broken = {rule for _, expected in DAMAGE.values() for rule, _ in expected}
    of_batches = {"lake-column-went-null"}  # tested by itself, above
    assert broken | of_batches == {rule.id for rule in rules.table()}
    assert len(DAMAGE) >= 30
