"""The whole site: every page as bytes, each of which needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from focus_lake.report import (
    board,
    commitments,
    debug,
    executive,
    on_call,
    page,
    pdf,
    statements,
)
from focus_lake.report.board import Chosen
from focus_lake.report.facts import Facts
from focus_lake.report.parts import (
    card,
    cards,
    change,
    exactly,
    missing,
    money,
    month,
    section,
)
from focus_lake.report.parts import page as frame
from focus_lake.report.questions import Answers

NOTHING = missing(
    "Nothing is published in this lake yet.",
    "Run jobs/normalize_focus.py, then jobs/refresh_catalog.py.",
)


def pages(
    answers: Answers, facts: Facts, made: datetime, chosen: Chosen | None = None
) -> Iterator[tuple[str, bytes]]:
    """(path below the site's folder, content) of each page.

    made: UTC, printed on each page; chosen: months of the board report, else the newest one.
    """
    months = answers.months()
    newest = months[-1] if months else ""
    yield "conformance.html", page.render(facts, made).encode()
    for one in months or [""]:
        title = "Executive" if one == newest else f"Executive, {month(one)}"
        shown = executive.body(answers, one) if one else NOTHING
        about = "What was spent, by whom, on what, against plan."
        yield executive.name(answers, one), frame(title, about, shown, made).encode()
    for path, title, about, body in (
        ("on-call.html", "On call", "What needs somebody today.", on_call.body),
        ("debug.html", "Debug", "Whether the pipeline is right.", debug.body),
        (
            "commitments.html",
            "Commitments",
            "What was promised, what is used, what runs out.",
            commitments.body,
        ),
    ):
        shown = body(answers, newest) if months else NOTHING
        yield path, frame(title, about, shown, made).encode()
    for path, name, shown in statements.pages(answers):
        title = f"Statement: {name}"
        about = "What the department pays."
        yield path, frame(title, about, shown, made, up="../").encode()
    yield from of_board(answers, made, chosen or Chosen(newest, newest))
    yield "index.html", frame("Start", ABOUT, _index(answers, newest), made).encode()


ABOUT = "Cloud and AI bills of every provider, in one place."


def of_board(answers: Answers, made: datetime, chosen: Chosen) -> Iterator[tuple[str, bytes]]:
    """The board report as page and, where ReportLab is installed, as PDF."""
    report = board.report(answers, chosen)
    shown = board.html(report) if answers.months() else NOTHING
    about = f"{report.title}, {report.period}."
    there = pdf.is_possible()
    link = ' <a href="board.pdf">As PDF</a>' if there else " No PDF: reportlab is not installed."
    yield "board.html", frame("Board report", about, shown, made, note=link).encode()
    if there:
        yield "board.pdf", pdf.render(report, made)


def _index(answers: Answers, newest: str) -> str:
    """The five questions of somebody who has never been here."""
    if not newest:
        return NOTHING
    unit, before = executive.currency(answers), executive.before(answers, newest)
    now = executive.spent(answers, newest)
    departments = {row["x_Department"] for row in answers["departments"]}
    over = [
        row
        for row in answers["budgets"]
        if row["x_Level"] not in ("ok", None) and row["x_Period"] in (newest, newest[:4])
    ]
    late = sum(bool(row["x_IsLate"]) for row in answers["deliveries"])
    opened = sum(row["x_Status"] == "open" for row in answers["anomalies"])
    best = answers["reductions"]
    saving = sum(row["x_SavingConverted"] or 0 for row in best)
    todo = f"{len(best)} reductions, {money(saving, unit)} a month" if saving else "no reduction"
    changed = change(now, executive.spent(answers, before)).html
    found = [
        card(
            "What did we spend?",
            money(now, unit),
            f"billed in {month(newest)}, all that has a rate",
            "executive.html",
            "" if now is None else exactly(now),
        ),
        card(
            "Who spent it?",
            f"{len(departments)} departments",
            "each has a statement",
            "executive.html#who-spent-it",
        ),
        card(
            "What changed?",
            changed,
            f"{opened} anomalies open, {late} deliveries late",
            "on-call.html",
        ),
        card(
            "Will we keep the budget?",
            _kept(answers, over),
            "spent and to be expected",
            "executive.html#budgets",
        ),
        card("What should we do?", todo, "the five best first", "board.html#top-five-reductions"),
    ]
    links = "".join(f"<li>{link.html}" for link in executive.departments(answers).values())
    return cards(found) + section(
        "Statements", "One for each department.", f'<ul class="months">{links}</ul>'
    )


def _kept(answers: Answers, over: list) -> str:
    if not answers["budgets"]:
        return "no budget is given"
    return f"{len(over)} of {len(answers['budgets'])} in danger" if over else "yes, all of them"
