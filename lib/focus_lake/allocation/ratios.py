"""Shares as exact cumulative ratios: multiples of 1e-12 that begin at 0 and end at 1.

A target's amount is total times `until` less total times `since`, each in decimals. What one target
begins with is what the one before ended with, so the amounts add up to the total by construction,
whatever the total is. The views do the same for proportional splits (sql/8_allocation_shares).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

UNITS = 10**12


class Ratio(NamedTuple):
    """What part of a total a target has: from `since` to `until`."""

    target: str
    since: Decimal
    until: Decimal


def ratios(weights: Mapping[str, Decimal | int]) -> list[Ratio]:
    """The ratios of targets by weight, in the order of their names; [] if nothing weighs.

    A weight below 0 counts as 0; a target without weight is left out.
    """
    weighing = {name: Fraction(weight) for name, weight in weights.items() if weight > 0}
    whole, upto, since, found = sum(weighing.values()), Fraction(0), 0, []
    for name in sorted(weighing):
        upto += weighing[name]
        until = int(upto * UNITS / whole)
        found.append(Ratio(name, Decimal(since).scaleb(-12), Decimal(until).scaleb(-12)))
        since = until
    return found
