"""The conformance page: HTML that needs no network, from facts; every text is escaped."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from focus_lake.report import charts
from focus_lake.report.facts import Facts, Gap, Measure
from focus_lake.report.parts import missing, page
from focus_lake.report.words import exactly, month, percent

FRESHNESS = "export_freshness_hours_from_delivery"
LONG = 72  # hours; longer times are said in days
LEVELS = ("Mandatory", "Recommended", "Conditional")


ABOUT = "What each provider delivers as FOCUS, and what is missing from it."


def render(facts: Facts, now: datetime) -> str:
    """The page alone, without links to others; now (UTC) is the time it is made."""
    return page("FOCUS conformance", ABOUT, body(facts), now, alone=True)


def body(facts: Facts) -> str:
    """What the page says."""
    if not facts.providers:
        return missing("Nothing is published in this lake yet.", "Run jobs/normalize_focus.py.")
    parts = (_cards(facts), _gaps(facts), _heat_map(facts), _trend(facts), _measures(facts))
    return "".join(parts)


def _section(title: str, about: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p class=about>{escape(about)}</p>{body}</section>"


def _wide(label: str, table: str) -> str:
    """A table that may be wider than the page, and that the keyboard can scroll."""
    return f'<div class=wide tabindex=0 role=region aria-label="{label}">{table}</div>'


def _cards(facts: Facts) -> str:
    cards = []
    for provider in facts.providers:
        newest, measures = facts.newest(provider), _values(facts, provider)
        gaps = [gap[0] for gap in facts.open_gaps() if gap[0].provider == provider]
        new = sum(not gap.is_known for gap in gaps)
        state = f"{new} new" if new else "no new gap"
        cards.append(
            f"<article class=card><h2>{escape(provider)} <small>{month(newest)}</small></h2>"
            f'<p class="big {"bad" if new else "good"}">{state}</p>'
            f"<p>{len(gaps) - new} gaps known upstream</p>"
            f"<dl>{_fact('Rows', measures.get('focus_rows_exported'))}"
            f"{_fact('Columns with values', measures.get('focus_columns_present'))}"
            f"{_fact('FOCUS version', measures.get('focus_version_supported'))}"
            f"{_fact('Delivered to published', measures.get(FRESHNESS))}"
            "</dl></article>"
        )
    return f"<div class=cards>{''.join(cards)}</div>"


def _values(facts: Facts, provider: str) -> dict[str, Measure]:
    newest = facts.newest(provider)
    mine = (each for each in facts.measures if each.provider == provider)
    return {each.metric: each for each in mine if each.yearmonth == newest}


def _fact(label: str, measure: Measure | None) -> str:
    return f"<dt>{escape(label)}</dt><dd>{_value(measure) if measure else 'unknown'}</dd>"


def _gaps(facts: Facts) -> str:
    gaps = facts.open_gaps()
    new = [gap for gap in gaps if not gap[0].is_known]
    known = [gap for gap in gaps if gap[0].is_known]
    body = _gap_table(new) if new else "<p class=good>None: all that is broken is known.</p>"
    if known:
        summary = f"<summary>{len(known)} known upstream</summary>"
        body += f"<details>{summary}{_gap_table(known)}</details>"
    about = "Rules that the newest month breaks. Known upstream: the provider's declaration has it."
    return _section("Open gaps", about, body)


def _gap_table(gaps: list[list[Gap]]) -> str:
    heads = ("Provider", "Rule", "Column and share of rows", "Billed cost, at most", "First seen")
    head = "".join(f"<th>{name}" for name in heads)
    by_rule: dict[tuple[str, str], list[list[Gap]]] = {}
    for gap in gaps:
        by_rule.setdefault((gap[0].provider, gap[0].rule), []).append(gap)
    rows = "".join(map(_gap_row, by_rule.values()))
    return _wide("Gaps", f"<table class=gaps><thead><tr>{head}</thead>{rows}</table>")


def _gap_row(gaps: list[list[Gap]]) -> str:
    """One rule of one provider: its columns, and the cost of the one that is hit hardest."""
    first = gaps[0][0]
    chips = " ".join(
        f"<span class=chip>{escape(gap[0].column_name)} {percent(_share(gap))}</span>"
        for gap in gaps
    )
    most: dict[str, Decimal] = {}
    for part in (part for gap in gaps for part in gap):
        if part.cost is not None:
            currency = part.currency or "no currency"
            most[currency] = max(most.get(currency, part.cost), part.cost, key=abs)
    costs = "<br>".join(f"{cost:,.2f} {escape(name)}" for name, cost in sorted(most.items()))
    seen = min(gap[0].first_seen for gap in gaps)
    return (
        f"<tr><td>{escape(first.provider)}<td><b>{escape(first.rule)}</b>"
        f"<br><small>{escape(first.sentence)}</small><td>{chips}"
        f"<td class=number>{costs}<td class=number>{seen:%Y-%m-%d}</tr>"
    )


def _share(gap: list[Gap]) -> Decimal:
    return sum((part.share or Decimal(0) for part in gap), Decimal(0))


def _heat_map(facts: Facts) -> str:
    cells = {
        (each.provider, each.column_name): each
        for each in facts.filled
        if each.yearmonth == facts.newest(each.provider)
    }
    levels = {each.column_name: each.level or LEVELS[-1] for each in cells.values()}
    head = "".join(
        f"<th>{escape(p)}<br><small>{month(facts.newest(p))}</small>" for p in facts.providers
    )
    body = ""
    for level in LEVELS:
        names = sorted(name for name, its in levels.items() if its == level)
        body += f"<tr><th class=level colspan={len(facts.providers) + 1}>{level}</tr>"
        for name in names:
            row = "".join(_cell(cells.get((p, name))) for p in facts.providers)
            body += f"<tr><th scope=row>{escape(name)}{row}</tr>"
    about = "Share of the newest month's rows that came with a value; nothing filled in by us."
    table = f"<table class=heat><thead><tr><th>Column{head}</thead>{body}</table>"
    return _section("Columns with values", about, _wide("Columns with values", table))


def _cell(filled: Any) -> str:
    if filled is None:
        return '<td class=absent title="not in this FOCUS version">'
    share = float(filled.share or 0)
    mark = " known" if filled.is_known else "" if filled.level == LEVELS[0] else " soft"
    hint = "known upstream" if filled.is_known else (filled.level or "")
    step = 0 if share == 0 else 1 + min(3, int(share * 4)) if share < 1 else 5
    exact = "" if filled.share is None else exactly(filled.share)
    return (
        f'<td class="h{step}{mark}" data-value="{exact}" title="{escape(hint)}">'
        f"{percent(filled.share)}"
    )


def _trend(facts: Facts) -> str:
    months = sorted({each.yearmonth for each in facts.filled})[-12:]
    rows = ""
    for provider in facts.providers:
        there = {each.yearmonth for each in facts.filled if each.provider == provider}
        gaps: dict[bool, Counter] = {True: Counter(), False: Counter()}
        distinct = {
            (g.yearmonth, g.rule, g.column_name, g.is_known)
            for g in facts.gaps
            if g.provider == provider
        }
        for one, _, _, is_known in distinct:
            gaps[is_known][one] += 1
        bars: list[charts.Bar] = [
            (month(m), gaps[False][m], gaps[True][m]) if m in there else (month(m), None, None)
            for m in months
        ]
        rows += f"<figure><figcaption>{escape(provider)}</figcaption>{charts.bars(bars)}</figure>"
    about = "Broken rules by month, one for each column: new ones dark, known upstream light."
    return _section("Trend", about, f"<div class=trend>{rows}</div>")


def _measures(facts: Facts) -> str:
    heads = "".join(f"<th>{escape(provider)}" for provider in facts.providers)
    titles = {each.metric: each for each in facts.measures}
    rows = ""
    for metric, example in sorted(titles.items(), key=lambda item: (item[0][0].islower(), item[0])):
        target = f"{example.comparison} {_number(example.target)}" if example.target else ""
        rows += (
            f"<tr><th scope=row>{escape(metric)}<br><small>{escape(example.title)}</small>"
            f"<td class=number>{escape(target)}"
        )
        for provider in facts.providers:
            newest = facts.newest(provider)
            mine = [
                each
                for each in facts.measures
                if (each.metric, each.provider, each.yearmonth) == (metric, provider, newest)
            ]
            rows += f"<td class=number>{'<br>'.join(map(_badge, mine)) or '–'}"
        rows += "</tr>"
    table = f"<table><thead><tr><th>Measure<th>Target{heads}</thead>{rows}</table>"
    about = "Freshness and the pipeline's own measures, newest month of each provider."
    return _section("Measures", about, _wide("Measures", table))


def _badge(measure: Measure) -> str:
    kind = {True: "good", False: "bad", None: "plain"}[measure.is_met]
    sign = {True: " ✓", False: " ✗", None: ""}[measure.is_met]
    exact = "" if measure.value is None else exactly(measure.value)
    return f'<span class={kind} data-value="{exact}">{_value(measure)}{sign}</span>'


def _value(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    text = f"{_number(measure.value)} {measure.unit}"
    if measure.unit == "ratio":
        text = percent(measure.value)
    elif measure.unit == "version":
        text = f"{measure.value:.1f}"
    elif measure.unit == "hours" and measure.value >= LONG:
        text = f"{measure.value / 24:,.1f} days"
    elif measure.unit == "hours" and measure.value >= 1:
        text = f"{_number(round(measure.value, 1))} hours"
    elif measure.unit in ("rows", "columns"):
        text = f"{measure.value:,.0f}"
    return escape(f"{text} {measure.currency}" if measure.currency else text)


def _number(value: Decimal) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".")
