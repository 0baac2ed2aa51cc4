"""The first page: five questions of somebody who has never been here, each with its answer."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from focus_lake.report import sums
from focus_lake.report.parts import Column, section, table
from focus_lake.report.questions import Answers
from focus_lake.report.words import change, exactly, money, month, percent, plain, total

FEW = 3  # lines below an answer


def body(answers: Answers, newest: str) -> str:
    asked = (_spent, _who, _changed, _budget, _todo)
    shown = "".join(one(answers, newest) for one in asked)
    return f'<div class="answers">{shown}</div>{_statements(answers, newest)}'


def _answer(question: str, big: str, by: str, lines: list[str], links: dict[str, str]) -> str:
    """lines: HTML; links: address -> words."""
    listed = "".join(f"<li>{one}</li>" for one in lines)
    more = " · ".join(f'<a href="{to}">{escape(words)}</a>' for to, words in links.items())
    return (
        f'<article class="card"><h2>{escape(question)}</h2>'
        f'<p class="big" data-value="{escape(by)}">{big}</p>'
        f'<ul class="lines">{listed}</ul><p class="more">{more}</p></article>'
    )


def _spent(answers: Answers, newest: str) -> str:
    unit, now = sums.currency(answers), sums.spent(answers, newest)
    state = "so far; the month is open" if sums.is_open(answers, newest) else "the month is closed"
    lines = [f"billed in {month(newest)}, {state}"]
    lines += [
        f"besides {money(row['billed'], row['currency'] or '?')} without an exchange rate"
        for row in sums.left_out(answers, newest)
    ]
    by = "" if now is None else exactly(now)
    links = {"executive.html": "Executive", "board.html": "Board report"}
    return _answer("What did we spend?", money(now, unit), by, lines, links)


def _who(answers: Answers, newest: str) -> str:
    question, unit = "Who spent it?", sums.currency(answers)
    found = sums.departments(answers, [newest])
    if not found:
        return _answer(
            question,
            "not known",
            "",
            [escape(sums.HOW_DEPARTMENTS)],
            {"executive.html": "Executive"},
        )
    whole = total(found.values())
    links, lines = sums.links(answers), []
    for name, cost in list(found.items())[:FEW]:
        share = f", {percent(cost / whole)}" if cost is not None and whole and whole > 0 else ""
        lines.append(f"{links[name].html}: {money(cost, unit)}{share}")
    named = [name for name in found if not name.startswith("(")]
    big = f"Most: {escape(named[0])}" if named else "nobody by name"
    to = {
        "executive.html#who-spent-it": "The department"
        if len(found) == 1
        else f"All {len(found)} departments"
    }
    return _answer(question, big, exactly(len(found)), lines, to)


def _changed(answers: Answers, newest: str) -> str:
    then = sums.before(answers, newest)
    found = change(sums.spent(answers, newest), sums.spent(answers, then))
    lines = []
    if then:
        part = "so far against all" if sums.is_open(answers, newest) else "against all"
        lines.append(f"{month(newest)} {part} of {month(then)}")
    is_open = sums.is_open(answers, newest)  # its change is no news before it is whole
    big = escape(found.text) if is_open else found.html
    opened = [row for row in answers["anomalies"] if row["x_Status"] == "open"]
    opened.sort(key=lambda row: -abs(row["x_Impact"] or 0))
    late = sum(bool(row["x_IsLate"]) for row in answers["deliveries"])
    lines.append(f"{len(opened)} anomalies open, {late} deliveries late")
    for row in opened[:1]:
        what = f"{plain(row['x_Scope'])} {row['x_Value'] or ''}".strip()
        difference = money(row["x_Impact"], row["BillingCurrency"] or "")
        lines.append(f"most unexpected: {escape(what)}, {difference} since {row['x_FirstDay']}")
    return _answer("What changed?", big, found.by, lines, {"on-call.html": "On call"})


def _budget(answers: Answers, newest: str) -> str:
    question = "Will we keep the budget?"
    there, danger = sums.in_danger(answers, newest)
    to = {"executive.html#budgets": "Budgets"}
    if not there:
        how = "Put budgets into &lt;lake&gt;/reference/budgets/*.csv (docs/budgets.md)."
        return _answer(question, "no budget is given", "", [how], to)
    big = f"{len(danger)} of {len(there)} in danger" if danger else f"Yes, all {len(there)}"
    kind = "bad" if danger else "good"
    danger.sort(key=lambda row: -(row["x_UsedShare"] or Decimal(0)))
    lines = [
        f"{escape(row['x_Budget'])}: {percent(row['x_UsedShare'])} used"
        for row in (danger or there)[:FEW]
    ]
    shown = f'<span class="{kind}">{big}</span>'
    return _answer(question, shown, exactly(len(danger)), lines, to)


def _todo(answers: Answers, newest: str) -> str:
    question, unit = "What should we do?", sums.currency(answers)
    rows = [row for row in answers["reductions"] if row["x_SavingConverted"] is not None]
    rows.sort(key=lambda row: row["x_Rank"])
    saving = total(row["x_SavingConverted"] for row in rows)
    links = {"board.html#top-five-reductions": "Top five reductions"}
    links["on-call.html#policy-findings"] = "Policy findings"
    if not rows:
        how = (
            "List ideas in &lt;lake&gt;/reference/reductions/*.csv; unused commitments come alone."
        )
        return _answer(question, "no reduction is known", "", [how], links)
    lines = [
        f"{escape(sums.idea(row))}: {money(row['x_SavingConverted'], unit)}" for row in rows[:FEW]
    ]
    big = f"Save {money(saving, unit)} a month"
    return _answer(question, big, exactly(saving), lines, links)


def _statements(answers: Answers, newest: str) -> str:
    links = sums.links(answers)
    if not links:
        return ""
    now = sums.departments(answers, [newest])
    by_cost = sorted(links, key=lambda name: (-(now.get(name) or Decimal(0)), name))
    rows = [{"link": links[name], "cost": now.get(name)} for name in by_cost]
    unit = sums.currency(answers)
    columns = [Column("Department", "link"), Column(f"{month(newest)}, {unit}", "cost", "money")]
    about = "One for each department: direct, shared and adjustments, and its budgets."
    return section("Statements", about, table("Statements", columns, rows, 1000))
