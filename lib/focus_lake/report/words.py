"""How the pages write values: money, shares, months, changes; exact values stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from html import unescape
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Raw:
    """HTML that is meant as such, with the value that a table is sorted by."""

    html: str
    by: str = ""

    @property
    def text(self) -> str:
        """What a reader sees of it."""
        return unescape(re.sub(r"<[^>]+>", "", self.html.replace("<br>", " "))).strip()


def exactly(value: Any) -> str:
    """A value to its last digit, as the view has it, without zeros that say nothing."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


_EXACT = Context(prec=100)  # Python's own context would round to 28 digits


def money(value: Decimal | None, currency: str = "") -> str:
    """Two decimals, more where the amount is smaller than a cent; half to even."""
    if value is None:
        return NONE
    step = Decimal("0.01")
    if value and abs(value) < step:
        step = Decimal(1).scaleb(value.adjusted() - 1)
    return f"{value.quantize(step, ROUND_HALF_EVEN, _EXACT):,f} {currency}".rstrip()


def percent(share: Decimal | None) -> str:
    """0 % and 100 % are said only where they are exact."""
    if share is None:
        return NONE
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if 0 < abs(share) < 1:
        size = min(max(abs(share), Decimal("0.001")), Decimal("0.999"))
        share = size.copy_sign(share)
    return f"{share * 100:,.1f} %"


def number(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month(yearmonth: str) -> str:
    """202601 as Jan 2026; any other period stays as it is."""
    if not re.fullmatch(r"\d{6}", yearmonth):
        return yearmonth
    return f"{MONTHS[int(yearmonth[4:]) - 1]} {yearmonth[:4]}"


def minute(value: Any) -> str:
    """A time to the minute; text in ISO 8601 or a time, UTC."""
    return exactly(value)[:16].replace("T", " ")


def short(value: Decimal) -> str:
    """A rounded number for a chart; the table beside it has the exact one."""
    for size, mark in (
        (Decimal(10) ** 12, "tn"),
        (Decimal(10) ** 9, "bn"),
        (Decimal(10) ** 6, "m"),
        (Decimal(1000), "k"),
    ):
        if abs(value) >= size:
            return f"{value / size:,.1f} {mark}"
    return f"{value:,.2f}"


def tail(name: str) -> str:
    """The end of a long identifier, which tells it from others; its beginning tells its kind."""
    if len(name) <= 44 or " " in name:
        return name
    return f"{name[:14]}…{name[-28:]}"


def brief(name: str, most: int = 60) -> str:
    """The beginning of a name that is too long for a line."""
    return name if len(name) <= most else f"{name[:most].rstrip()}…"


def plain(code: str | None) -> str | None:
    """A view's code as words: no_rate as no rate."""
    return None if code is None else code.replace("_", " ")


MANY = 10  # from so many times on, percent say less than times


def change(now: Decimal | None, before: Decimal | None) -> Raw:
    """An arrow and the change in percent; words where there is nothing to compare with."""
    if now is None or before is None or before <= 0:
        why = "no month before" if before is None else "nothing to compare with"
        return Raw(f'<span class="flat">{why}</span>')
    if now < 0:
        return Raw('<span class="down">▼ below zero now</span>', exactly(now / before - 1))
    share = now / before - 1
    kind, arrow = ("up", "▲") if share > 0 else ("down", "▼") if share < 0 else ("flat", "▬")
    words = {"up": "more", "down": "less", "flat": "the same"}[kind]
    text = percent(abs(share)) if share else ""
    if share >= MANY - 1:
        text, words = f"{share + 1:,.0f} times", "as much"
    return Raw(f'<span class="{kind}">{arrow} {text} {words}</span>', exactly(share))


def counted(count: int, one: str, many: str) -> str:
    """1 anomaly, 2 anomalies."""
    return f"{count:,} {one if count == 1 else many}"


def added(one: Decimal, amount: Decimal, rate: Decimal = Decimal(1)) -> Decimal:
    """one + amount x rate, to the last digit."""
    return _EXACT.fma(amount, rate, one)


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is there, to the last digit; None where nothing is."""
    found: Decimal | None = None
    for value in values:
        if value is not None:
            found = added(found or Decimal(0), value)
    return found
