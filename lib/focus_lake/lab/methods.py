"""The simple methods that ours is held against, and the months that all of them forecast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import linear_regression, mean, stdev

from focus_lake.lab.series import FIRST, KNOWN, Series

KNOWN_DAYS = (5, 10, 20)
LEARN_FROM = date(2024, 4, 1)  # the first month that is forecast: three months are known


@dataclass(frozen=True)
class Point:
    """One forecast: what is known (all days before, the month's first ones the last of them), how
    many days are left, what came on them."""

    name: str
    yearmonth: str
    known_days: int
    history: list[float]
    left: int
    came: float

    @property
    def month(self) -> float:
        return sum(self.history[-self.known_days :]) + self.came


def points(series: Sequence[Series]) -> Iterator[Point]:
    """Day 5, 10 and 20 of every whole month of every series."""
    for one in series:
        cost = [float(amount) for amount in one.cost]
        for first, following in _months():
            for known in KNOWN_DAYS:
                at = first + known
                name = f"{date.fromordinal(FIRST.toordinal() + first):%Y%m}"
                came = sum(cost[at:following])
                yield Point(one.name, name, known, cost[:at], following - at, came)


def _months() -> Iterator[tuple[int, int]]:
    month = LEARN_FROM
    while True:
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if (following - FIRST).days > KNOWN:
            return
        yield (month - FIRST).days, (following - FIRST).days
        month = following


def run_rate(point: Point) -> float:
    """The mean of the month so far, for each day left."""
    return mean(point.history[-point.known_days :]) * point.left


def straight_line(point: Point) -> float:
    """A line through the last 30 days, drawn on."""
    last = point.history[-30:]
    slope, start = linear_regression(range(len(last)), last)
    days = range(len(last), len(last) + point.left)
    return sum(start + slope * place for place in days)


def z_score(series: Sequence[Series], floor: float) -> list[tuple[str, int, int]]:
    """Events: days more than three standard deviations from the mean of the 28 days before."""
    events = []
    for one in series:
        cost = [float(amount) for amount in one.cost]
        days = [
            place
            for place in range(28, KNOWN)
            if abs(cost[place] - mean(cost[place - 28 : place]))
            > max(3 * stdev(cost[place - 28 : place]), floor)
        ]
        events += [(one.name, first, last) for first, last in merged(days)]
    return events


def merged(days: Sequence[int], gap: int = 3) -> list[tuple[int, int]]:
    """Days close together as one event."""
    events: list[tuple[int, int]] = []
    for place in days:
        if events and place - events[-1][1] <= gap:
            events[-1] = (events[-1][0], place)
        else:
            events.append((place, place))
    return events
