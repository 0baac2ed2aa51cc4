"""A cloud's sample bill as Arrow tables: FOCUS 1.2 columns and the provider's own, as texts.

Money and quantities are decimal texts, times are timestamps (UTC, without a zone), all the rest
is text. How a provider writes them down is its own module's affair.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from datetime import timedelta

import numpy as np
import pyarrow as pa

from focus_lake import declare
from focus_lake.sample.bill_texts import Texts, catalogue
from focus_lake.sample.numbers import hashes, key_of, money
from focus_lake.sample.options import Month
from focus_lake.spec import columns

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
TIME = pa.timestamp("s")
_DECIMALS = 3  # of a quantity
_EARLIER_DAYS = 3  # how far before its billing period a correction lies, at most
# The same money once more: pricing and billing currency are one here.
_COPIES = {
    "PricingCurrency": "BillingCurrency",
    "PricingCurrencyContractedUnitPrice": "ContractedUnitPrice",
    "PricingCurrencyEffectiveCost": "EffectiveCost",
    "PricingCurrencyListUnitPrice": "ListUnitPrice",
    "CommitmentDiscountQuantity": "PricingQuantity",
}


class Bill:
    """All rows of one provider's account and month, any range of them at once."""

    def __init__(self, provider: str, month: Month):
        self.provider, self.month = provider, month
        self.account = catalogue(provider)["accounts"][month.account]
        texts = Texts(provider, month)
        self.first, self.count = np.array(texts.first), np.array(texts.count)
        names = dict.fromkeys(name for each in texts.templates for name in each.fields)
        # "" says that there is none, as it does in a CSV.
        self.texts = {
            name: pa.array([each.fields.get(name) or None for each in texts.templates], pa.string())
            for name in names
        }
        prices = [each.price.as_tuple() for each in texts.templates]
        self.price = np.array([int("".join(map(str, price.digits))) for price in prices])
        self.decimals = np.array([-int(price.exponent) for price in prices])
        self.percent = {
            cost: np.array([each.percent[cost] for each in texts.templates]) for cost in COSTS
        }
        self._read_kinds(catalogue("bill")["kinds"])

    def _read_kinds(self, kinds: list[dict]) -> None:
        """What follows from a row's kind; the kinds' order: one of each first, then by chance."""
        each = np.arange(len(kinds))
        rest = np.repeat(each, [kind["share"] - 1 for kind in kinds])
        chance = hashes(key_of("kinds"), np.arange(len(rest)))
        self.kinds = np.concatenate([each, rest[np.argsort(chance, kind="stable")]])
        self.hours = np.array([kind["hours"] for kind in kinds])
        self.earlier = np.array([kind.get("earlier", False) for kind in kinds])
        self.fixed = np.array([kind.get("quantity", 0) * 10**_DECIMALS for kind in kinds])
        self.sign = np.array([-1 if kind["list"][0] < 0 else 1 for kind in kinds])
        self.metered = np.array([kind.get("metered", True) for kind in kinds])
        self.is_usage = np.array([kind["category"] == "Usage" for kind in kinds])

    def table(self, first: int, last: int, push: int = 0) -> pa.Table:
        """Rows first to last - 1 as push number ``push`` shows them; 0 is the final one."""
        index = np.arange(first, last)
        kind = self.kinds[index % len(self.kinds)]
        template = self.first[kind] + self._hash("resource", index) % self.count[kind]
        columns_found = {name: texts.take(pa.array(template)) for name, texts in self.texts.items()}
        columns_found |= self._periods(index, kind)
        columns_found |= self._amounts(index, kind, template, push)
        for name, like in _COPIES.items():
            columns_found[name] = columns_found[like]
        is_committed = columns_found["CommitmentDiscountId"].is_valid()
        quantity = columns_found["CommitmentDiscountQuantity"]
        columns_found["CommitmentDiscountQuantity"] = _where(is_committed, quantity)
        return pa.table(columns_found)

    def _hash(self, purpose: str, index: np.ndarray) -> np.ndarray:
        key = key_of(self.month.seed, self.provider, self.account["id"], self.month.name, purpose)
        return hashes(key, index)

    def _periods(self, index: np.ndarray, kind: np.ndarray) -> dict[str, pa.Array]:
        month, chance = self.month, self._hash("period", index)
        hours = np.where(self.hours[kind] == 0, month.days * 24, self.hours[kind])
        start = index * month.days // month.rows * 24
        start = start + np.where(hours == 1, chance % 24, 0)
        start = np.where(self.earlier[kind], -24 * (1 + chance % _EARLIER_DAYS), start)
        start = np.where(self.hours[kind] == 0, 0, start)
        # Google's day does not begin at midnight, UTC.
        midnight = timedelta(hours=catalogue(self.provider).get("midnight", 0))
        begin = np.datetime64(month.start + midnight, "s")
        end = np.datetime64(month.end + midnight, "s")
        hour = np.timedelta64(3600, "s")
        return {
            "ChargePeriodStart": pa.array(begin + start * hour),
            "ChargePeriodEnd": pa.array(begin + (start + hours) * hour),
            "BillingPeriodStart": pa.array(np.full(len(index), begin)),
            "BillingPeriodEnd": pa.array(np.full(len(index), end)),
        }

    def _amounts(
        self, index: np.ndarray, kind: np.ndarray, template: np.ndarray, push: int
    ) -> dict[str, pa.Array]:
        """Quantities and costs; every cost is exactly percent of quantity times list price."""
        chance = self._hash("amount", index)
        # Small quantities far more often than large ones: below 1 to below 1,000.
        digits = np.array([0, 0, 0, 1, 1, 1, 2, 3])[chance % 8]
        units = chance // 8 % 10 ** (_DECIMALS + digits) + 1
        units = np.where(self.fixed[kind] > 0, self.fixed[kind], units)
        if push:
            units = self._restated(units, index, kind, push)
        decimals = np.full(len(index), _DECIMALS)
        quantity = pa.array(money(units * self.sign[kind], decimals), pa.string())
        metered = pa.array(self.metered[kind])
        used = pa.array(self.metered[kind] & self.is_usage[kind])
        found = {
            "PricingQuantity": _where(metered, quantity),
            "ConsumedQuantity": _where(used, quantity),
        }
        # At most 1e6 units of price, 1e6 of quantity and 100 percent: far inside 64 bits.
        amount = units * self.price[template]
        decimals = self.decimals[template] + _DECIMALS + 2
        for cost in COSTS:
            units = amount * self.percent[cost][template]
            found[cost] = pa.array(money(units, decimals), pa.string())
        return found

    def _restated(
        self, units: np.ndarray, index: np.ndarray, kind: np.ndarray, push: int
    ) -> np.ndarray:
        """Before the final push, one row of usage in 40 is not measured to the end."""
        chance = self._hash("restated", index)
        open_still = self.is_usage[kind] & (chance % 40 == 0)
        return np.where(open_still, units * (90 + (chance // 40 + push) % 9) // 100 + 1, units)


def _where(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pa.compute.if_else(mask, values, pa.scalar(None, values.type))


@functools.lru_cache(maxsize=4)
def bill_of(provider: str, month: Month) -> Bill:
    """The bill of a month; its texts are kept, since its parts and pushes come one by one."""
    return Bill(provider, month)


@functools.cache
def declared(provider: str) -> declare.Declaration:
    """The provider's packaged declaration: columns of its own, old names, gaps."""
    return declare.load(provider)


def own_columns(provider: str) -> list[str]:
    """The provider's own columns, as the files call them."""
    return [x.source for x in declared(provider).extra_columns.values() if x.source is not None]


def of_version(
    table: pa.Table, version: str, *, without: Collection[str] = (), also: Collection[str] = ()
) -> pa.Table:
    """The FOCUS columns of a version in alphabetical order, and then the other columns named.

    A column that the bill lacks is a column of nulls.
    """
    names = [column.name for column in columns.of_version(version) if column.name not in without]
    have = set(table.column_names)
    nothing = pa.nulls(table.num_rows, pa.string())
    wanted = [*names, *also]
    return pa.table({name: table[name] if name in have else nothing for name in wanted})
