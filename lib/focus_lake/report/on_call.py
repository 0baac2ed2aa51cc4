"""The on-call page: what needs somebody today."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from focus_lake.report import days, sums
from focus_lake.report.parts import Column, card, cards, clear, good, listed, missing, section
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import added, change, exactly, money, month, percent, plain


def body(answers: Answers, chosen: str) -> str:
    return "".join(
        (
            _unallocated(answers, chosen),
            _late(answers),
            _findings(answers),
            _anomalies(answers),
            _rises(answers, chosen),
            _sent(answers),
        )
    )


def _unallocated(answers: Answers, chosen: str) -> str:
    found = [
        card(
            f"Without an owner{row['title']}",
            money(row["unallocated"], row["currency"]),
            (percent(1 - row["share"]) if row["share"] is not None else "an unknown share")
            + f" of the effective cost of {month(chosen)}",
            by=exactly(row["unallocated"]),
        )
        for row in sums.coverage(answers, chosen)
    ]
    return cards(found) if found else missing("No cost is allocated yet.", sums.HOW_DEPARTMENTS)


def _late(answers: Answers) -> str:
    columns = [
        Column("Provider", "x_Provider"),
        Column("Export", "x_Export"),
        Column("Month", "yearmonth", "month"),
        Column("Last push", "x_LastPush", "time"),
        Column("Expected", "x_NextExpected", "time"),
        Column("Hours late", "x_LateHours", "number"),
        Column("Why", "x_Reason", optional=True),
    ]
    rows = [row for row in answers["deliveries"] if row["x_IsLate"]]
    about = "By the providers' schedules; what to do: docs/runbooks."
    none = clear(answers.missing.get("deliveries"), "None is late.")
    return listed("Late deliveries", about, columns, rows, none)


def _anomalies(answers: Answers) -> str:
    rows = sorted(
        (row for row in answers["anomalies"] if row["x_Status"] == "open"),
        key=lambda row: -abs(row["x_Impact"] or 0),
    )
    columns = [
        Column("What", lambda row: f"{plain(row['x_Scope'])} {row['x_Value'] or ''}".strip()),
        Column("Difference", "x_Impact", "money", "BillingCurrency"),
        Column("From", "x_FirstDay", "day"),
        Column("Cost", "x_Actual", "money", "BillingCurrency"),
        Column("Expected", "x_Expected", "money", "BillingCurrency"),
        Column("Driver", "x_Driver", optional=True),
    ]
    ended = len(answers["anomalies"]) - len(rows)
    about = f"Days that cost more or less than they should, still open; {ended} have ended."
    none = clear(answers.missing.get("anomalies"), "None is open.")
    return listed("Anomalies", about, columns, rows, none, 50)


def _findings(answers: Answers) -> str:
    columns = [
        Column("Finding", "x_Sentence"),
        Column("Policy", "x_Title"),
        Column("Severity", "x_Severity"),
        Column("Mode", "x_Mode"),
        Column("Route", "x_Route"),
    ]
    none = clear(answers.missing.get("findings"), "No policy finds anything.")
    about = "What the policies found at the last refresh; a policy in shadow tells nobody."
    return listed("Policy findings", about, columns, answers["findings"], none, 50)


def _sent(answers: Answers) -> str:
    columns = [
        Column("When, UTC", "told_at", "time"),
        Column("What became of it", "kind"),
        Column("Route", "route"),
        Column("Severity", "severity"),
        Column("Message", lambda row: row["title"] or row["policy"]),
        Column("Error", "error", optional=True),
    ]
    rows = sorted(answers["alerts"], key=lambda row: str(row["told_at"]), reverse=True)
    how = "jobs/send_alerts.py sends what active policies find (docs/budgets.md)."
    none = missing("Nothing was sent yet.", how)
    return listed("What was sent", "Newest first.", columns, rows, none, 50)


def _rises(answers: Answers, chosen: str) -> str:
    title, then = "Largest rises by account", sums.before(answers, chosen)
    if not then:
        return section(title, "", missing("There is one month only.", "A rise needs two."))
    by: dict[tuple, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in answers["cost"]:
        if row["month"] in (chosen, then) and row["billed"] is not None:
            cost = by[row["provider"], row["account"], row["currency"]]
            cost[row["month"]] = added(cost[row["month"]], row["billed"])
    rows: list[Row] = [
        {
            "provider": provider,
            "account": account,
            "currency": currency,
            "now": cost.get(chosen),
            "before": cost.get(then),
            "more": cost.get(chosen, Decimal(0)) - cost.get(then, Decimal(0)),
            "change": change(cost.get(chosen), cost.get(then)),
        }
        for (provider, account, currency), cost in by.items()
    ]
    risen = sorted((row for row in rows if row["more"] > 0), key=lambda row: -row["more"])
    columns = [
        Column("Provider", "provider"),
        Column("Account", "account"),
        Column(month(then), "before", "money", "currency"),
        Column(month(chosen), "now", "money", "currency"),
        Column("Difference", "more", "money", "currency"),
        Column("Change", "change"),
    ]
    about = f"Billed cost of {month(chosen)} against all of {month(then)}. "
    about += f"{len(rows) - len(risen)} accounts cost less or the same."
    none = good("No account costs more.")
    if until := days.known_until(answers, chosen):
        how = "The other days of the month are to come; the executive page compares the same days."
        none = missing(f"No account has cost more than in all of {month(then)} yet.", how)
        about += (
            f" {month(chosen)} is known to day {until.day}; a rise so far is a rise all the same."
        )
    return listed(title, about, columns, risen, none, 25)
