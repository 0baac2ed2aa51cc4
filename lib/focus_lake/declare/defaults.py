"""What the text of a default means in its column: [defaults] of a declaration is text alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from focus_lake.spec.columns import Column

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,18})?")  # what decimal(38,18) holds
_CURRENCY = re.compile(r"[A-Z]{3}")


def value_of(column: Column, text: str) -> str | Decimal | datetime:
    """The value; times are UTC without zone. ValueError, with the reason, if it cannot be."""
    if column.stored == "decimal":
        return _number(text)
    if column.stored == "timestamp":
        return _time(text)
    if column.stored != "string":
        raise ValueError("a column of keys and values cannot have a default")
    if not text.strip():
        raise ValueError("an empty text is not a value; leave the default out")
    if column.name == "BillingCurrency" and not _CURRENCY.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a currency: three capital letters of ISO 4217, such as USD"
        )
    return text


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a number with at most 20 digits before the point and 18 after it"
        )
    return Decimal(text)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError(f"{text!r} is not a time with its zone, such as 2026-01-31T00:00:00Z")
    return time.astimezone(UTC).replace(tzinfo=None)
