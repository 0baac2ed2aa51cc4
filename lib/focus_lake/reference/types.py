"""The types that a cell of reference data can have: how it is read, checked and stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

MONTH = re.compile(r"(20[0-9]{2})-?(0[1-9]|1[0-2])")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What fits into decimal(38,18), so that no number is ever rounded.
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")


@dataclass(frozen=True)
class Type:
    """hive: the stored type; read: the value of a text, ValueError with what there must be."""

    hive: str
    read: Callable[[str], Any]


def _text(text: str) -> str:
    return text


def _month(text: str) -> str:
    found = MONTH.fullmatch(text)
    if not found:
        raise ValueError("must be a month, such as 202601")
    return found[1] + found[2]


def _month_of(text: str) -> str:
    """A month, or a day of it."""
    try:
        return _day(text).strftime("%Y%m") if DAY.fullmatch(text) else _month(text)
    except ValueError:
        raise ValueError("must be a month, such as 202601, or a day, such as 2026-01-31") from None


def _month_of_time(text: str) -> str:
    """A month, a day of it, or the UTC time at which it starts in whatever zone its provider has.

    A month starts at most 14 hours before or 12 after its first midnight in UTC, so a day later it
    is under way everywhere.
    """
    if "T" not in text and " " not in text:
        return _month_of(text)
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "must be a month, such as 202601, or its start, such as 2026-01-01T00:00:00Z"
        ) from None
    start = start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)
    return (start + timedelta(days=1)).strftime("%Y%m")


def _day(text: str) -> date:
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # said below
    raise ValueError("must be a day, such as 2026-01-31")


def _number(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        hint = "; decimals are written with a point" if "," in text else ""
        raise ValueError(
            "must be a number with at most 20 digits before the point and 18 after it" + hint
        )
    return Decimal(text)


def _amount(text: str) -> Decimal:
    number = _number(text)
    if number < 0:
        raise ValueError("must not be below 0")
    return number


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("must be three capital letters of ISO 4217, such as USD")
    return text


def _json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"must be JSON: {error}") from None
    return text


TYPES = {
    "text": Type("string", _text),
    "month": Type("string", _month),  # stored as YYYYMM
    "month_or_day": Type("string", _month_of),  # stored as YYYYMM
    "month_of_time": Type("string", _month_of_time),  # stored as YYYYMM
    "day": Type("date", _day),
    "number": Type("decimal(38,18)", _number),
    "amount": Type("decimal(38,18)", _amount),  # a number of 0 or more
    "ratio": Type("decimal(13,12)", _number),  # from 0 to 1, of derived kinds
    "whole": Type("bigint", _whole),
    "boolean": Type("boolean", _boolean),
    "currency": Type("string", _currency),
    "json": Type("string", _json),  # a table or list of TOML is kept as JSON text
}
