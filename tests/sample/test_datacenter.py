"""The datacenter's sample: monthly allocations in few columns, closed and then corrected."""

import json
import re

import pytest

from helpers.sample_exports import make, paths, rows_of, sums

CLOSED, CORRECTED = "202601/20260203080000", "202601/20260208080000"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("datacenter"), "datacenter", rows=20_000)


@pytest.fixture(scope="module")
def rows(raw):
    return rows_of(raw / "frankfurt" / CORRECTED / "allocation.csv")


def test_each_site_delivers_its_month_twice(raw):
    times = ["202512/20260103080000", "202512/20260108080000", CLOSED, CORRECTED]
    sites = ("frankfurt", "singapore")
    assert paths(raw) == [f"{site}/{time}/allocation.csv" for site in sites for time in times]


def test_there_are_few_columns(rows):
    assert len(rows[0]) == 15
    assert not {"ListCost", "ContractedCost", "PricingQuantity", "PublisherName"} & set(rows[0])


def test_charges_are_for_the_whole_month_and_dates_have_no_time(rows):
    assert len(rows) == 120
    for row in rows:
        assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-01-01", "2026-02-01")
        assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-01-01", "2026-02-01")
        assert re.fullmatch(r"\d+\.\d\d", row["BilledCost"])
        assert row["BilledCost"] == row["EffectiveCost"]
        assert row["BillingCurrency"] == "EUR"


def test_the_correction_changes_some_amounts_and_nothing_else(raw, rows):
    before = rows_of(raw / "frankfurt" / CLOSED / "allocation.csv")
    changed = [one for one, two in zip(before, rows, strict=True) if one != two]
    assert 0 < len(changed) < len(rows) / 5
    same = [{**row, "BilledCost": "", "EffectiveCost": ""} for row in before]
    assert same == [{**row, "BilledCost": "", "EffectiveCost": ""} for row in rows]
    assert sums(before) != sums(rows)


def test_a_service_may_have_no_category_and_a_row_no_tags(rows):
    uncategorised = {row["ServiceName"] for row in rows if not row["ServiceCategory"]}
    assert uncategorised == {"Rack space and power"}
    tags = [json.loads(row["Tags"]) for row in rows if row["Tags"]]
    assert 0 < len(tags) < len(rows)
    assert "customer-success" in {tag["CostCenter"] for tag in tags}


def test_with_one_push_only_the_corrected_bill_is_there(tmp_path):
    raw = make(tmp_path, "datacenter", pushes=1, months=1)
    assert paths(raw) == [
        f"{site}/{CORRECTED}/allocation.csv" for site in ("frankfurt", "singapore")
    ]
