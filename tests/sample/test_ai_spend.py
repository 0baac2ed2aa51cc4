"""AI spend's sample: calls of models, as CSV and as JSON, with tag columns and small costs."""

from decimal import Decimal

import pytest

from helpers.sample_exports import make, paths, rows_of

# Dollars for a million tokens: input, cached input, output.
PRICES = {
    "gpt-4o-mini": ("0.15", "0.075", "0.6"),
    "gpt-4o": ("2.5", "1.25", "10"),
    "claude-haiku": ("0.8", "0.08", "4"),
    "gemini-flash": ("0.0375", "0.009375", "0.15"),
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ai_spend"), "ai_spend", rows=4000, pushes=2)


@pytest.fixture(scope="module")
def csv_rows(raw):
    return rows_of(raw / "cognocient/202512/20260104073300/focus-export.csv")


@pytest.fixture(scope="module")
def json_rows(raw):
    return rows_of(raw / "cognocient/202601/20260204074429/focus-export.json")


def test_exports_before_the_last_month_are_csv_those_of_the_last_json(raw):
    assert paths(raw) == [
        "cognocient/202512/20251217075718/focus-export.csv",
        "cognocient/202512/20260104073300/focus-export.csv",
        "cognocient/202601/20260117070847/focus-export.json",
        "cognocient/202601/20260204074429/focus-export.json",
    ]


def test_both_have_the_documented_columns(csv_rows, json_rows):
    assert list(csv_rows[0]) == list(json_rows[0])
    documented = {
        "BillingAccountId",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ProviderName",
        "ServiceName",
        "SubAccountName",
        "ResourceId",
        "BilledCost",
        "UsageQuantity",
        "x-cog-InputTokenCount",
        "x-cog-OutputTokenCount",
        "x-cog-CacheHit",
        "Tags/x-cost-feature",
        "Tags/x-cost-department",
        "Tags/x-cost-user",
        "Tags/x-cog-classification",
    }
    assert documented == set(csv_rows[0])


def test_ends_of_periods_are_inclusive(csv_rows, json_rows):
    assert {row["BillingPeriodEnd"] for row in csv_rows} == {"2025-12-31T23:59:59Z"}
    assert {row["BillingPeriodEnd"] for row in json_rows} == {"2026-01-31T23:59:59Z"}
    assert {row["BillingPeriodStart"] for row in json_rows} == {"2026-01-01T00:00:00Z"}


def test_a_call_costs_its_tokens_times_the_price_to_the_last_digit(csv_rows, json_rows):
    decimals = set()
    for row in csv_rows + json_rows:
        prices = [Decimal(price) for price in PRICES[row["ServiceName"]]]
        tokens_in = int(row["x-cog-InputTokenCount"])
        tokens_out = int(row["x-cog-OutputTokenCount"])
        is_cached = row["x-cog-CacheHit"] in ("true", True)
        cost = tokens_in * prices[is_cached] + tokens_out * prices[2]
        assert Decimal(row["BilledCost"]) == cost / 1_000_000
        assert int(row["UsageQuantity"]) == tokens_in + tokens_out
        decimals.add(-Decimal(row["BilledCost"]).as_tuple().exponent)
    assert min(decimals) == 6 and max(decimals) > 9


def test_json_has_plain_numbers_and_nulls_csv_empty_fields(csv_rows, json_rows):
    assert len(csv_rows) == len(json_rows) == 400
    assert {type(row["BilledCost"]) for row in json_rows} == {Decimal}
    assert {type(row["x-cog-CacheHit"]) for row in json_rows} == {bool}
    assert None in {row["Tags/x-cost-department"] for row in json_rows}
    assert "" in {row["Tags/x-cost-department"] for row in csv_rows}


def test_departments_are_cost_centers_of_the_clouds_too(csv_rows):
    departments = {row["Tags/x-cost-department"] for row in csv_rows}
    assert departments == {"customer-success", "platform", "research", "CC-1001", ""}
