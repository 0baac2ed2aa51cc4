"""The executive page: what was spent, by whom and on what, against plan; one page a month."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from focus_lake.report import charts
from focus_lake.report.parts import (
    Column,
    Raw,
    card,
    cards,
    change,
    exactly,
    files,
    missing,
    money,
    month,
    percent,
    section,
    table,
    total,
    with_numbers,
)
from focus_lake.report.questions import Answers, Row

TOP = 10


def body(answers: Answers, chosen: str) -> str:
    """The page of a billing month."""
    return "".join(
        (
            months(answers, chosen),
            _numbers(answers, chosen),
            _trend(answers),
            _departments(answers, chosen),
            _services(answers, chosen),
            budgets(answers, chosen),
            _forecast(answers),
            unconverted(answers, chosen),
        )
    )


def name(answers: Answers, of: str) -> str:
    """The file of a month's page; the newest month has the plain name."""
    there = answers.months()
    return "executive.html" if not there or of == there[-1] else f"executive-{of}.html"


def months(answers: Answers, chosen: str) -> str:
    links = "".join(
        f'<li><a href="{name(answers, one)}"{_now(one == chosen)}>{month(one)}</a>'
        for one in reversed(answers.months())
    )
    return f'<nav aria-label="Months"><ul class="months">{links}</ul></nav>'


def _now(is_it: bool) -> str:
    return ' aria-current="page"' if is_it else ""


def before(answers: Answers, chosen: str) -> str | None:
    """The month before, if it has a cost."""
    there = answers.months()
    place = there.index(chosen) if chosen in there else 0
    return there[place - 1] if place else None


def currency(answers: Answers) -> str:
    """The reporting currency."""
    return next((row["reporting"] for row in answers["cost"] if row["reporting"]), "")


def spent(answers: Answers, chosen: str | None, by: str = "converted") -> Decimal | None:
    """Billed cost of a month in the reporting currency, of all charges that have a rate."""
    return total(row[by] for row in answers["cost"] if row["month"] == chosen)


def _numbers(answers: Answers, chosen: str) -> str:
    now, then = spent(answers, chosen), spent(answers, before(answers, chosen))
    found = [
        card(
            f"Spent in {month(chosen)}",
            money(now, currency(answers)),
            f"billed; {change(now, then).html}",
            by="" if now is None else exactly(now),
        )
    ]
    without = [row for row in left_out(answers, chosen) if row["billed"]]
    if without:
        told = ", ".join(money(row["billed"], row["currency"] or "?") for row in without)
        found.append(card("Not in this total", told, "no exchange rate", "#not-converted"))
    for row in coverage(answers, chosen):
        found.append(
            card(
                f"With an owner, {row['currency']}",
                percent(row["share"]),
                "of what was charged, by the allocation rules",
                by=exactly(row["share"]) if row["share"] is not None else "",
            )
        )
    return cards(found)


def coverage(answers: Answers, chosen: str) -> list[Row]:
    """Share of positive effective cost that has a payer, by currency."""
    sums: dict[str, list[Decimal]] = {}
    for row in answers["allocation"]:
        if row["yearmonth"] == chosen and row["effective"] is not None:
            whole = sums.setdefault(row["BillingCurrency"] or "?", [Decimal(0), Decimal(0)])
            whole[0] += row["effective"]
            whole[1] += row["effective"] if row["unallocated"] else Decimal(0)
    return [
        {
            "currency": one,
            "all": whole,
            "unallocated": unallocated,
            "share": 1 - unallocated / whole if whole > 0 else None,
        }
        for one, (whole, unallocated) in sorted(sums.items())
    ]


def left_out(answers: Answers, chosen: str) -> list[Row]:
    """What has no rate, by currency."""
    found: dict[str | None, Decimal] = {}
    for row in answers["cost"]:
        if row["month"] == chosen and row["converted"] is None and row["billed"] is not None:
            found[row["currency"]] = found.get(row["currency"], Decimal(0)) + row["billed"]
    return [{"currency": one, "billed": cost} for one, cost in sorted(found.items(), key=str)]


def _trend(answers: Answers) -> str:
    unit = currency(answers)
    rows: list[Row] = [
        {"month": one, "billed": spent(answers, one), "unit": unit}
        for one in answers.months()[-13:]
    ]
    for place, row in enumerate(rows):
        row["change"] = change(row["billed"], rows[place - 1]["billed"] if place else None)
        row["link"] = Raw(f'<a href="{name(answers, row["month"])}">{month(row["month"])}</a>')
    chart = charts.standing(
        [
            (month(row["month"]), row["billed"], short(row["billed"]))
            for row in rows
            if row["billed"]
        ]
    )
    numbers = table(
        "Billed cost by month",
        [
            Column("Month", "link"),
            Column("Billed", "billed", "money", "unit"),
            Column("Change", "change"),
        ],
        rows,
    )
    about = f"Billed cost by month in {unit or 'the reporting currency'}; the newest is to date."
    return section("Trend", about, with_numbers(chart, numbers))


def short(value: Decimal) -> str:
    """A rounded number for a chart; the table beside it has the exact one."""
    for size, mark in ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(1000), "k")):
        if abs(value) >= size:
            return f"{value / size:,.1f} {mark}"
    return f"{value:,.2f}"


def _departments(answers: Answers, chosen: str) -> str:
    rows = [row for row in answers["departments"] if row["yearmonth"] == chosen]
    if not rows:
        return section(
            "Who spent it",
            "By department.",
            missing("No department is known.", HOW_DEPARTMENTS),
        )
    links = departments(answers)
    linked = [row | {"link": links[row["x_Department"]]} for row in rows]
    linked.sort(
        key=lambda row: (row["x_TotalConverted"] or Decimal(0), row["x_Total"]), reverse=True
    )
    columns = [
        Column("Department", "link"),
        Column("Direct", "x_Direct", "money", "BillingCurrency"),
        Column("Shared", "x_Shared", "money", "BillingCurrency"),
        Column("Adjustments", "x_Adjustments", "money", "BillingCurrency"),
        Column("Total", "x_Total", "money", "BillingCurrency"),
        Column("In the reporting currency", "x_TotalConverted", "money", "x_ReportingCurrency"),
    ]
    about = "Billed cost by department; each has a statement with its parts."
    return section("Who spent it", about, table("Departments", columns, linked))


HOW_DEPARTMENTS = (
    "List your cost centers in <lake>/reference/cost_centers/*.csv and rules in "
    "<lake>/reference/allocation/*.toml, then refresh (docs/allocation.md)."
)


def departments(answers: Answers) -> dict[str, Raw]:
    """Department -> link to its statement."""
    names = {row["x_Department"] for row in answers["departments"]}
    return {
        name: Raw(f'<a href="statements/{file}.html">{escape(name)}</a>', name)
        for name, file in files(names).items()
    }


def _services(answers: Answers, chosen: str) -> str:
    unit, sums = currency(answers), dict[tuple[str, str], Decimal]()
    for row in answers["cost"]:
        if row["month"] == chosen and row["converted"] is not None:
            key = (row["service"] or "(no service)", row["provider"])
            sums[key] = sums.get(key, Decimal(0)) + row["converted"]
    rows: list[Row] = [
        {"service": service, "provider": provider, "billed": cost, "unit": unit}
        for (service, provider), cost in sorted(sums.items(), key=lambda item: -item[1])
    ]
    if not rows:
        return section(
            "Top services", "", missing("Nothing has a rate.", "Give rates in reference/fx_rates.")
        )
    chart = charts.lying(
        [(row["service"], row["billed"], money(row["billed"], unit)) for row in rows[:TOP]]
    )
    columns = [
        Column("Service", "service"),
        Column("Provider", "provider"),
        Column("Billed", "billed", "money", "unit"),
    ]
    return section(
        "Top services",
        f"The ten services that cost most, in {unit}; the table has fifty.",
        with_numbers(chart, table("Services", columns, rows, 50)),
    )


def budgets(answers: Answers, chosen: str, of: str = "") -> str:
    """Budgets of the month and of its year; of: only a department's."""
    rows = [row for row in answers["budgets"] if row["x_Period"] in (chosen, chosen[:4])]
    if of:
        rows = [r for r in rows if r["x_Scope"] == "department" and r["x_Value"] == of]
    title = f"Budgets, {month(chosen)}" if of else "Budgets"
    if not rows:
        return section(
            title,
            "",
            missing(
                "There is no budget for this month.",
                "Put budgets into <lake>/reference/budgets/*.csv (docs/budgets.md).",
            ),
        )
    columns = [
        Column("Budget", "x_Budget"),
        Column("Period", "x_Period"),
        Column("Planned", "x_Planned", "money", "x_Currency"),
        Column("Spent", "x_Actual", "money", "x_Currency"),
        Column("Used", "x_UsedShare", "share"),
        Column("To be expected", "x_Projection", "money", "x_Currency"),
        Column("State", lambda row: Raw(_level(row["x_Level"]), str(row["x_Level"]))),
        Column("Above it on", "x_ExceededOn"),
        Column("Why not known", "x_Reason"),
    ]
    about = "Will we keep the budget? Spent so far, and what is to be expected at the end."
    return section(title, about, table(title, columns, rows))


def _level(level: str | None) -> str:
    kind = {"ok": "good", None: "flat"}.get(level, "bad")
    sign = {"ok": "✓"}.get(level or "", "✗" if level else "")
    return f'<span class="{kind}">{sign} {level or "not known"}</span>'


def _forecast(answers: Answers) -> str:
    rows = sorted(
        (row for row in answers["forecast"] if row["x_Scope"] == "all"),
        key=lambda row: (row["BillingCurrency"] or "", row["yearmonth"]),
    )
    if not rows:
        how = "A forecast needs 28 days of cost (docs/forecast.md)."
        return section("Forecast", "", missing("There is no forecast yet.", how))
    columns = [
        Column("Month", lambda row: Raw(month(row["yearmonth"]), row["yearmonth"])),
        Column("Currency", "BillingCurrency"),
        Column("Known", "x_Actual", "money", "BillingCurrency"),
        Column("Forecast", "x_Forecast", "money", "BillingCurrency"),
        Column("At least", "x_Low", "money", "BillingCurrency"),
        Column("At most", "x_High", "money", "BillingCurrency"),
        Column("State", "x_Status"),
    ]
    return section(
        "Forecast",
        "Effective cost of everything, by the currency of the bills.",
        table("Forecast", columns, rows),
    )


def unconverted(answers: Answers, chosen: str) -> str:
    """What no number in the reporting currency holds."""
    rows = [row for row in answers["rates"] if row["yearmonth"] == chosen]
    if not rows:
        return section("Not converted", "", '<p class="good">Nothing: every charge has a rate.</p>')
    columns = [
        Column("Currency", "BillingCurrency"),
        Column("Why", "x_Reason"),
        Column("Charges", "x_RowCount", "number"),
        Column("Billed", "BilledCost", "money", "BillingCurrency"),
    ]
    about = (
        "Missing from every total in the reporting currency. Give the rates in "
        "<lake>/reference/fx_rates/*.csv, then refresh."
    )
    return section("Not converted", about, table("Without a rate", columns, rows))
