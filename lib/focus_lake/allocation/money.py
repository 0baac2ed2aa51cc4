"""Arithmetic with all 38 digits of a cost: Python's own decimal context rounds to 28."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact

# Rounding is an error, never silent; 60 digits hold a sum of any number of decimal(38,18).
EXACT = Context(prec=60, traps=[Inexact])


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum, to the last digit; None counts as 0."""
    found = Decimal(0)
    for amount in amounts:
        found = EXACT.add(found, amount or Decimal(0))
    return found
