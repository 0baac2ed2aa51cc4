"""The whole site: every page as bytes, each of which needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from focus_lake.report import (
    board,
    board_parts,
    commitments,
    days,
    debug,
    executive,
    index,
    on_call,
    page,
    pdf,
    statements,
)
from focus_lake.report.board import Chosen
from focus_lake.report.facts import Facts
from focus_lake.report.parts import missing
from focus_lake.report.parts import page as frame
from focus_lake.report.questions import Answers
from focus_lake.report.words import month

NOTHING = missing(
    "Nothing is published in this lake yet.",
    "Run jobs/normalize_focus.py, then jobs/refresh_catalog.py.",
)


def pages(
    answers: Answers, facts: Facts, made: datetime, chosen: Chosen | None = None
) -> Iterator[tuple[str, bytes]]:
    """(path below the site's folder, content) of each page.

    made: UTC, printed on each page; chosen: months of the board report, else the last whole one.
    """
    months = answers.months()
    newest = months[-1] if months else ""
    unread = _unread(answers)

    def framed(path: str, title: str, about: str, body: str, up: str = "") -> tuple[str, bytes]:
        return path, frame(title, about, unread + body, made, up).encode()

    yield framed("conformance.html", "Conformance", page.ABOUT, page.body(facts))
    for one in months or [""]:
        title = "Executive" if one == newest else f"Executive, {month(one)}"
        about = "What was spent, by whom, on what, against plan."
        shown = executive.body(answers, one) if one else NOTHING
        yield framed(executive.name(answers, one), title, about, shown)
    for path, title, about, body in PAGES:
        yield framed(path, title, about, body(answers, newest) if months else NOTHING)
    for path, name, shown in statements.pages(answers):
        yield framed(path, f"Statement: {name}", "What the department pays.", shown, "../")
    last = days.whole(answers) if months else ""
    yield from of_board(answers, made, chosen or Chosen(last, last))
    shown = index.body(answers, newest) if newest else NOTHING
    yield framed("index.html", "Start", ABOUT, shown)


PAGES = (
    ("on-call.html", "On call", "What needs somebody today.", on_call.body),
    ("debug.html", "Debug", "Whether the pipeline is right.", debug.body),
    (
        "commitments.html",
        "Commitments",
        "What was promised, what is used, what runs out.",
        commitments.body,
    ),
)


def _unread(answers: Answers) -> str:
    """What could not be asked, on every page: a part without it would say that there is none."""
    if not answers.missing:
        return ""
    names = ", ".join(sorted(answers.missing))
    how = "Run jobs/refresh_catalog.py again; parts that need them are empty or lack something."
    return missing(f"Views could not be read: {names}.", how)


ABOUT = "Cloud and AI bills of every provider, in one place."


def of_board(answers: Answers, made: datetime, chosen: Chosen) -> Iterator[tuple[str, bytes]]:
    """The board report as page and, where Typst is installed, as PDF."""
    report = board.report(answers, chosen)
    shown = _unread(answers) + board_parts.html(report) if answers.months() else NOTHING
    about = f"{report.title}, {report.period}."
    there = pdf.is_possible()
    link = (
        ' <a href="board.pdf">As PDF</a>'
        if there
        else " No PDF: typst and its fonts are not installed."
    )
    yield "board.html", frame("Board report", about, shown, made, note=link).encode()
    if there:
        yield "board.pdf", pdf.render(report, made)
