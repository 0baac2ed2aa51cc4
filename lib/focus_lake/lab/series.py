"""Two years of made daily costs with labels: what is planted in them, and what is only life.

A series is made of a base amount with a trend, weekdays, noise that hangs together from day to
day, charges on days of the month, moves of its level that people planned, and holidays; of the last
days only a part has come. Three
kinds of anomalies are planted: spikes (one to three days), drips (something that grows from day to
day until it is found) and price jumps (cost rises, quantity does not). Everything follows from the
seed alone; amounts have two decimals.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

FIRST = date(2024, 1, 1)
DAYS = 731
KNOWN = DAYS - 2  # of the last two days only a part has come: late data
QUIET = 91  # days at the start, in which nothing is planted: no method has a history yet
APART = 42  # days between two planted events of a series
KINDS = ("spike", "drip", "price")


@dataclass
class Planted:
    """One anomaly: days from first to last (places in the series), and the money it cost."""

    kind: str
    first: int
    last: int
    cost: float = 0.0


@dataclass
class Series:
    """Cost and quantity of each day; `clean` is the cost without what was planted; jobs and
    holidays are what a user knows beforehand and would list as suppressions: (first, last)."""

    name: str
    cost: list[Decimal]
    clean: list[Decimal]
    quantity: list[Decimal]
    planted: list[Planted] = field(default_factory=list)
    known: list[tuple[int, int]] = field(default_factory=list)


def make(seed: int, count: int = 12) -> list[Series]:
    """So many series, fixed by the seed."""
    return [_one(random.Random(f"{seed}/{number}"), f"series-{number}") for number in range(count)]


def day(place: int) -> date:
    return FIRST + timedelta(days=place)


def _one(rng: random.Random, name: str) -> Series:
    base = 10 ** rng.uniform(1.8, 3.8)
    usage = _level(rng)
    _weekdays(rng, usage)
    _noise(rng, usage)
    known = _holidays(rng, usage)
    monthly = _monthly(rng)
    known += _jobs(rng, monthly)
    price = [1.0] * DAYS
    clean = [base * (u + m) for u, m in zip(usage, monthly, strict=True)]
    planted = _plant(rng, usage, price)
    cost = [base * (u * p + m) for u, p, m in zip(usage, price, monthly, strict=True)]
    for place in range(KNOWN, DAYS):
        cost[place] *= rng.uniform(0.1, 0.7)
    for one in planted:
        one.cost = sum(cost[one.first : one.last + 1]) - sum(clean[one.first : one.last + 1])
    return Series(name, _money(cost), _money(clean), _money(usage), planted, sorted(known))


def _money(amounts: list[float]) -> list[Decimal]:
    return [Decimal(f"{amount:.2f}") for amount in amounts]


def _level(rng: random.Random) -> list[float]:
    """Trend, and one to three moves of the level: at once when small, else over some days."""
    growth = rng.uniform(-0.2, 0.5)
    level = [1 + growth * place / 365 for place in range(DAYS)]
    for _ in range(rng.randint(1, 3)):
        begins, share = rng.randrange(30, DAYS - 30), rng.uniform(-0.3, 0.35)
        ramp = 1 if abs(share) < 0.2 else rng.randint(7, 21)
        for place in range(begins, DAYS):
            level[place] *= 1 + share * min(1, (place - begins + 1) / ramp)
    return level


def _weekdays(rng: random.Random, usage: list[float]) -> None:
    weekend = rng.choice([1.0, 0.9, 0.7, 0.5, 0.35])
    factors = [rng.uniform(0.95, 1.05) for _ in range(5)] + [weekend, weekend * 0.95]
    for place in range(DAYS):
        usage[place] *= factors[day(place).weekday()]


def _noise(rng: random.Random, usage: list[float]) -> None:
    """Noise that hangs together: 0.6 of a day's is still there on the next."""
    size, last = rng.uniform(0.02, 0.07), 0.0
    for place in range(DAYS):
        last = 0.6 * last + rng.gauss(0, size)
        usage[place] *= max(0.05, 1 + last)


def _holidays(rng: random.Random, usage: list[float]) -> list[tuple[int, int]]:
    """About six single days a year and a week at its end, on which less is used."""
    quiet = rng.uniform(0.55, 0.9)
    days = {(1, 1), (5, 1), (10, 3)} | {(rng.randint(2, 11), rng.randint(2, 27)) for _ in range(3)}
    places = [place for place in range(DAYS) if (day(place).month, day(place).day) in days]
    for place in range(DAYS):
        if day(place).month == 12 and day(place).day >= 24:
            places.append(place)
    for place in set(places):
        usage[place] *= quiet
    return [(place, place) for place in sorted(set(places))]


def _monthly(rng: random.Random) -> list[float]:
    """Charges that come on a day of the month, in units of the base amount; or none."""
    monthly = [0.0] * DAYS
    for _ in range(rng.choice([0, 1, 1, 2])):
        on, size = rng.choice([1, 1, 2, 5, 10, 15, 28]), rng.uniform(0.5, 8)
        for place in range(DAYS):
            if day(place).day == on:
                monthly[place] += size * rng.uniform(0.97, 1.03)
    return monthly


def _jobs(rng: random.Random, monthly: list[float]) -> list[tuple[int, int]]:
    """Jobs that people announce, on days of their own: none or one a series."""
    known = []
    for _ in range(rng.randint(0, 1)):
        place = rng.randrange(60, DAYS - 5)
        for at in range(place, place + 2):
            monthly[at] += rng.uniform(0.6, 1.5)
        known.append((place, place + 1))
    return known


def _plant(rng: random.Random, usage: list[float], price: list[float]) -> list[Planted]:
    """Anomalies one after another, with time between them in which a series comes to rest."""
    planted: list[Planted] = []
    place = QUIET + rng.randrange(40)
    while place < DAYS - 40:
        dearer = sum(one.kind == "price" for one in planted) < 2  # one a year, as it happens
        kind = rng.choice(KINDS if dearer else KINDS[:2])
        one = {"spike": _spike, "drip": _drip, "price": _price}[kind](rng, place, usage, price)
        planted.append(one)
        place = one.last + APART + rng.randrange(60)
    return planted


def _spike(rng: random.Random, first: int, usage: list[float], price: list[float]) -> Planted:
    last = first + rng.randrange(3)
    for place in range(first, last + 1):
        usage[place] *= 1 + rng.uniform(0.5, 3)
    return Planted("spike", first, last)


def _drip(rng: random.Random, first: int, usage: list[float], price: list[float]) -> Planted:
    """Each day as much more as the day before, until somebody finds it."""
    days, grown = rng.randint(18, 35), rng.uniform(0.6, 1.5)
    for number in range(days):
        usage[first + number] *= 1 + grown * (number + 1) / days
    return Planted("drip", first, first + days - 1)


def _price(rng: random.Random, first: int, usage: list[float], price: list[float]) -> Planted:
    """A price that rises and stays; its event is the time until it has become the usual one."""
    share = rng.uniform(0.35, 0.8)
    for place in range(first, DAYS):
        price[place] *= 1 + share
    return Planted("price", first, first + 13)
