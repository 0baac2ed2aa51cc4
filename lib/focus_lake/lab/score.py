"""How good a method is: forecast errors, and events found, missed and wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from focus_lake.lab.series import QUIET, Series

BEFORE, AFTER = 0, 7  # days around a planted event that belong to it: its end is seen, too


@dataclass
class Found:
    """Planted events found and missed, by kind; events that were right and wrong."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    right: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        found = sum(self.found.values())
        return found / max(1, found + sum(self.missed.values()))

    def add(self, other: Found) -> None:
        self.found += other.found
        self.missed += other.missed
        self.right += other.right
        self.wrong += other.wrong


def anomalies(
    series: Sequence[Series], events: Iterable[tuple[str, int, int]], floor: float
) -> Found:
    """Events (series, first place, last place) against what was planted; from QUIET days on.

    A planted event counts if it cost at least `floor`. An event is right if it touches a planted
    one or the week after it.
    """
    by_series: dict[str, list[tuple[int, int]]] = {}
    for name, first, last in events:
        if first >= QUIET:
            by_series.setdefault(name, []).append((first, last))
    score = Found()
    for one in series:
        ours = by_series.get(one.name, [])
        for planted in one.planted:
            if abs(planted.cost) < floor:
                continue
            hit = any(first <= planted.last and last >= planted.first for first, last in ours)
            (score.found if hit else score.missed)[planted.kind] += 1
        for first, last in ours:
            right = any(
                first <= planted.last + AFTER and last >= planted.first - BEFORE
                for planted in one.planted
            )
            score.right += right
            score.wrong += not right
    return score


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
