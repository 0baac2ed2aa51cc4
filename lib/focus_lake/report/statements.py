"""One statement a department: direct, shared by pool with its rule in words, and its budgets."""

from __future__ import annotations

from collections.abc import Iterator

from focus_lake.report import days, plan, sums
from focus_lake.report.parts import Column, card, cards, files, missing, section, table
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import change, exactly, money, month, total


def pages(answers: Answers) -> Iterator[tuple[str, str, str]]:
    """(file, department, body) of every department that ever had a cost."""
    lines, sums_of = _by(answers["lines"]), _by(answers["departments"])
    words = {(r["id"], r["version"]): _words(r) for r in answers["rules"]}
    named = files(sums_of)
    for name, rows in sorted(sums_of.items()):
        months = sorted({row["yearmonth"] for row in rows}, reverse=True)
        shown = _numbers(answers, rows, months)
        if name in ("(unallocated)", "(unlisted)"):
            shown += f'<p class="about">{sums.OUTSIDE}</p>'
        for one in months:
            shown += _month(one, rows, lines.get(name, []), words)
            shown += plan.budgets(answers, one, name)
        if not any(
            r["x_Scope"] == "department" and r["x_Value"] == name for r in answers["budgets"]
        ):
            how = "Give it one of scope department in <lake>/reference/budgets/*.csv."
            shown += section("Budgets", "", missing("It has no budget.", how))
        yield f"statements/{named[name]}.html", name, shown


def _by(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["x_Department"], []).append(row)
    return found


def _numbers(answers: Answers, rows: list[Row], months: list[str]) -> str:
    newest = months[0]
    now, then = (
        total(row["x_TotalConverted"] for row in rows if row["yearmonth"] == one)
        for one in (newest, months[1] if len(months) > 1 else "")
    )
    links = "".join(f'<li><a href="#{_place(one)}">{month(one)}</a></li>' for one in months)
    changed = change(now, then).html if not days.known_until(answers, newest) else ""
    told = "; ".join(filter(None, [f"billed, {sums.state(answers, newest)}", changed]))
    return (
        f'<nav class="of-months" aria-label="Months"><ul class="months">{links}</ul></nav>'
        + cards(
            [
                card(
                    f"{month(newest)}",
                    money(now, sums.currency(answers)),
                    told,
                    by="" if now is None else exactly(now),
                )
            ]
        )
    )


def _place(one: str) -> str:
    return month(one).lower().replace(" ", "-")


def _month(one: str, rows: list[Row], lines: list[Row], words: dict[tuple, str]) -> str:
    of_month = [row for row in rows if row["yearmonth"] == one]
    unit = next((row["x_ReportingCurrency"] for row in of_month if row["x_ReportingCurrency"]), "")
    columns = [
        Column("Currency", "BillingCurrency"),
        Column("Direct", "x_Direct", "money", "BillingCurrency"),
        Column("Shared", "x_Shared", "money", "BillingCurrency"),
        Column("Adjustments", "x_Adjustments", "money", "BillingCurrency"),
        Column("Total", "x_Total", "money", "BillingCurrency"),
        Column(f"In {unit}", "x_TotalConverted", "money", optional=True),
    ]
    shown = table(f"Statement of {month(one)}", columns, of_month)
    mine = [row for row in lines if row["yearmonth"] == one and row["x_Line"] != "direct"]
    if mine:
        told = [
            row | {"words": words.get((row["x_AllocationRule"], row["x_AllocationRuleVersion"]))}
            for row in mine
        ]
        title = f"Shared costs and adjustments of {month(one)}"
        shown += f"<h3>Shared costs and adjustments</h3>{table(title, LINES, told)}"
    is_closed = all(row["x_IsClosed"] for row in of_month)
    state = "The month is closed." if is_closed else "The month is open: it may still change."
    return section(month(one), f"Billed cost. {state}", shown)


LINES = [
    Column("Line", "x_Line"),
    Column("Pool", "x_Pool", optional=True),
    Column("Provider", "x_Provider"),
    Column("Rule in words", lambda row: row["words"] or row["x_AllocationRule"], optional=True),
    Column("Billed", "billed", "money", "BillingCurrency"),
]


def _words(rule: Row) -> str:
    return f"{rule['title']} ({rule['why']})" if rule["why"] else str(rule["title"])
