"""One statement a department: direct, shared by pool with its rule in words, and its budgets."""

from __future__ import annotations

from collections.abc import Iterator

from focus_lake.report import executive
from focus_lake.report.parts import Column, files, money, month, section, table
from focus_lake.report.questions import Answers, Row


def pages(answers: Answers) -> Iterator[tuple[str, str, str]]:
    """(file, department, body) of every department that ever had a cost."""
    lines, sums_of = _by(answers["lines"]), _by(answers["departments"])
    named = files(sums_of)
    for name, sums in sorted(sums_of.items()):
        shown = "".join(
            _month(answers, name, one, sums, lines.get(name, []))
            for one in sorted({row["yearmonth"] for row in sums}, reverse=True)
        )
        yield f"statements/{named[name]}.html", name, shown


def _by(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["x_Department"], []).append(row)
    return found


def _month(answers: Answers, name: str, one: str, sums: list[Row], lines: list[Row]) -> str:
    of_month = [row for row in sums if row["yearmonth"] == one]
    closed = all(row["x_IsClosed"] for row in of_month)
    columns = [
        Column("Currency", "BillingCurrency"),
        Column("Direct", "x_Direct", "money", "BillingCurrency"),
        Column("Shared", "x_Shared", "money", "BillingCurrency"),
        Column("Adjustments", "x_Adjustments", "money", "BillingCurrency"),
        Column("Total", "x_Total", "money", "BillingCurrency"),
        Column("In the reporting currency", "x_TotalConverted", "money", "x_ReportingCurrency"),
    ]
    parts = table(f"Statement of {month(one)}", columns, of_month)
    mine = [row for row in lines if row["yearmonth"] == one and row["x_Line"] != "direct"]
    if mine:
        told = [row | {"words": _words(answers, row)} for row in mine]
        parts += table(
            f"Shared costs and adjustments of {month(one)}",
            [
                Column("Line", "x_Line"),
                Column("Pool", "x_Pool"),
                Column("Provider", "x_Provider"),
                Column("By which rule", "words"),
                Column("Share", "billed", "money", "BillingCurrency"),
            ],
            told,
        )
    state = "closed" if closed else "open: it may still change"
    about = f"Billed cost, the month is {state}."
    totals = ", ".join(money(row["x_Total"], row["BillingCurrency"] or "") for row in of_month)
    body = f"<p><b>{totals}</b></p>{parts}"
    return section(month(one), about, body) + executive.budgets(answers, one, name)


def _words(answers: Answers, row: Row) -> str | None:
    if row["x_AllocationRule"] is None:
        return None
    for rule in answers["rules"]:
        if (rule["id"], rule["version"]) == (
            row["x_AllocationRule"],
            row["x_AllocationRuleVersion"],
        ):
            return f"{rule['title']} ({rule['why']})" if rule["why"] else str(rule["title"])
    return str(row["x_AllocationRule"])
