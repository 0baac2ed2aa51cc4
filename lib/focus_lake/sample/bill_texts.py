"""What stays the same on the rows of a resource, commitment or tax of a cloud's sample bill."""

from __future__ import annotations

import functools
import json
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal

from focus_lake import resources
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month

_RESOURCES = (60, 2_000)  # fewest and most templates of an account
_ROWS_A_RESOURCE = 40


@functools.cache
def catalogue(name: str) -> dict:
    """The TOML of a sample as it is: that of a provider, or "bill" with what they share."""
    return tomllib.loads(resources.data("sample", f"{name}.toml").read_text(encoding="utf-8"))


@dataclass
class Template:
    """fields: column (FOCUS 1.2 or the provider's own) -> text; price: of a unit, with the
    decimals that ContractedCost has; the four costs are percent of quantity times price."""

    fields: dict[str, str]
    price: Decimal
    percent: dict[str, int] = field(default_factory=dict)


class Texts:
    """The templates of one account and month, those of one kind of charge after the other.

    templates: of all kinds; first, count: where each kind's begin, and how many they are.
    """

    def __init__(self, provider: str, month: Month):
        self.shared, self.provider = catalogue("bill"), catalogue(provider)
        self.month = month
        self.account = self.provider["accounts"][month.account]
        least, most = _RESOURCES
        resource_count = min(max(month.rows // _ROWS_A_RESOURCE, least), most)
        self.templates: list[Template] = []
        self.count = []
        for kind in self.shared["kinds"]:
            self.count.append(max(3, resource_count * kind["share"] // 1000))
            for number in range(self.count[-1]):
                picks = Picks(month.seed, self.account["id"], kind["name"], number)
                self.templates.append(self._template(kind, number, picks))
        self.first = [sum(self.count[:at]) for at in range(len(self.count))]

    def _template(self, kind: dict, number: int, picks: Picks) -> Template:
        service = picks.one(self.provider["services"])
        chosen = Template(self._charge_fields(kind, service, picks), Decimal(service["price"]))
        chosen.percent["ListCost"] = picks.one(kind["list"])
        for cost, key, like in (
            ("ContractedCost", "contracted", "ListCost"),
            ("BilledCost", "billed", "ContractedCost"),
            ("EffectiveCost", "effective", "BilledCost"),
        ):
            chosen.percent[cost] = picks.one(kind[key]) if key in kind else chosen.percent[like]
        if kind.get("metered", True):
            self._add_prices(chosen, service)
            self._add_resource(chosen.fields, service, number, picks)
        if kind.get("commitment"):
            self._add_commitment(chosen.fields, kind["commitment"], picks)
        return chosen

    def _charge_fields(self, kind: dict, service: dict, picks: Picks) -> dict[str, str]:
        sub_id, sub_name = picks.one(self.account["sub_accounts"])
        given = {
            "BillingAccountId": self.account["id"],
            "BillingAccountName": self.account["name"],
            "BillingAccountType": self.account["type"],
            "BillingCurrency": self.account["currency"],
            "InvoiceId": f"INV-{self.month.name}-{self.month.account + 1:04}",
            "SubAccountId": sub_id,
            "SubAccountName": sub_name,
            "SubAccountType": self.account["sub_type"],
            "ChargeCategory": kind["category"],
            "ChargeClass": kind.get("class"),
            "ChargeDescription": f"{service['meter']}, {kind['name']}",
            "ChargeFrequency": kind["frequency"],
            "PricingCategory": kind.get("pricing"),
            "ServiceName": service["name"],
            "ServiceCategory": service["category"],
            "ServiceSubcategory": service["subcategory"],
        }
        return self.provider["names"] | given | self.account.get("own", {}) | service["own"]

    def _add_prices(self, template: Template, service: dict) -> None:
        contracted = template.price * template.percent["ContractedCost"] / 100
        # A unit price is never negative, whatever sign the quantity has.
        template.fields |= {
            "ListUnitPrice": service["price"],
            "ContractedUnitPrice": f"{abs(contracted):f}",
            "PricingUnit": service["unit"],
            "ConsumedUnit": service["unit"],
            "SkuId": service["sku"],
            "SkuMeter": service["meter"],
            "SkuPriceId": f"{service['sku']}.{template.percent['ContractedCost']}",
            "SkuPriceDetails": json.dumps({"x_Region": "any", "CoreCount": 2}),
        }

    def _add_resource(self, fields: dict, service: dict, number: int, picks: Picks) -> None:
        region = picks.one(self.provider["regions"])
        resource = service["id"] + picks.hexadecimal(12)
        fields |= {
            "RegionId": region["id"],
            "RegionName": region["name"],
            "ResourceId": self.provider["resource"].format(
                service=service["service"],
                kind=service["kind"],
                region=region["id"],
                account=fields["SubAccountId"],
                id=resource,
            ),
            "ResourceName": resource if number % 3 else "",
            "ResourceType": service["kind"],
            "AvailabilityZone": picks.one(region["zones"]) if region["zones"] else "",
            "Tags": self._tags(number, picks),
        }

    def _tags(self, number: int, picks: Picks) -> str | None:
        """JSON; some resources lack some tags, one in ten has none."""
        pairs = zip(self.provider["tag_keys"], self.shared["tags"]["values"], strict=True)
        tags = {key: picks.one(values) for key, values in pairs if picks.below(5)}
        return json.dumps(tags) if tags and number % 10 != 9 else None

    def _add_commitment(self, fields: dict, status: str, picks: Picks) -> None:
        commitment = picks.one(self.provider["commitments"])
        fields |= {
            "CommitmentDiscountId": commitment["id"],
            "CommitmentDiscountName": commitment["name"],
            "CommitmentDiscountType": commitment["type"],
            "CommitmentDiscountCategory": commitment["category"],
            "CommitmentDiscountUnit": commitment["unit"],
        }
        if status == "bought":
            fields["ResourceId"] = commitment["id"]
            fields["ResourceName"], fields["ResourceType"] = commitment["name"], commitment["type"]
        else:
            fields["CommitmentDiscountStatus"] = status
