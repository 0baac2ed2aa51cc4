"""A bill of FOCUS 1.2 typed by hand that breaks no rule, and what the rules say about a bill."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from focus_lake import declare, storage
from focus_lake.conformance.findings import Conformance, Observer
from focus_lake.transform.select import Origin, Transform

PLAIN = """
name = "plain"
title = "A provider that does all as FOCUS 1.2 says"
focus_version = "1.2"
delivery = "snapshot"

[layout]
path = '(?P<yearmonth>\\d{6})/(?P<batch_ts>\\d{14})/(?P<file>[^/]+)'
file = '.*'
export = "one"
data_extensions = [".csv"]

[format]
null_texts = [""]
required = ["BilledCost", "BillingPeriodStart"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm:ss"]
"""

USAGE = {
    "AvailabilityZone": "eu-1a",
    "BilledCost": "3.0",
    "BillingAccountId": "100",
    "BillingAccountName": "Lake Ltd.",
    "BillingAccountType": "Payer",
    "BillingCurrency": "EUR",
    "BillingPeriodEnd": "2026-02-01T00:00:00Z",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "CapacityReservationId": "cr-1",
    "CapacityReservationStatus": "Used",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargeDescription": "Two hours of a machine",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodEnd": "2026-01-05T02:00:00Z",
    "ChargePeriodStart": "2026-01-05T00:00:00Z",
    "CommitmentDiscountCategory": "Usage",
    "CommitmentDiscountId": "ri-1",
    "CommitmentDiscountName": "one year",
    "CommitmentDiscountQuantity": "2",
    "CommitmentDiscountStatus": "Used",
    "CommitmentDiscountType": "Reserved",
    "CommitmentDiscountUnit": "Hours",
    "ConsumedQuantity": "2",
    "ConsumedUnit": "Hours",
    "ContractedCost": "3.0",
    "ContractedUnitPrice": "1.5",
    "EffectiveCost": "2.5",
    "InvoiceId": "in-1",
    "InvoiceIssuerName": "Cloud Inc.",
    "ListCost": "4",
    "ListUnitPrice": "2",
    "PricingCategory": "Committed",
    "PricingCurrency": "USD",
    "PricingCurrencyContractedUnitPrice": "1.6",
    "PricingCurrencyEffectiveCost": "2.6",
    "PricingCurrencyListUnitPrice": "2.1",
    "PricingQuantity": "2",
    "PricingUnit": "Hours",
    "ProviderName": "Cloud",
    "PublisherName": "Cloud Inc.",
    "RegionId": "eu-1",
    "RegionName": "Europe 1",
    "ResourceId": "vm-1",
    "ResourceName": "web",
    "ResourceType": "Machine",
    "ServiceCategory": "Compute",
    "ServiceName": "Machines",
    "ServiceSubcategory": "Virtual Machines",
    "SkuId": "s-1",
    "SkuMeter": "Hours of machines",
    "SkuPriceDetails": '{"cores": 2}',
    "SkuPriceId": "sp-1",
    "SubAccountId": "200",
    "SubAccountName": "shop",
    "SubAccountType": "Linked",
    "Tags": '{"Owner": "mei", "urgent": true}',
    "x_Note": "our own",
}
CREDIT = USAGE | {
    "BilledCost": "-0.25",
    "ChargeCategory": "Credit",
    "ChargeFrequency": "One-Time",
    "CommitmentDiscountCategory": "",
    "CommitmentDiscountId": "",
    "CommitmentDiscountType": "",
    "ConsumedQuantity": "",
    "ConsumedUnit": "",
    "Tags": "",
    "SkuPriceDetails": "",
}
# A correction may differ from price times quantity.
CORRECTION = USAGE | {"BilledCost": "1", "ChargeClass": "Correction", "ListCost": "-77"}
TAX = CREDIT | {
    "BilledCost": "0.1",
    "ChargeCategory": "Tax",
    "PricingQuantity": "",
    "PricingUnit": "",
}


def good() -> list[dict[str, str]]:
    """Four rows, new ones at each call: usage, credit, correction, tax."""
    return [dict(row) for row in (USAGE, CREDIT, CORRECTION, TAX)]


def plain(folder: Path) -> declare.Declaration:
    """The declaration of a provider that needs no repair."""
    (folder / "plain.toml").write_text(PLAIN, encoding="utf-8")
    return declare.load("plain", storage.at(str(folder)))


def looked_at(
    declared: declare.Declaration, rows: list[dict], version: str | None = None, tables: int = 1
) -> Conformance:
    """What the rules say about rows of text, in so many tables of one file."""
    conformance = Conformance()
    header = tuple(rows[0])
    transform = Transform(declared, header)
    origin = Origin("bill.csv", "one", version)
    observer = Observer(transform, origin, conformance)
    for number in range(tables):
        part = rows[number::tables]
        values = {head: [row.get(head) or None for row in part] for head in header}
        text = pa.table({head: pa.array(column, pa.string()) for head, column in values.items()})
        observer.observe(transform(text, origin))
    return conformance


def counts(conformance: Conformance) -> dict[tuple[str, str], int]:
    """(rule, column) -> rows."""
    return {key: found.rows for key, found in conformance.findings.items()}
