"""The on-call page: what needs somebody today."""

from __future__ import annotations

from decimal import Decimal

from focus_lake.report import executive
from focus_lake.report.parts import (
    Column,
    card,
    cards,
    change,
    exactly,
    missing,
    money,
    month,
    percent,
    section,
    table,
)
from focus_lake.report.questions import Answers, Row


def body(answers: Answers, chosen: str) -> str:
    return "".join(
        (
            _unallocated(answers, chosen),
            _late(answers),
            _anomalies(answers),
            _findings(answers),
            _sent(answers),
            _rises(answers, chosen),
        )
    )


def _unallocated(answers: Answers, chosen: str) -> str:
    found = [
        card(
            f"Nobody's, {row['currency']}",
            percent(1 - row["share"]) if row["share"] is not None else "not known",
            f"{money(row['unallocated'], row['currency'])} of {month(chosen)} have no owner",
            by=exactly(row["unallocated"]),
        )
        for row in executive.coverage(answers, chosen)
    ]
    return (
        cards(found) if found else missing("No cost is allocated yet.", executive.HOW_DEPARTMENTS)
    )


def _late(answers: Answers) -> str:
    rows = [row for row in answers["deliveries"] if row["x_IsLate"]]
    if not rows:
        return section("Late deliveries", "", '<p class="good">None is late.</p>')
    columns = [
        Column("Provider", "x_Provider"),
        Column("Export", "x_Export"),
        Column("Month", "yearmonth"),
        Column("Last push", "x_LastPush", "day"),
        Column("Expected", "x_NextExpected", "day"),
        Column("Hours late", "x_LateHours", "number"),
        Column("Why", "x_Reason"),
    ]
    about = "By the providers' schedules (docs/runbooks has what to do)."
    return section("Late deliveries", about, table("Late deliveries", columns, rows))


def _anomalies(answers: Answers) -> str:
    rows = [row for row in answers["anomalies"] if row["x_Status"] == "open"]
    ended = len(answers["anomalies"]) - len(rows)
    rows.sort(key=lambda row: -abs(row["x_Impact"] or 0))
    columns = [
        Column("What", lambda row: f"{row['x_Scope']} {row['x_Value'] or ''}".strip()),
        Column("From", "x_FirstDay"),
        Column("Cost", "x_Actual", "money", "BillingCurrency"),
        Column("Expected", "x_Expected", "money", "BillingCurrency"),
        Column("Difference", "x_Impact", "money", "BillingCurrency"),
        Column("Driver", "x_Driver"),
    ]
    about = f"Days that cost more or less than they should, still open; {ended} have ended."
    shown = table("Anomalies", columns, rows, 50) if rows else '<p class="good">None is open.</p>'
    return section("Anomalies", about, shown)


def _findings(answers: Answers) -> str:
    if "findings" in answers.missing:
        shown = missing("There are no policies.", "Write them in reference/policies/*.toml.")
    else:
        columns = [
            Column("Policy", "x_Title"),
            Column("Severity", "x_Severity"),
            Column("Mode", "x_Mode"),
            Column("Route", "x_Route"),
            Column("Finding", "x_Sentence"),
        ]
        shown = table("Findings of policies", columns, answers["findings"], 50)
        if not answers["findings"]:
            shown = '<p class="good">No policy finds anything.</p>'
    about = "What the policies find now; a policy in shadow tells nobody."
    return section("Policy findings", about, shown)


def _sent(answers: Answers) -> str:
    rows = sorted(answers["alerts"], key=lambda row: str(row["told_at"]), reverse=True)
    if not rows:
        how = "jobs/send_alerts.py sends what active policies find (docs/budgets.md)."
        return section("What was sent", "", missing("Nothing was sent yet.", how))
    columns = [
        Column("When, UTC", "told_at"),
        Column("What became of it", "kind"),
        Column("Route", "route"),
        Column("Severity", "severity"),
        Column("Message", lambda row: row["title"] or row["policy"]),
        Column("Error", "error"),
    ]
    return section("What was sent", "Newest first.", table("Alerts", columns, rows, 50))


def _rises(answers: Answers, chosen: str) -> str:
    then = executive.before(answers, chosen)
    sums: dict[tuple, dict[str, Decimal]] = {}
    for row in answers["cost"]:
        if row["month"] in (chosen, then) and row["billed"] is not None:
            key = (row["provider"], row["account"], row["currency"])
            by = sums.setdefault(key, {})
            by[row["month"]] = by.get(row["month"], Decimal(0)) + row["billed"]
    rows: list[Row] = []
    for (provider, account, currency), by in sums.items():
        now, old = by.get(chosen), by.get(then or "")
        rows.append(
            {
                "provider": provider,
                "account": account,
                "currency": currency,
                "now": now,
                "before": old,
                "more": (now or Decimal(0)) - (old or Decimal(0)),
                "change": change(now, old),
            }
        )
    rows.sort(key=lambda row: -row["more"])
    if not then:
        return section("Rises by account", "", missing("There is one month only.", "Wait for two."))
    columns = [
        Column("Provider", "provider"),
        Column("Account", "account"),
        Column(month(then), "before", "money", "currency"),
        Column(month(chosen), "now", "money", "currency"),
        Column("Difference", "more", "money", "currency"),
        Column("Change", "change"),
    ]
    about = f"Billed cost of {month(chosen)} against {month(then)}; an open month is not whole."
    return section("Rises by account", about, table("Rises by account", columns, rows, 25))
