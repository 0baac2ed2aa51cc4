"""The commitments page: what was promised, what is used, what runs out."""

from __future__ import annotations

from decimal import Decimal

from focus_lake.report import charts
from focus_lake.report.parts import Column, missing, money, month, percent, section, table
from focus_lake.report.questions import Answers


def body(answers: Answers, chosen: str) -> str:
    there = {row["yearmonth"] for row in answers["commitments"]}
    if not there:
        how = (
            "They come with the bills of savings plans and reservations "
            "(CommitmentDiscountId and its columns)."
        )
        return missing("No bill holds a commitment.", how)
    newest = chosen if chosen in there else max(there)
    rows = [row for row in answers["commitments"] if row["yearmonth"] == newest]
    rows.sort(key=lambda row: -(row["x_Unused"] or Decimal(-1)))
    unused = [
        (row["CommitmentDiscountId"] or "", row["x_Unused"], _told(row))
        for row in rows
        if row["x_Unused"]
    ]
    columns = [
        Column("Provider", "x_Provider"),
        Column("Commitment", "CommitmentDiscountId"),
        Column("Type", "CommitmentDiscountType"),
        Column("Committed", "x_Committed", "money", "BillingCurrency"),
        Column("Used", "x_Used", "money", "BillingCurrency"),
        Column("Unused", "x_Unused", "money", "BillingCurrency"),
        Column("Utilisation", "x_Utilisation", "share"),
        Column("Coverage", "x_Coverage", "share"),
        Column("Saved", "x_EffectiveSavingsRate", "share"),
        Column("Ends", "x_ExpiresOn"),
        Column("Why not known", "x_Reason"),
    ]
    about = f"In {month(newest)}, by the currency of the bill; what is not used is lost."
    return section("Unused", about, charts.lying(unused) or "<p>None is unused.</p>") + section(
        "Every commitment", about, table("Commitments", columns, rows)
    )


def _told(row: dict) -> str:
    return f"{money(row['x_Unused'], row['BillingCurrency'])}, used {percent(row['x_Utilisation'])}"
