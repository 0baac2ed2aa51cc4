"""Rows of an Alibaba sample: texts of resources and commitments with the money and times let in.

A row is a template (43 constant fields of one resource) with five values: two times and three
costs. All of them follow from seed, account and row number alone.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from focus_lake import resources
from focus_lake.sample.alibaba_texts import SLOTS, TIME, Texts, header
from focus_lake.sample.files import Chunk
from focus_lake.sample.numbers import hashes, key_of, money
from focus_lake.sample.options import Month

CHUNK = 20_000  # rows made at a time
COSTS = ("BilledCost", "EffectiveCost", "ListCost")
_DECIMALS = np.array([2, 2, 4, 6, 6, 8, 10, 12])
_EARLIER_HOURS = 48  # how far before its billing period a late charge may lie


@functools.cache
def catalogue() -> dict:
    """alibaba.toml as it is."""
    text = resources.data("sample", "alibaba.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class Rows:
    """All rows of one month, any range of them at once."""

    def __init__(self, month: Month):
        self.month = month
        self.account = catalogue()["accounts"][month.account]
        texts = Texts(catalogue(), self.account, month)
        # One byte of UTF-8 a character: formatting and joining such texts is twice as fast.
        self.templates = [text.encode().decode("latin-1") for text in texts.templates]
        self.first, self.count = texts.first, texts.count
        self.kinds = self._order_of_kinds()
        self.percent = {
            "ListCost": np.array(texts.list),
            "BilledCost": np.array(texts.billed),
            "EffectiveCost": np.array(texts.effective),
        }
        self.hours = np.array(texts.hours)
        self.is_usage = np.array(texts.is_usage)
        self.times = self._times()
        self.slots = [name for name in header() if name in SLOTS]

    def _order_of_kinds(self) -> np.ndarray:
        """A thousand numbers of kinds, shuffled; one of each first, so that few rows show all."""
        kinds = catalogue()["kinds"]
        each = np.arange(len(kinds))
        rest = np.repeat(each, [kind["share"] - 1 for kind in kinds])
        shuffled = rest[np.argsort(hashes(key_of("kinds"), np.arange(len(rest))), kind="stable")]
        return np.concatenate([each, shuffled])

    def _times(self) -> list[str]:
        """Texts of the hours from two days before the month to a day after it."""
        first = self.month.start - timedelta(hours=_EARLIER_HOURS)
        hours = _EARLIER_HOURS + (self.month.days + 1) * 24
        return [(first + timedelta(hours=hour)).strftime(TIME) for hour in range(hours + 1)]

    def chunks(self, first: int, last: int, push: int) -> Iterator[Chunk]:
        """Rows first to last - 1 as push number ``push`` shows them; 0 is the final push."""
        for start in range(first, last, CHUNK):
            yield self._chunk(np.arange(start, min(start + CHUNK, last)), push)

    def _chunk(self, index: np.ndarray, push: int) -> Chunk:
        day, index = self._day_and_source(index)
        kind = self.kinds[index % len(self.kinds)]
        # Each resource of a kind is met once before the choice is left to chance.
        turn = np.where(index < self.month.rows // 4, index, self._hash("resource", index))
        template = self.first[kind] + turn % self.count[kind]
        values = dict(self._periods(day, index, template))
        costs = self._costs(index, template, push)
        values |= costs
        data = self._data(template, [values[name] for name in self.slots])
        costs["ContractedCost"] = []
        return Chunk(data, len(index), self.account["currency"], costs)

    def _hash(self, purpose: str, index: np.ndarray) -> np.ndarray:
        # Not by month's start: a resource lives on, and its costs differ by month all the same.
        key = key_of(self.month.seed, self.account["uid"], f"{self.month.start:%Y%m}", purpose)
        return hashes(key, index)

    def _day_and_source(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The day (from 0) of each row, and the row that it repeats: nearly always itself.

        Tiered prices give rows that look equal and are all real.
        """
        day = index * self.month.days // self.month.rows
        before = np.maximum(index - 1, 0)
        same_day = before * self.month.days // self.month.rows == day
        return day, np.where(same_day & (index % 50 == 49), before, index)

    def _periods(self, day: np.ndarray, index: np.ndarray, template: np.ndarray) -> Any:
        """Texts of the charge periods: an hour, a day, or the month; a few begin before it."""
        chance = self._hash("period", index)
        hours = self.hours[template]
        start = _EARLIER_HOURS + day * 24 + np.where(hours == 1, chance % 24, 0)
        late = self.is_usage[template] & (chance // 24 % 1000 == 7)
        start = np.where(late, chance % (_EARLIER_HOURS - 24), start)
        start = np.where(hours == 0, _EARLIER_HOURS, start)
        end = start + np.where(hours == 0, self.month.days * 24, hours)
        for name, at in (("ChargePeriodStart", start), ("ChargePeriodEnd", end)):
            yield name, [self.times[hour] for hour in at.tolist()]

    def _costs(self, index: np.ndarray, template: np.ndarray, push: int) -> dict[str, list[str]]:
        decimals = _DECIMALS[self._hash("decimals", index) % len(_DECIMALS)]
        chance = self._hash("amount", index)
        # Below 0.1 to below 100, small amounts far more often than large ones. With 12 decimals
        # and thousands of percent the largest is 3e17, so it stays exact in 64 bits.
        digits = np.array([-1, -1, 0, 0, 0, 1, 1, 2])[chance % 8]
        units = chance // 8 % 10 ** (decimals + digits).astype(np.int64) + 1
        if push:
            units = self._restated(units, index, template, push)
        return {
            name: money(units * self.percent[name][template] // 100, decimals) for name in COSTS
        }

    def _restated(
        self, units: np.ndarray, index: np.ndarray, template: np.ndarray, push: int
    ) -> np.ndarray:
        """Before the final push, one row of usage in 40 costs up to two percent more or less."""
        chance = self._hash("restated", index)
        open_still = self.is_usage[template] & (chance % 40 == 0)
        return np.where(open_still, units + units * ((chance // 40 + push) % 5 - 2) // 100, units)

    def _data(self, template: np.ndarray, values: list[list[str]]) -> bytes:
        templates = self.templates
        rows = zip(template.tolist(), zip(*values, strict=True), strict=True)
        return "".join([templates[at] % row for at, row in rows]).encode("latin-1")


@functools.lru_cache(maxsize=2)
def rows_of(month: Month) -> Rows:
    """The rows of a month; their texts are kept, since its parts and pushes come one by one."""
    return Rows(month)
