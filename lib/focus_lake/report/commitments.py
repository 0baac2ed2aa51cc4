"""The commitments page: what was promised, what is used, what runs out."""

from __future__ import annotations

from decimal import Decimal

from focus_lake.report import charts, days, sums
from focus_lake.report.parts import Column, framed, good, missing, section, table
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import added, money, month, percent, tail

HOW = "They come with the bills of savings plans and reservations (columns CommitmentDiscount...)."


def body(answers: Answers, chosen: str) -> str:
    there = {row["yearmonth"] for row in answers["commitments"]}
    if not there:
        return missing("No bill holds a commitment.", HOW)
    newest = chosen if chosen in there else max(there)
    rows = [row for row in answers["commitments"] if row["yearmonth"] == newest]
    rows.sort(key=lambda row: (-(row["x_Unused"] or Decimal(-1)), row["x_Provider"]))
    unused = [
        (f"{row['x_Provider']} {_end(row)}", by, _told(row))
        for row in rows
        if row["x_Unused"] and (by := _converted(answers, row)) is not None
    ]
    unused.sort(key=lambda bar: -bar[1])
    apart = sum(bool(row["x_Unused"]) for row in rows) - len(unused)
    columns = [
        Column("Provider", "x_Provider"),
        Column("Commitment", "CommitmentDiscountId", "id"),
        Column("Type", "CommitmentDiscountType"),
        Column("Ends", "x_ExpiresOn", "day", optional=True),
        Column("Committed", "x_Committed", "money", "BillingCurrency"),
        Column("Used", "x_Used", "money", "BillingCurrency"),
        Column("Unused", "x_Unused", "money", "BillingCurrency"),
        Column("Utilisation", "x_Utilisation", "share"),
        Column("Coverage", "x_Coverage", "share"),
        Column("Saved", "x_EffectiveSavingsRate", "share"),
        Column("Why not known", "x_Reason", optional=True),
    ]
    about = f"In {month(newest)}; what is not used is lost. Bars by their worth in "
    about += f"{sums.currency(answers) or 'the reporting currency'}"
    about += f"; {apart} more have no exchange rate." if apart else "."
    chart = framed(charts.lying(unused[:20])) if unused or apart else good("None is unused.")
    how = "Utilisation: used of committed. Coverage: covered of what could be. Saved: against list."
    return section("Unused", about, chart) + section(
        "Every commitment", how, table("Commitments", columns, rows)
    )


def _converted(answers: Answers, row: Row) -> Decimal | None:
    by = days.rate(answers, row["BillingCurrency"], row["yearmonth"])
    return None if by is None else added(Decimal(0), row["x_Unused"], by)


def _end(row: Row) -> str:
    name = tail(row["CommitmentDiscountId"] or "")
    return name if len(name) <= 20 else f"…{name[-18:]}"


def _told(row: Row) -> str:
    return f"{money(row['x_Unused'], row['BillingCurrency'])}, used {percent(row['x_Utilisation'])}"
