"""Cloud and AI together: the chargeback of docs/queries.md, and services without a category."""

from __future__ import annotations

import re
from decimal import Decimal as D
from pathlib import Path

import pytest

from helpers.catalog import deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

TEXT = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
SECTION = TEXT.split("## What did each department cost, cloud and AI together?")[1]
BY_CURRENCY, CONVERTED = re.findall(r"```sql\n(.*?)```", SECTION, re.DOTALL)[:2]
TS = "20260131173000"
BY_CATALOGUE = "ServiceCategory: by catalogue from ServiceName"


def bills(lake: Lake) -> dict:
    """Two clouds and AI calls; departments in any of them, none, or blank."""
    usd = {"BillingCurrency": "USD", "ServiceName": "EC2", "ServiceCategory": "Compute"}
    lake.batch(
        "aws",
        "202601",
        TS,
        [
            charge("2026-01-05", "100.5", x_CostCenter="support", **usd),
            charge("2026-01-06", "20", x_CostCenter=" ", **usd),
            charge("2026-01-06", "-0.5", x_CostCenter="sales", **usd),
        ],
    )
    lake.batch("aws", "202602", TS, [charge("2026-02-05", "9999", x_CostCenter="sales", **usd)])
    model = {"EffectiveCost": None, "ListCost": None, "BillingCurrency": "USD"}
    model |= {"ServiceName": "gpt-4o-mini", "ServiceCategory": "AI and Machine Learning"}
    filled = {"x_SourceChanges": f"BillingCurrency: USD by declaration; {BY_CATALOGUE}"}
    lake.batch(
        "ai_spend",
        "202601",
        TS,
        [
            charge("2026-01-05", "0.000234", x_CostCenter="support", **model, **filled),
            charge("2026-01-05", "0.000001", x_CostCenter="support", **model, **filled),
            charge("2026-01-05", "3", **{**model, "ServiceName": "m2", "ServiceCategory": None}),
        ],
    )
    lake.batch(
        "alibaba",
        "202601",
        TS,
        [
            charge("2026-01-05", "70", x_CostCenter="support", x_SourceChanges=BY_CATALOGUE,
                   ServiceCategory="Compute"),
            charge("2026-01-05", "30", x_CostCenter="support"),
            charge("2026-01-05", "0", ServiceName="Free"),
        ],
    )  # fmt: skip
    rates = lake.root / "reference" / "fx_rates" / "rates.csv"
    rates.parent.mkdir(parents=True)
    rates.write_text("from,to,valid_from,rate\nCNY,USD,2026-01-01,0.14\n")
    lake.batch(
        "oci",
        "202601",
        TS,
        [charge("2026-01-05", "8", x_CostCenter="sales", BillingCurrency="JPY")],
    )
    return {}


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def billed(request, tmp_path_factory):
    return deploy(request.param, request, tmp_path_factory, bills, "departments")


def test_departments_cost_what_clouds_and_ai_billed_together(billed):
    rows = billed.query(BY_CURRENCY)
    assert rows == [
        ("support", "CNY", D("100"), D("0"), D("100")),
        ("(no department)", "CNY", D("0"), D("0"), D("0")),
        ("sales", "JPY", D("8"), D("0"), D("8")),
        ("support", "USD", D("100.5"), D("0.000235"), D("100.500235")),
        ("(no department)", "USD", D("20"), D("3"), D("23")),
        ("sales", "USD", D("-0.5"), D("0"), D("-0.5")),
    ]


def test_departments_cost_in_one_currency_and_what_that_lacks(billed):
    assert billed.query(CONVERTED) == [
        ("support", "USD", D("114.500235"), 0),
        ("(no department)", "USD", D("23"), 0),
        ("sales", "USD", D("-0.5"), 1),
    ]


def test_services_without_a_category_are_shown_with_their_share(billed):
    rows = billed.query(
        "SELECT x_Provider, ServiceName, BillingCurrency, x_RowCount, x_FilledRowCount, "
        "x_FilledBilledCost, x_UnmappedRowCount, x_UnmappedBilledCost, x_FilledRowShare, "
        "x_FilledCostShare, x_UnmappedRowShare, x_UnmappedCostShare FROM focus_mapping_gaps "
        "ORDER BY 1, 2"
    )
    third = D("0.333333")
    assert rows == [
        ("ai_spend", "gpt-4o-mini", "USD", 2, 2, D("0.000235"), 0, None,
         D("0.666667"), D("0.000078"), D("0"), None),
        ("ai_spend", "m2", "USD", 1, 0, None, 1, D("3"), D("0"), None, third, D("0.999922")),
        ("alibaba", "Elastic Compute", "CNY", 2, 1, D("70"), 1, D("30"),
         third, D("0.7"), third, D("0.3")),
        ("alibaba", "Free", "CNY", 1, 0, None, 1, D("0"), D("0"), None, third, D("0")),
        ("oci", "Elastic Compute", "JPY", 1, 0, None, 1, D("8"), D("0"), None, D("1"), D("1")),
    ]  # fmt: skip
