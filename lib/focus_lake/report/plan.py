"""Budgets and the forecast, as parts of pages."""

from __future__ import annotations

from focus_lake.report import days, sums
from focus_lake.report.parts import Column, folded, missing, section, table
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import Raw, month, plain


def budgets(answers: Answers, chosen: str, of: str = "") -> str:
    """Budgets of the month and of its year; of: only a department's, nothing where it has none."""
    rows, _ = sums.in_danger(answers, chosen)
    title = f"Budgets, {month(chosen)}" if of else "Budgets"
    if of:
        rows = [r for r in rows if r["x_Scope"] == "department" and r["x_Value"] == of]
        if not rows:
            return ""
    if not rows:
        how = "Put budgets into <lake>/reference/budgets/*.csv, then refresh (docs/budgets.md)."
        return section(title, "", missing(f"There is no budget for {month(chosen)}.", how))
    columns = [
        Column("Budget", "x_Budget"),
        Column("State", _state),
        Column("Used", "x_UsedShare", "share"),
        Column("Spent", "x_Actual", "money", "x_Currency"),
        Column("Planned", "x_Planned", "money", "x_Currency"),
        Column("Expected at the end", "x_Projection", "money", "x_Currency"),
        Column("Period", "x_Period", "month"),
        Column("Why not known", "x_Reason", optional=True),
    ]
    about = "Effective cost so far, and what is to be expected at the end of the period."
    return section(title, about, table(title, columns, rows))


def _state(row: Row) -> Raw:
    """A budget's level with its sign, and the day on which it is, or will be, above the plan."""
    level = row["x_Level"]
    kind = {"ok": "good", None: "flat"}.get(level, "bad")
    sign = {"good": "✓ ", "bad": "✗ "}.get(kind, "")
    words = {"ok": "kept", None: "not known"}.get(level, plain(level))
    day = f"<br>above it on {row['x_ExceededOn']}" if row["x_ExceededOn"] else ""
    return Raw(f'<span class="{kind} whole">{sign}{words}{day}</span>', str(level))


def forecast(answers: Answers) -> str:
    rows = sorted(
        (row for row in answers["forecast"] if row["x_Scope"] == "all"),
        key=lambda row: (row["BillingCurrency"] or "", row["yearmonth"]),
    )
    if not rows:
        how = "A forecast needs 28 days of cost (docs/forecast.md)."
        return section("Forecast", "", missing("There is no forecast yet.", how))
    unit = sums.currency(answers)
    together = [
        row | {"unit": unit, "words": sums.stacked(row["besides"].items())}
        for row in days.months_ahead(answers)
    ]
    columns = [
        Column("Month", "month", "month"),
        Column("Known", "known", "money", "unit"),
        Column("Whole month", "forecast", "money", "unit"),
        Column("Without an exchange rate", "words", optional=True),
    ]
    by_currency = [
        Column("Currency", "BillingCurrency"),
        Column("Month", "yearmonth", "month"),
        Column("Known", "x_Actual", "money", "BillingCurrency"),
        Column("Whole month", "x_Forecast", "money", "BillingCurrency"),
        Column("At least", "x_Low", "money", "BillingCurrency", optional=True),
        Column("At most", "x_High", "money", "BillingCurrency", optional=True),
        Column("State", lambda row: plain(row["x_Status"])),
    ]
    about = f"Effective cost of everything, in {unit or 'the reporting currency'}."
    told = "By currency of the bills"
    if all(row["x_Low"] is None for row in rows):
        told += "; a range comes with more months (docs/forecast.md)"
    shown = folded(
        table("Forecast", columns, together),
        told,
        table("Forecast by currency", by_currency, rows),
    )
    return section("Forecast", about, shown)
