"""One rich lake and its site for all that reads pages in a browser: four payers, two currencies."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

import pytest

from focus_lake.reference.__main__ import ReferenceOptions, example
from focus_lake.report.__main__ import SiteOptions, write_site
from helpers.browser import opened
from helpers.catalog import refresh
from helpers.lakes import Lake, charge

PLAN = {
    "CommitmentDiscountId": "arn:aws:savingsplans::111111111111:savingsplan/0f3d6a1e-7b52-4c1d",
    "CommitmentDiscountCategory": "Spend",
    "CommitmentDiscountType": "Savings Plan",
    "PricingCategory": "Committed",
}
WHO = ("customer-success", "research", "nobody-listed", None)
MONTHS = ("202510", "202511", "202512", "202601")


def bills(month: str) -> dict[str, list[dict]]:
    """A month's charges by provider: four payers, two currencies, a jump, a commitment, AI."""
    first = date(int(month[:4]), int(month[4:]), 1)
    aws, alibaba, ai = [], [], []
    for number in range(monthrange(first.year, first.month)[1]):
        day = f"{first + timedelta(days=number)}"
        for place, who in enumerate(WHO):
            cost = Decimal(place + 3) + Decimal(number % 7) / 8
            if (month, number, who) == ("202601", 29, "research"):
                cost *= 400
            of = {"x_CostCenter": who, "BillingCurrency": "USD", "SubAccountId": f"{place}" * 12}
            aws.append(charge(day, f"{cost}", ServiceName="Amazon EC2", **of))
        alibaba.append(charge(day, f"{number}.000000000000000001", x_CostCenter="platform"))
        network = {"ServiceName": "Cloud Network", "ServiceCategory": "Networking"}
        alibaba.append(charge(day, "7.77", **network))
        for status, cost in (("Used", "8"), ("Unused", "2.5")):
            of = {**PLAN, "CommitmentDiscountStatus": status, "BillingCurrency": "USD"}
            aws.append(charge(day, cost, ServiceName="Amazon RDS", **of))
        ai.append(
            charge(
                day,
                "0.75",
                BillingCurrency="USD",
                ServiceName="gpt-4o",
                ServiceCategory="AI and Machine Learning",
                ConsumedQuantity=Decimal("125000"),
                ConsumedUnit="Tokens",
                x_CostCenter="research",
            )
        )
    # A currency without a rate: said beside the totals, never added.
    aws.append(charge(f"{first}", "12.5", ServiceName="Support", BillingCurrency="GBP"))
    refund = {"ChargeCategory": "Credit", "BillingCurrency": "USD", "ServiceName": "Refunds"}
    aws.append(charge(f"{first}", "-99.125", **refund))
    return {"aws": aws, "alibaba": alibaba, "ai_spend": ai}


@pytest.fixture(scope="session")
def rich_lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for month in MONTHS:
        pushed = f"{int(month) + 1 + 88 * month.endswith('12')}01060000"
        told = {"focus_version": "1.0", "delivered_nulls": {"BilledCost": 0, "RegionName": 5}}
        told["delivered_at"] = f"{pushed[:4]}-{pushed[4:6]}-01T00:00:00Z"
        for provider, rows in bills(month).items():
            lake.batch(provider, month, pushed, rows, **told)
    reasons = [{"code": "row_count", "message": "3 rows are told, 2 are there"}]
    lake.line("aws", "202601", "20260202060000", status="rejected", reasons=reasons)
    assert example(ReferenceOptions(lake=str(lake.root))) == 0
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


@pytest.fixture(scope="session")
def site(rich_lake, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    assert write_site(SiteOptions(lake=str(rich_lake), out=str(out))) == 0
    return out


@pytest.fixture(scope="session")
def browser():
    with opened() as browser:
        yield browser
