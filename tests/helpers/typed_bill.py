"""A bill with every FOCUS column: as a raw file, and typed by DuckDB alone, for comparisons."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

# Typed here by hand, from the specification's text; every other column is text.
MONEY = {
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
    *("ListUnitPrice", "ContractedUnitPrice", "PricingQuantity", "ConsumedQuantity"),
    *("CommitmentDiscountQuantity", "PricingCurrencyListUnitPrice"),
    *("PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost"),
}
TIMES = {"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"}
ROW = "x_RowId"
COUNT = 900


def rows() -> list[dict[str, str]]:
    """Two months of three providers' charges; some spelled wrong, some without a provider."""
    chance = random.Random(11)
    return [_row(chance, number) for number in range(COUNT)]


def _row(chance: random.Random, number: int) -> dict[str, str]:
    def one(*values: str) -> str:
        return chance.choice(values)

    start = datetime(2026, 1, 1) + timedelta(hours=chance.randrange(59 * 24))
    month = datetime(2026, start.month, 1)
    after = datetime(2026, start.month + 1, 1)
    kind = one(*["Usage"] * 7, "Purchase", "Credit", "Tax", "Adjustment")
    usage, purchase = kind == "Usage", kind == "Purchase"
    committed = (usage or purchase) and chance.random() < 0.4
    quantity, price = chance.randrange(1, 40), chance.randrange(1, 9000)
    listed = quantity * price
    sign = -1 if kind == "Credit" else 1
    provider = one("AWS", "Microsoft", "Google Cloud")
    service, category = one(
        ("Virtual Machines", "Compute"), ("Object Storage", "Storage"), ("Databases", "Databases")
    )
    reserved = usage and category == "Compute" and chance.random() < 0.4
    found = {
        ROW: str(number),
        "ProviderName": provider,
        "PublisherName": provider,
        "InvoiceIssuerName": provider,
        "ServiceProviderName": "" if number % 90 == 7 else provider,
        "HostProviderName": provider,
        "InvoiceId": f"INV-{start.month}",
        "InvoiceDetailId": f"D-{number % 7}",
        "BillingAccountId": f"{provider}-1",
        "BillingAccountName": f"{provider} bill",
        "BillingAccountType": "Payer",
        "SubAccountId": one("sub-1", "sub-2", "sub-3"),
        "SubAccountName": one("Team A", "Team B"),
        "SubAccountType": "Member",
        "BillingCurrency": "USD",
        "PricingCurrency": "USD",
        "BillingPeriodStart": f"{month:%Y-%m-%dT%H:%M:%SZ}",
        "BillingPeriodEnd": f"{after:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodStart": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodEnd": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "ChargeCategory": kind.lower() if number % 90 == 3 else kind,
        "ChargeClass": "Correction" if chance.random() < 0.1 else "",
        "ChargeDescription": f"{kind} of {service}",
        "ChargeFrequency": "Recurring" if purchase else "Usage-Based",
        "BilledCost": _text(0 if usage and committed else sign * listed * 9),
        "EffectiveCost": _text(0 if purchase and committed else sign * listed * 8),
        "ListCost": _text(sign * listed * 10),
        "ContractedCost": _text(sign * listed * 9),
        "ListUnitPrice": _text(price * 10),
        "ContractedUnitPrice": _text(price * 9),
        "PricingCurrencyListUnitPrice": _text(price * 10),
        "PricingCurrencyContractedUnitPrice": _text(price * 9),
        "PricingCurrencyEffectiveCost": _text(sign * listed * 8),
        "PricingQuantity": str(quantity),
        "PricingUnit": one("GB", "Hours"),
        "PricingCategory": "Committed" if committed else "Standard",
        "ConsumedQuantity": str(quantity) if usage else "",
        "ConsumedUnit": one("GB", "Hours") if usage else "",
        "ServiceName": service,
        "ServiceCategory": category,
        "ServiceSubcategory": "",
        "RegionId": one("eu-1", "us-1"),
        "AvailabilityZone": one("a", "b", ""),
        "ResourceId": f"r-{number % 12}",
        "ResourceName": f"web-{number % 12}",
        "ResourceType": one("vm", "bucket"),
        "SkuId": f"sku-{number % 9}",
        "SkuPriceId": f"sku-{number % 9}-1",
        "SkuMeter": one("Compute Hours", "Requests"),
        "SkuPriceDetails": json.dumps({"CoreCount": number % 4, "Tier": "std"}),
        "Tags": json.dumps(
            {"Application": one("shop", "search"), "ApplicationId": one("a-1", "a-2")}
            if number % 5
            else {}
        ),
    }
    found["RegionName"] = found["RegionId"].upper()
    found["PricingUnit"] = found["ConsumedUnit"] or found["PricingUnit"]
    if committed:
        found |= {
            "CommitmentDiscountId": one("c-1", "c-2"),
            "CommitmentDiscountName": "three years",
            "CommitmentDiscountCategory": one("Spend", "Usage"),
            "CommitmentDiscountType": "Plan",
            "CommitmentDiscountStatus": one("Used", "Unused") if usage else "",
            "CommitmentDiscountQuantity": str(quantity),
            "CommitmentDiscountUnit": "Hours",
        }
    if reserved:
        found |= {
            "CapacityReservationId": one("cr-1", "cr-2"),
            "CapacityReservationStatus": one("Used", "Unused"),
        }
    return found


def _text(tenths: int) -> str:
    """Ten-thousandths as a decimal text."""
    return f"{tenths / 10000:.4f}"


def lay_out(raw: Path) -> None:
    """The rows as a datacenter's two monthly files."""
    found = rows()
    header = list(dict.fromkeys(name for row in found for name in row))
    for month in ("202601", "202602"):
        path = raw / "datacenter" / month / "20260401T000000Z" / "bill.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            here = f"{month[:4]}-{month[4:]}"
            writer.writerows(row for row in found if row["BillingPeriodStart"].startswith(here))


def typed(connection: duckdb.DuckDBPyConnection, raw: Path, columns: list[str]) -> None:
    """Table `typed`: the raw files as DuckDB reads and types them, null for what they lack."""
    files = f"{raw}/datacenter/*/*/bill.csv"
    connection.execute(
        f"CREATE TEMP TABLE texts AS SELECT * FROM read_csv('{files}', all_varchar = true, "
        "header = true, nullstr = '')"
    )
    there = {name for name, *_ in connection.execute("DESCRIBE texts").fetchall()}
    connection.execute(
        "CREATE TEMP TABLE typed AS SELECT "
        + ", ".join(_cast(name, name in there) for name in [ROW, *columns])
        + " FROM texts"
    )


def _cast(name: str, is_there: bool) -> str:
    type_ = "DECIMAL(38,18)" if name in MONEY else "TIMESTAMP" if name in TIMES else "VARCHAR"
    if not is_there:
        return f"CAST(NULL AS {type_}) AS {name}"
    if name == "Tags":  # as the version views have it: no spaces
        return "CAST(CAST(Tags AS JSON) AS VARCHAR) AS Tags"
    text = f"REPLACE({name}, 'Z', '')" if name in TIMES else name
    return f"CAST({text} AS {type_}) AS {name}"
