"""Constant texts of an Alibaba sample: a row template for each resource, commitment or tax."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import numpy as np

from focus_lake import declare
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month
from focus_lake.spec import columns

TIME = "%Y-%m-%d %H:%M:%S"
SLOTS = ("BilledCost", "ChargePeriodEnd", "ChargePeriodStart", "EffectiveCost", "ListCost")
_RESOURCES = (60, 5_000)  # fewest and most templates of an account
_ROWS_A_RESOURCE = 40
_MOSTLY_EMPTY = 16  # of so many nulls and one of each other text for null, these are empty
_MUST_QUOTE = re.compile(r'[,"\r\n]|^\s|\s$')


@functools.cache
def _declared() -> declare.Declaration:
    return declare.load("alibaba")


@functools.cache
def header() -> tuple[str, ...]:
    """Columns of the export in their order: FOCUS 1.0 and then Alibaba's own, as it writes them."""
    own = (x.source for x in _declared().extra_columns.values() if x.source is not None)
    return (*(column.name for column in columns.of_version("1.0")), *own)


@functools.cache
def _places() -> dict[str, int]:
    return {name: place for place, name in enumerate(header())}


@functools.cache
def _nulls() -> list[list[str]]:
    """Lines of nothing but nulls and slots; each has the several texts for null elsewhere."""
    others = [text for text in _declared().format.null_texts if text]
    texts = [""] * _MOSTLY_EMPTY + others
    return [
        [
            "%s" if name in SLOTS else texts[(place * 7 + shift) % len(texts)]
            for place, name in enumerate(header())
        ]
        for shift in range(len(texts))
    ]


def quoted(text: str) -> str:
    """A CSV field, in quotes only where it must be; quotes inside are doubled (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if _MUST_QUOTE.search(text) else text


class Texts:
    """The templates of one account and month, those of one kind of charge after the other.

    templates: CSV lines with ``%s`` for each of SLOTS, in the header's order;
    first, count: where each kind's templates begin, and how many they are;
    list, billed, effective: percent of the drawn amount; hours: length of the charge period,
    0 for the whole month; is_usage. These five are by template.
    """

    def __init__(self, catalogue: dict, account: dict, month: Month):
        self.catalogue, self.account, self.month = catalogue, account, month
        self.templates: list[str] = []
        self.list: list[Any] = []
        self.billed: list[Any] = []
        self.effective: list[Any] = []
        self.hours: list[Any] = []
        self.is_usage: list[Any] = []
        least, most = _RESOURCES
        resources = min(max(month.rows // _ROWS_A_RESOURCE, least), most)
        counts = []
        for kind in catalogue["kinds"]:
            counts.append(max(3, resources * kind["share"] // 1000))
            for number in range(counts[-1]):
                self._add(kind, number)
        self.count = np.array(counts)
        self.first = np.cumsum(self.count) - self.count

    def _add(self, kind: dict, number: int) -> None:
        picks = Picks(self.month.seed, self.account["uid"], kind["name"], number)
        billed = picks.one(kind["billed"])
        self.list.append(kind.get("list", 100))
        self.billed.append(billed)
        self.effective.append(picks.one(kind["effective"]) if "effective" in kind else billed)
        self.hours.append(kind["hours"])
        self.is_usage.append(kind["category"] == "Usage")
        fields = self._account_fields(picks) | self._charge_fields(kind, picks)
        if kind.get("resource", True):
            fields |= self._resource_fields(fields, number, picks)
        self.templates.append(self._line(fields, picks))

    def _line(self, fields: dict[str, str], picks: Picks) -> str:
        line = list(picks.one(_nulls()))
        for name, text in fields.items():
            line[_places()[name]] = quoted(text).replace("%", "%%")
        return ",".join(line) + "\n"

    def _site(self, texts: list[str]) -> str:
        return texts[self.account["language"]]

    def _account_fields(self, picks: Picks) -> dict[str, str]:
        account = self.account
        sub_account, sub_name = picks.one(account["sub_accounts"])
        return {
            "BillingAccountId": account["uid"],
            "BillingAccountName": account["name"],
            "BillingCurrency": account["currency"],
            "BillingPeriodStart": self.month.start.strftime(TIME),
            "BillingPeriodEnd": self.month.end.strftime(TIME),
            "InvoiceIssuerName": account["number"],
            "ProviderName": account["number"],
            "PublisherName": account["number"],
            "SubAccountId": sub_account,
            "SubAccountName": sub_name,
        }

    def _charge_fields(self, kind: dict, picks: Picks) -> dict[str, str]:
        offered = self.catalogue["services"]
        service = picks.one([s for s in offered if s["code"] in kind.get("services", [s["code"]])])
        code, *names, unit, price = picks.one(service["items"])
        fields = {
            "ChargeCategory": kind["category"],
            "ChargeFrequency": kind["frequency"],
            "ServiceName": self._site(service["name"]),
            "X_CommodityCode": service["code"],
            "X_CommodityName": self._site(service["commodity"]),
            "X_BillingItemCode": code,
            "X_BillingItemName": self._site(names),
            "X_InstanceID": f"{self.account['uid']};{service['code']}",
        }
        if "pricing" in kind:
            fields["PricingCategory"] = kind["pricing"]
            if price:  # not every item has a list price, nor then a unit
                fields |= {"ListUnitPrice": price, "PricingUnit": unit}
        if kind.get("commitment"):
            fields |= self._commitment_fields(picks)
        return fields

    def _commitment_fields(self, picks: Picks) -> dict[str, str]:
        """Which part of a commitment is used is not shown: CommitmentDiscountStatus is null."""
        commitment = picks.one(self.catalogue["commitments"])
        return {
            "CommitmentDiscountCategory": commitment["category"],
            "CommitmentDiscountId": commitment["id"],
            "CommitmentDiscountName": self._site(commitment["name"]),
            "CommitmentDiscountType": commitment["type"],
        }

    def _resource_fields(self, fields: dict, number: int, picks: Picks) -> dict[str, str]:
        code = fields["X_CommodityCode"]
        service = next(s for s in self.catalogue["services"] if s["code"] == code)
        region = picks.one(self.catalogue["regions"])
        instance = service["instance"] + picks.hexadecimal(16)
        placed = {
            "RegionId": region["id"],
            "RegionName": self._site(region["name"]),
            "X_InstanceID": instance,
        }
        tags = self._tags(number, picks)
        if tags:
            placed["Tags"] = tags
        if service["instance"]:  # what has no id of its own stays without resource columns
            placed |= {
                "AvailabilityZone": f"{region['id']}-{picks.one(region['zones'])}",
                "ResourceId": instance,
                "ResourceName": self._name(number, picks),
                "ResourceType": service["type"],
            }
        return placed

    def _name(self, number: int, picks: Picks) -> str:
        with_break = self.month.line_breaks and number % 10 == 3
        names = self.catalogue["resources"]["line_break_names" if with_break else "names"]
        return picks.one(names).format(n=number)

    def _tags(self, number: int, picks: Picks) -> str:
        """Tags as resources have them: most a JSON object, some none, a few in the old notation."""
        tags = self._some_tags(number, picks)
        odd = number % 40
        if odd == 5:
            return "; ".join(f"key:{key} value:{value}" for key, value in tags.items())
        if odd in (6, 26):
            return ""
        if odd == 7:
            return "{}"
        if odd in (8, 28):  # both spellings on one resource, and they differ
            tags |= {"owner": "wang.fang@example.com", "Owner": "平台组"}
        return json.dumps(tags, ensure_ascii=odd == 9, separators=(",", ":"))

    def _some_tags(self, number: int, picks: Picks) -> dict[str, str]:
        words = self.catalogue["tags"]
        tags = {}
        for keys, values in zip(words["keys"], words["values"], strict=True):
            # Six in 20 resources have the first spelling, three one of the others, the rest none.
            at = picks.below(20)
            if at < 9:
                tags[keys[max(at - 5, 0)]] = picks.one(values)
        if number % 4 == 0:
            tags.update([picks.one(words["system"])])
        return tags
