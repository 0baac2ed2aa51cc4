"""Pieces that every page is made of: the frame, tables, numbers and links; all text is escaped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from focus_lake.report.questions import Row
from focus_lake.report.words import NONE, Raw, exactly, minute, money, month, number, percent, tail
from focus_lake.resources import data

PAGES = (
    ("index", "Start"),
    ("executive", "Executive"),
    ("on-call", "On call"),
    ("debug", "Debug"),
    ("commitments", "Commitments"),
    ("conformance", "Conformance"),
    ("board", "Board report"),
)
MOST = 25  # rows of a part; the views have all
LONGEST = 240  # characters of a text in a cell; the whole is its title


WRITTEN: dict[str, Callable[[Any], str]] = {
    "share": percent,
    "number": number,
    "month": month,
    "id": tail,
    "time": minute,
}


@dataclass(frozen=True)
class Column:
    """A head and what its cells show of a row.

    kind: text, money, share, number, day, time, month or id (a long name whose end tells most).
    optional: left out where no row has a value.
    """

    head: str
    of: str | Callable[[Row], Any]
    kind: str = "text"
    currency: str = ""  # the row's key with the currency of money
    optional: bool = False

    def value(self, row: Row) -> Any:
        return row.get(self.of) if isinstance(self.of, str) else self.of(row)

    def text(self, row: Row) -> str:
        """What a reader sees, without HTML."""
        value = self.value(row)
        if isinstance(value, Raw):
            return value.text
        if value is None:
            return NONE
        if self.kind == "money":
            return money(value, str(row.get(self.currency) or ""))
        return WRITTEN.get(self.kind, str)(value)


def used(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """The columns without the optional ones that no row fills."""
    return [
        one
        for one in columns
        if not one.optional or any(one.value(row) not in (None, "") for row in rows)
    ]


def page(
    title: str,
    about: str,
    body: str,
    made: datetime,
    up: str = "",
    note: str = "",
    alone: bool = False,
) -> str:
    """A whole page. up: way to the site's folder; about: one sentence below the title; alone:
    without links to the other pages."""
    style = data("report", "style.css").read_text(encoding="utf-8")
    script = data("report", "site.js").read_text(encoding="utf-8")
    links = "".join(
        f'<li><a href="{up}{name}.html"{_here(title, label)}>{label}</a></li>'
        for name, label in PAGES
    )
    nav = "" if alone else f'<nav class="of-site" aria-label="Pages"><ul>{links}</ul></nav>'
    head = "Cloud and AI spend" if title == "Start" else title
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(head)}</title><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body>"
        f'<a class="skip" href="#main">To the content</a>{nav}'
        f"<header><h1>{escape(head)}</h1>"
        f"<p>{escape(about)} Made {made:%Y-%m-%d %H:%M} UTC.{note}</p></header>"
        f'<main id="main">{body}</main><script>{script}</script></body></html>\n'
    )


def _here(title: str, label: str) -> str:
    is_it = title == label or title.split(",")[0] == label
    return ' aria-current="page"' if is_it else ""


def section(title: str, about: str, body: str) -> str:
    """A titled part of a page; its id is the title in small letters, to link to."""
    told = f'<p class="about">{escape(about)}</p>' if about else ""
    return f'<section id="{slug(title)}"><h2>{escape(title)}</h2>{told}{body}</section>'


@dataclass
class Part:
    """A part that is shown alike on a page and in the PDF: a chart, a table, or why there is none.

    chart: SVG; gap: (what is missing, how to give it); told: sentences below.
    """

    title: str
    about: str = ""
    chart: str = ""
    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    gap: tuple[str, str] | None = None
    told: list[str] = field(default_factory=list)

    def html(self) -> str:
        shown = framed(self.chart) if self.chart else ""
        if self.rows:
            shown += table(self.title, self.columns, self.rows, MOST)
        if self.gap:
            shown += missing(*self.gap)
        if self.told:
            shown += f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in self.told)}</ul>"
        return section(self.title, self.about, shown)


def listed(
    title: str,
    about: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    none: str,
    limit: int = 0,
    caption: str = "",
) -> str:
    """A part that is a table, or what `none` says where it has no row."""
    shown = table(caption or title, columns, rows, limit) if rows else none
    return section(title, about if rows else "", shown)


def missing(what: str, how: str) -> str:
    """What is not there, and how to give it."""
    return f'<p class="missing"><b>{escape(what)}</b> {escape(how)}</p>'


def table(caption: str, columns: Sequence[Column], rows: Iterable[Row], limit: int = 0) -> str:
    """A table that can be sorted; limit: how many rows are shown, the number of others is told."""
    rows = list(rows)
    shown = rows[:limit] if limit else rows
    columns = used(columns, shown)
    heads = "".join(
        f'<th scope="col" class="{_look(one.kind)}"><button type="button">{escape(one.head)}'
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


NUMBERS = ("money", "share", "number")


def _look(kind: str) -> str:
    return "number" if kind in NUMBERS else kind if kind in ("day", "time", "month", "id") else ""


def _width(text: str, kind: str) -> str:
    """Room for long texts; only words that are too long for a cell are parted."""
    if kind in NUMBERS:
        return ""
    if any(len(word) > 24 for word in text.split()):
        return "long"
    return "wordy" if len(text) > 40 else ""


def _cell(column: Column, row: Row) -> str:
    value, text = column.value(row), column.text(row)
    look = " ".join(filter(None, (_look(column.kind), _width(text, column.kind))))
    look = f' class="{look}"' if look else ""
    if isinstance(value, Raw):
        return f'<td{look} data-value="{escape(value.by)}">{value.html}</td>'
    exact = "" if value is None else exactly(value)
    title = ""
    if len(text) > LONGEST or (column.kind == "id" and text != exact and value is not None):
        title, text = f' title="{escape(exact)}"', text[:LONGEST] + "…" * (len(text) > LONGEST)
    return f'<td{look} data-value="{escape(exact)}"{title}>{escape(text)}</td>'


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
    """A number to be seen first, and what it is; big and small are HTML, by its exact value."""
    head = f'<a href="{href}">{escape(title)}</a>' if href else escape(title)
    return (
        f'<article class="card"><h2>{head}</h2><p class="big" data-value="{escape(by)}">{big}</p>'
        f"<p>{small}</p></article>"
    )


def cards(found: Iterable[str]) -> str:
    return f'<div class="cards">{"".join(found)}</div>'


def with_numbers(chart: str, numbers: str) -> str:
    """A chart, and its numbers as a table that opens below it."""
    return folded(framed(chart), "The numbers", numbers)


def framed(chart: str) -> str:
    """A chart, in a frame that scrolls where a screen is narrower than it can be read."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="Chart">{chart}</div>'


def folded(seen: str, name: str, more: str) -> str:
    """What is seen, and what opens below it."""
    return f"{seen}<details><summary>{escape(name)}</summary>{more}</details>"


def good(words: str) -> str:
    """That something is as it should be."""
    return f'<p class="good">✓ {escape(words)}</p>'


def clear(unread: str | None, words: str) -> str:
    """That there is none of something; where its view could not be read, that nobody knows.

    unread: why it could not be read, as Answers.missing has it.
    """
    return good(words) if unread is None else missing("Not known.", unread)
