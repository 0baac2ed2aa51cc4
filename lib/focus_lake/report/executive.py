"""The executive page: what was spent, by whom and on what, against plan; one page a month."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from focus_lake.report import charts, days, plan, sums
from focus_lake.report.commitments import HOW
from focus_lake.report.parts import (
    Column,
    card,
    cards,
    clear,
    folded,
    missing,
    section,
    table,
    with_numbers,
)
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import (
    Raw,
    added,
    change,
    exactly,
    money,
    month,
    percent,
    short,
    total,
)

TOP = 10
MANY = 25  # departments that are seen at once
RATE_GAPS = {
    "no_rate": "no exchange rate holds",
    "unusable_rate": "the given rates contradict each other or are none",
    "no_currency": "the charge names no currency",
}


def body(answers: Answers, chosen: str) -> str:
    """The page of a billing month."""
    return "".join(
        (
            months(answers, chosen),
            _numbers(answers, chosen),
            _trend(answers),
            _departments(answers, chosen),
            _providers(answers, chosen),
            _services(answers, chosen),
            plan.budgets(answers, chosen),
            plan.forecast(answers),
            _commitments(answers, chosen),
            unconverted(answers, chosen),
        )
    )


def name(answers: Answers, of: str) -> str:
    """The file of a month's page; the newest month has the plain name."""
    there = answers.months()
    return "executive.html" if not there or of == there[-1] else f"executive-{of}.html"


def months(answers: Answers, chosen: str) -> str:
    links = "".join(
        f'<li><a href="{name(answers, one)}"{_now(one == chosen)}>{month(one)}</a></li>'
        for one in reversed(answers.months())
    )
    return f'<nav class="of-months" aria-label="Months"><ul class="months">{links}</ul></nav>'


def _now(is_it: bool) -> str:
    return ' aria-current="page"' if is_it else ""


def _numbers(answers: Answers, chosen: str) -> str:
    now, unit = sums.spent(answers, chosen), sums.currency(answers)
    changed, told = sums.changed(answers, chosen)
    by = "" if now is None else exactly(now)
    found = [
        card(
            f"Spent in {month(chosen)}",
            money(now, unit),
            f"billed, {sums.state(answers, chosen)}",
            by=by,
        ),
        card("Change", changed.html, escape(told), by=changed.by),
    ]
    if without := sums.left_out(answers, chosen):
        words = sums.amounts(without, "billed", "currency")
        found.append(card("Not in this total", words, "no exchange rate", "#not-converted"))
    for row in sums.coverage(answers, chosen):
        found.append(
            card(
                f"With an owner{row['title']}",
                percent(row["share"]),
                f"of effective cost; {money(row['unallocated'], row['currency'])} have none",
                by=exactly(row["share"]) if row["share"] is not None else "",
            )
        )
    there, danger = sums.in_danger(answers, chosen)
    if there:
        words, kind = sums.kept(there, danger)
        big = f'<span class="{kind}">{words}</span>'
        found.append(
            card(
                "Are budgets kept?", big, "of the month and its year", "#budgets", str(len(danger))
            )
        )
    return cards(found)


def _trend(answers: Answers) -> str:
    unit = sums.currency(answers)
    rows: list[Row] = [
        {"month": one, "billed": sums.spent(answers, one), "unit": unit}
        for one in answers.months()[-13:]
    ]
    for place, row in enumerate(rows):
        row["change"] = change(row["billed"], rows[place - 1]["billed"] if place else None)
        if until := days.known_until(answers, row["month"]):
            row["change"] = f"so far, to day {until.day}"
        link = f'<a href="{name(answers, row["month"])}">{month(row["month"])}</a>'
        row["link"] = Raw(link, row["month"])
    chart = charts.standing(
        [(month(r["month"]), r["billed"], short(r["billed"])) for r in rows if r["billed"]], unit
    )
    columns = [
        Column("Month", "link", "month"),
        Column("Billed", "billed", "money", "unit"),
        Column("Change", "change"),
    ]
    last = answers.months()[-1]
    about = f"Billed cost by month in {unit or 'the reporting currency'}"
    about += f"; {month(last)} is {sums.state(answers, last)}."
    return section("Trend", about, with_numbers(chart, table("Trend", columns, rows)))


def _departments(answers: Answers, chosen: str) -> str:
    title, unit = "Who spent it", sums.currency(answers)
    mine = [row for row in answers["departments"] if row["yearmonth"] == chosen]
    if not mine:
        return section(title, "", missing("No department is known.", sums.HOW_DEPARTMENTS))
    links, now = sums.links(answers), sums.departments(answers, [chosen])
    changes = sums.changes(answers, chosen)
    whole = total(now.values()) or Decimal(0)
    rows: list[Row] = []
    for one, cost in now.items():
        without = [r for r in mine if r["x_Department"] == one and r["x_TotalConverted"] is None]
        rows.append(
            {
                "link": links[one],
                "cost": cost,
                "share": cost / whole if cost is not None and whole > 0 else None,
                "change": changes[one],
                "besides": sums.stacked(
                    (r["BillingCurrency"] or "?", r["x_Total"]) for r in without
                ),
            }
        )
    columns = [
        Column("Department", "link"),
        Column(f"Billed, {unit}", "cost", "money"),
        Column("Share", "share", "share"),
        Column("Change", "change", optional=True),
        Column("Without an exchange rate", "besides", optional=True),
    ]
    parts = [
        Column("Department", "link"),
        Column("Direct", "x_Direct", "money", "BillingCurrency"),
        Column("Shared", "x_Shared", "money", "BillingCurrency"),
        Column("Adjustments", "x_Adjustments", "money", "BillingCurrency"),
        Column("Total", "x_Total", "money", "BillingCurrency"),
    ]
    mine.sort(key=lambda row: (row["BillingCurrency"] or "", -row["x_Total"]))
    detailed = [row | {"link": links[row["x_Department"]]} for row in mine]
    shown = table("Departments", columns, rows[:MANY])
    if len(rows) > MANY:
        every = table("All departments", columns, rows)
        shown = folded(shown, f"All {len(rows)} departments", every)
    shown = folded(
        shown,
        "By currency of the bill: direct, shared and adjustments",
        table("Departments by currency", parts, detailed, 200),
    )
    if set(now) & {"(unallocated)", "(unlisted)"}:
        shown += f'<p class="about">{sums.OUTSIDE}</p>'
    about = f"Each department has a statement with all its parts. {_compared(answers, chosen)}"
    return section(title, about.rstrip(), shown)


def _compared(answers: Answers, chosen: str) -> str:
    """What changes compare in an open month, in words."""
    then, until = sums.before(answers, chosen), days.known_until(answers, chosen)
    if not then or not until:
        return ""
    return f"Change: effective cost up to day {until.day}, against the same days of {month(then)}."


def _providers(answers: Answers, chosen: str) -> str:
    columns = [
        Column("Provider", "provider"),
        Column(f"Billed, {sums.currency(answers)}", "cost", "money"),
        Column("Share", "share", "share"),
        Column("Change", "change"),
        Column("Without an exchange rate", "besides", optional=True),
    ]
    about = _compared(answers, chosen)
    return section("Providers", about, table("Providers", columns, sums.providers(answers, chosen)))


def _services(answers: Answers, chosen: str) -> str:
    title, rows = "Top services", sums.services(answers, chosen)
    if not rows:
        how = "Give rates in <lake>/reference/fx_rates/*.csv, then refresh."
        return section(title, "", missing("Nothing can be converted.", how))
    unit = sums.currency(answers)
    chart = charts.lying(
        [(r["service"], r["billed"], money(r["billed"], unit)) for r in rows[:TOP]]
    )
    columns = [
        Column("Service", "service"),
        Column("Provider", "provider"),
        Column("Billed", "billed", "money", "unit"),
    ]
    numbers = table("Services", columns, rows, 50)
    about = f"The ten that cost most, billed in {unit}; the numbers list fifty."
    return section(title, about, with_numbers(chart, numbers))


def _commitments(answers: Answers, chosen: str) -> str:
    rows = [row for row in answers["commitments"] if row["yearmonth"] == chosen]
    lost: dict[str, list[Decimal]] = {}
    for row in rows:
        if row["x_Unused"] is not None and row["x_Committed"] is not None:
            both = lost.setdefault(row["BillingCurrency"] or "?", [Decimal(0), Decimal(0)])
            both[0] = added(both[0], row["x_Committed"])
            both[1] = added(both[1], row["x_Unused"])
    if not lost:
        return section("Commitments", "", missing("No bill of it holds a commitment.", HOW))
    shown = [
        {"unit": one, "all": whole, "lost": unused, "share": 1 - unused / whole if whole else None}
        for one, (whole, unused) in sorted(lost.items())
    ]
    columns = [
        Column("Currency", "unit"),
        Column("Committed", "all", "money", "unit"),
        Column("Unused", "lost", "money", "unit"),
        Column("Used", "share", "share"),
    ]
    about = "Savings plans and reservations of the month; the page Commitments has each."
    return section("Commitments", about, table("Commitments by currency", columns, shown))


def unconverted(answers: Answers, chosen: str) -> str:
    """What no number in the reporting currency holds."""
    rows = [row for row in answers["rates"] if row["yearmonth"] == chosen]
    if not rows:
        none = clear(answers.missing.get("rates"), "Nothing: every charge has a rate.")
        return section("Not converted", "", none)
    columns = [
        Column("Currency", "BillingCurrency"),
        Column("Why", lambda row: RATE_GAPS.get(row["x_Reason"], row["x_Reason"])),
        Column("Charges", "x_RowCount", "number"),
        Column("Billed", "BilledCost", "money", "BillingCurrency"),
    ]
    about = (
        "Missing from every total in the reporting currency. Give the rates in "
        "<lake>/reference/fx_rates/*.csv, then refresh."
    )
    return section("Not converted", about, table("Not converted", columns, rows))
