"""Pieces that every page is made of: the frame, tables, numbers and links; all text is escaped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from html import escape
from typing import Any

from focus_lake.report.questions import Row
from focus_lake.resources import data

NONE = "–"
PAGES = (
    ("index", "Start"),
    ("executive", "Executive"),
    ("on-call", "On call"),
    ("debug", "Debug"),
    ("commitments", "Commitments"),
    ("conformance", "Conformance"),
    ("board", "Board report"),
)
LONGEST = 120  # characters of a text in a cell; the whole is its title


@dataclass(frozen=True)
class Raw:
    """HTML that is meant as such, with the value that a table is sorted by."""

    html: str
    by: str = ""


@dataclass(frozen=True)
class Column:
    """A head and what its cells show of a row; kind: text, money, share, number or day."""

    head: str
    of: str | Callable[[Row], Any]
    kind: str = "text"
    currency: str = ""  # the row's key with the currency of money

    def value(self, row: Row) -> Any:
        return row.get(self.of) if isinstance(self.of, str) else self.of(row)


def page(title: str, about: str, body: str, made: datetime, up: str = "", note: str = "") -> str:
    """A whole page. up: way to the site's folder; about: one sentence below the title."""
    style = data("report", "style.css").read_text(encoding="utf-8")
    script = data("report", "site.js").read_text(encoding="utf-8")
    links = "".join(
        f'<li><a href="{up}{name}.html"{_here(title, label)}>{label}</a>' for name, label in PAGES
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body>"
        '<a class="skip" href="#main">To the content</a>'
        f'<nav aria-label="Pages"><ul>{links}</ul></nav><header><h1>{escape(title)}</h1>'
        f"<p>{escape(about)} Made {made:%Y-%m-%d %H:%M} UTC.{note}</p></header>"
        f'<main id="main">{body}</main><script>{script}</script></body></html>\n'
    )


def _here(title: str, label: str) -> str:
    return ' aria-current="page"' if title == label else ""


def section(title: str, about: str, body: str) -> str:
    """A titled part of a page; its id is the title in small letters, to link to."""
    return (
        f'<section id="{slug(title)}"><h2>{escape(title)}</h2>'
        f'<p class="about">{escape(about)}</p>{body}</section>'
    )


def missing(what: str, how: str) -> str:
    """What is not there, and how to give it."""
    return f'<p class="missing"><b>{escape(what)}</b> {escape(how)}</p>'


def table(caption: str, columns: Sequence[Column], rows: Iterable[Row], limit: int = 0) -> str:
    """A table that can be sorted; limit: how many rows are shown, the number of others is told."""
    rows = list(rows)
    shown = rows[:limit] if limit else rows
    heads = "".join(
        f'<th scope="col" class="{_side(one.kind)}"><button type="button">{escape(one.head)}'
        "</button></th>"
        for one in columns
    )
    body = "".join(f"<tr>{''.join(_cell(one, row) for one in columns)}</tr>" for row in shown)
    left = len(rows) - len(shown)
    more = f'<p class="about">and {left:,} more, in the view.</p>' if left else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="hidden">{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )


def _side(kind: str) -> str:
    return "number" if kind in ("money", "share", "number") else ""


def _cell(column: Column, row: Row) -> str:
    value = column.value(row)
    if isinstance(value, Raw):
        return f'<td class="{_side(column.kind)}" data-value="{escape(value.by)}">{value.html}</td>'
    if value is None:
        return f'<td class="{_side(column.kind)}" data-value="">{NONE}</td>'
    exact = exactly(value)
    if column.kind == "money":
        text = money(value, str(row.get(column.currency) or ""))
    elif column.kind == "share":
        text = percent(value)
    elif column.kind == "number":
        text = number(value)
    else:
        text = str(value)
    if len(text) > LONGEST:
        short = f"{escape(text[:LONGEST])}…"
        return f'<td data-value="{escape(exact)}" title="{escape(text)}">{short}</td>'
    return f'<td class="{_side(column.kind)}" data-value="{escape(exact)}">{escape(text)}</td>'


def exactly(value: Any) -> str:
    """A value to its last digit, as the view has it, without zeros that say nothing."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def money(value: Decimal | None, currency: str = "") -> str:
    """Two decimals, more where the amount is smaller than a cent; half to even."""
    if value is None:
        return NONE
    step = Decimal("0.01")
    if value and abs(value) < step:
        step = Decimal(1).scaleb(value.adjusted() - 1)
    return f"{value.quantize(step, ROUND_HALF_EVEN):,f} {currency}".rstrip()


def percent(share: Decimal | None) -> str:
    """0 % and 100 % are said only where they are exact."""
    if share is None:
        return NONE
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if 0 < share < 1:
        share = min(max(share, Decimal("0.001")), Decimal("0.999"))
    return f"{share * 100:,.1f} %"


def number(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def month(yearmonth: str) -> str:
    return f"{yearmonth[:4]}-{yearmonth[4:]}"


def change(now: Decimal | None, before: Decimal | None) -> Raw:
    """An arrow and the change in percent; words where there is nothing to compare with."""
    if now is None or before is None or before <= 0:
        return Raw('<span class="flat">no month before</span>')
    if now < 0:
        return Raw('<span class="down">▼ below zero now</span>', exactly(now / before - 1))
    share = now / before - 1
    kind, arrow = ("up", "▲") if share > 0 else ("down", "▼") if share < 0 else ("flat", "▬")
    words = {"up": "more", "down": "less", "flat": "the same"}[kind]
    text = percent(abs(share)) if share else ""
    return Raw(f'<span class="{kind}">{arrow} {text} {words}</span>', exactly(share))


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is there; None where nothing is."""
    there = [value for value in values if value is not None]
    return sum(there, Decimal(0)) if there else None


def slug(name: str) -> str:
    """A name in small plain letters, for links within a page."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "name"


def files(names: Iterable[str]) -> dict[str, str]:
    """A file name for each name, without its end: plain letters, and a digest where a sign was lost
    that could matter, so that no two names share a file."""
    found: dict[str, str] = {}
    for name in sorted(set(names)):
        plain = slug(name)
        if not re.fullmatch(r"[A-Za-z0-9 ()_.-]+", name) or plain in found.values():
            plain = f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        found[name] = plain
    return found


def card(title: str, big: str, small: str, href: str = "", by: str = "") -> str:
    """A number to be seen first; by: its exact value."""
    head = f'<a href="{href}">{escape(title)}</a>' if href else escape(title)
    return (
        f'<article class="card"><h2>{head}</h2><p class="big" data-value="{escape(by)}">{big}</p>'
        f"<p>{small}</p></article>"
    )


def cards(found: Iterable[str]) -> str:
    return f'<div class="cards">{"".join(found)}</div>'


def with_numbers(chart: str, numbers: str) -> str:
    """A chart, and its numbers as a table that opens below it."""
    return f"{chart}<details><summary>The numbers</summary>{numbers}</details>"
