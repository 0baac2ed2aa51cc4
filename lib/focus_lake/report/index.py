"""The first page: five questions of somebody who has never been here, each with its answer."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from focus_lake.report import days, sums
from focus_lake.report.parts import Column, section, table
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import brief, counted, exactly, money, month, percent, plain, total

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
    lines = [f"billed in {month(newest)}, {sums.state(answers, newest)}"]
    if missing := sums.not_billed(answers, newest):
        lines.append(f"not billed yet: {escape(', '.join(missing))}")
    lines += [
        f"besides {sums.amounts([row], 'billed', 'currency')} without an exchange rate"
        for row in sums.left_out(answers, newest)
    ]
    if then := sums.before(answers, newest):
        lines.append(f"{month(then)}: {money(sums.spent(answers, then), unit)}")
    year = days.year_end(answers, newest[:4])
    if expected := total(row["converted"] for row in year):
        since = min(row["yearmonth"] for row in answers["scope_days"])
        of = f"{month(since)} to Dec" if since > f"{newest[:4]}01" else newest[:4]
        silent = days.nothing_to_come(answers, newest[:4])
        told = f", nothing more from {', '.join(silent)}" if silent else ""
        lines.append(f"expected for {of}, effective cost{escape(told)}: {money(expected, unit)}")
    by = "" if now is None else exactly(now)
    links = {"executive.html": "Executive", "board.html": "Board report"}
    return _answer("What did we spend?", money(now, unit), by, lines, links)


def _who(answers: Answers, newest: str) -> str:
    question, unit = "Who spent it?", sums.currency(answers)
    found = sums.departments(answers, [newest])
    if not found:
        how, to = [escape(sums.HOW_DEPARTMENTS)], {"executive.html": "Executive"}
        return _answer(question, "not known", "", how, to)
    whole = total(found.values())
    links = sums.links(answers)

    def told(name: str) -> str:
        cost = found[name]
        share = f", {percent(cost / whole)}" if cost is not None and whole and whole > 0 else ""
        return f"{links[name].html}: {money(cost, unit)}{share}"

    named = [name for name in found if name not in sums.NOBODY]
    nobody = [name for name in found if name in sums.NOBODY]
    lines = [told(name) for name in [*named[:FEW], *nobody]]
    big = f"Most: {escape(brief(named[0]))}" if named else "nobody by name"
    lost = total(found[name] for name in nobody)
    if lost and whole and whole > 0 and lost > whole / 2:
        big = f"{percent(lost / whole)} has no department"
    words = "The department" if len(found) == 1 else f"All {len(found)} departments"
    return _answer(
        question, big, exactly(len(found)), lines, {"executive.html#who-spent-it": words}
    )


def _changed(answers: Answers, newest: str) -> str:
    found, told = sums.changed(answers, newest)
    lines = [escape(told)] if told else []
    opened = [row for row in answers["anomalies"] if row["x_Status"] == "open"]
    opened.sort(key=lambda row: -abs(row["x_Impact"] or 0))
    late = sum(bool(row["x_IsLate"]) for row in answers["deliveries"])
    lines.append(f"{counted(len(opened), 'anomaly', 'anomalies')} open, {_late(late)}")
    for row in (one for one in opened[:1] if one["x_Impact"]):
        what = f"{plain(row['x_Scope'])} {row['x_Value'] or ''}".strip()
        much = money(abs(row["x_Impact"]), row["BillingCurrency"] or "")
        much += " more" if row["x_Impact"] > 0 else " less"
        lines.append(f"{escape(brief(what, 90))}: {much} than expected since {row['x_FirstDay']}")
    return _answer("What changed?", found.html, found.by, lines, {"on-call.html": "On call"})


def _late(late: int) -> str:
    return f"{counted(late, 'delivery', 'deliveries')} late"


def _budget(answers: Answers, newest: str) -> str:
    question = "Will we keep the budget?"
    there, danger = sums.in_danger(answers, newest)
    to = {"executive.html#budgets": "Budgets"}
    if not there:
        how = "Put budgets into &lt;lake&gt;/reference/budgets/*.csv (docs/budgets.md)."
        return _answer(question, "no budget is given", "", [how], to)
    big, kind = sums.kept(there, danger)
    danger.sort(key=lambda row: -(row["x_UsedShare"] or Decimal(0)))
    lines = [
        f"{escape(brief(row['x_Budget']))}: {percent(row['x_UsedShare'])} used{_expected(row)}"
        for row in (danger or there)[:FEW]
    ]
    if danger and (unknown := sum(row["x_Level"] is None for row in there)):
        lines.append(f"{unknown} not known")
    shown = f'<span class="{kind}">{big}</span>'
    return _answer(question, shown, exactly(len(danger)), lines, to)


def _expected(row: Row) -> str:
    if row["x_Projection"] is None or row["x_Planned"] is None:
        return ""
    unit = row["x_Currency"] or ""
    return f", {money(row['x_Projection'], unit)} expected of {money(row['x_Planned'], unit)}"


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
        f"{escape(brief(sums.idea(row), 90))}: {money(row['x_SavingConverted'], unit)}"
        for row in rows[:FEW]
    ]
    if loud := [row for row in answers["findings"] if not row["x_IsQuiet"]]:
        lines.append(f"look into {counted(len(loud), 'policy finding', 'policy findings')}")
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
