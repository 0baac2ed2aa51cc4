"""The board report: three numbers first; what it says is worked out once, for HTML and PDF."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

from focus_lake.report import charts, executive
from focus_lake.report.parts import (
    Column,
    Raw,
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
    total,
)
from focus_lake.report.questions import Answers, Row

AI = "AI and Machine Learning"  # FOCUS's ServiceCategory
TOP = 5


@dataclass(frozen=True)
class Chosen:
    """first, last: billing months, both included; ai_only: AI spend alone."""

    first: str
    last: str
    ai_only: bool = False

    def __contains__(self, yearmonth: object) -> bool:
        return isinstance(yearmonth, str) and self.first <= yearmonth <= self.last


@dataclass
class Report:
    """What the report says; money is in `unit`, the reporting currency, unless a row tells its own.

    waste: what could be recovered; reasons: why a number is missing, in words.
    """

    chosen: Chosen
    unit: str
    spent: Decimal | None = None
    before: Decimal | None = None
    change: Raw = field(default_factory=lambda: change(None, None))
    waste: Decimal | None = None
    departments: list[Row] = field(default_factory=list)
    reductions: list[Row] = field(default_factory=list)
    outcomes: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    forecast: list[Row] = field(default_factory=list)
    not_held: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return "AI spend" if self.chosen.ai_only else "Cloud and AI spend"

    @property
    def period(self) -> str:
        one = self.chosen
        if one.first == one.last:
            return month(one.last)
        return f"{month(one.first)} to {month(one.last)}"


def report(answers: Answers, chosen: Chosen) -> Report:
    """The report on the chosen months; the change is that of the last one on the month before."""
    made = Report(chosen, executive.currency(answers))
    cost = [row for row in answers["cost"] if not chosen.ai_only or row["category"] == AI]
    there = sorted({row["month"] for row in cost if row["month"]})
    earlier = [one for one in there if one < chosen.last]
    made.spent = total(row["converted"] for row in cost if row["month"] in chosen)
    last = total(row["converted"] for row in cost if row["month"] == chosen.last)
    made.before = total(row["converted"] for row in cost if earlier and row["month"] == earlier[-1])
    waste = _waste(answers, chosen)
    made.waste = total(row["x_SavingConverted"] for row in waste)
    made.reductions = waste[:TOP]
    if not chosen.ai_only:
        made.departments = _departments(answers, chosen)
    made.outcomes = _units(answers, chosen, False)
    made.models = _units(answers, chosen, True)
    made.forecast = [] if chosen.ai_only else _to_year_end(answers, chosen)
    made.not_held = _not_held(answers, cost, chosen, made)
    made.departments.sort(key=lambda row: -(row["now"] or Decimal(0)))
    made.change = change(last, made.before)
    return made


def _waste(answers: Answers, chosen: Chosen) -> list[Row]:
    rows = [row for row in answers["reductions"] if row["x_SavingConverted"] is not None]
    if chosen.ai_only:
        rows = [row for row in rows if (row["x_Reason"] or "").startswith("AI ")]
    return sorted(rows, key=lambda row: row["x_Rank"])


def _departments(answers: Answers, chosen: Chosen) -> list[Row]:
    by: dict[str, dict[str, Decimal]] = {}
    for row in answers["departments"]:
        if row["x_TotalConverted"] is not None:
            months = by.setdefault(row["x_Department"], {})
            one = row["yearmonth"]
            months[one] = months.get(one, Decimal(0)) + row["x_TotalConverted"]
    found = []
    for name, months in by.items():
        earlier = [one for one in sorted(months) if one < chosen.last]
        found.append(
            {
                "name": name,
                "now": total(cost for one, cost in months.items() if one in chosen),
                "change": change(months.get(chosen.last), months[earlier[-1]] if earlier else None),
            }
        )
    return [row for row in found if row["now"] is not None]


def _units(answers: Answers, chosen: Chosen, of_models: bool) -> list[Row]:
    rows = [
        row
        for row in answers["units"]
        if row["yearmonth"] in chosen and (row["x_Scope"] == "model") == of_models
    ]
    return sorted(
        rows, key=lambda row: (str(row["x_Outcome"]), str(row["x_Value"]), row["yearmonth"])
    )


def _to_year_end(answers: Answers, chosen: Chosen) -> list[Row]:
    """Forecast of everything to the end of the year, by currency."""
    year, sums = chosen.last[:4], dict[str, Decimal]()
    for row in answers["forecast"]:
        if row["x_Scope"] == "all" and row["yearmonth"][:4] == year:
            value = row["x_Forecast"] if row["x_Forecast"] is not None else row["x_Actual"]
            if value is not None:
                unit = row["BillingCurrency"]
                sums[unit] = sums.get(unit, Decimal(0)) + value
    return [{"currency": unit, "cost": cost} for unit, cost in sorted(sums.items(), key=str)]


def _not_held(answers: Answers, cost: list[Row], chosen: Chosen, made: Report) -> list[str]:
    """What the numbers do not hold, in words."""
    said = []
    without: dict[str, Decimal] = {}
    for row in cost:
        if row["month"] in chosen and row["converted"] is None and row["billed"] is not None:
            unit = row["currency"] or "no currency"
            without[unit] = without.get(unit, Decimal(0)) + row["billed"]
    for unit, billed in sorted(without.items()):
        said.append(f"Bills of {money(billed, unit)} have no exchange rate to {made.unit}.")
    late = [row for row in answers["deliveries"] if row["x_IsLate"]]
    for row in late:
        said.append(f"A delivery of {row['x_Provider']} for {month(row['yearmonth'])} is late.")
    for row in executive.coverage(answers, chosen.last):
        if row["unallocated"]:
            amount = money(row["unallocated"], row["currency"])
            said.append(f"{amount} of {month(chosen.last)} have no owner.")
    if made.waste is None:
        said.append("No waste is known: there are no commitments, classified calls or reductions.")
    if not made.outcomes:
        said.append("No outcomes are given (reference/outcomes), so no cost per outcome.")
    for name in sorted(answers.missing):
        said.append(f"The view behind '{name}' could not be read.")
    return said


def html(made: Report) -> str:
    """The body of the page."""
    unit = made.unit
    return "".join(
        (
            cards(
                (
                    card(
                        f"Spent, {made.period}",
                        money(made.spent, unit),
                        "billed, in the reporting currency",
                        by="" if made.spent is None else exactly(made.spent),
                    ),
                    card("Change on the month before", made.change.html, month(made.chosen.last)),
                    card(
                        "Waste that can be recovered",
                        money(made.waste, unit),
                        "a month, if all that is listed is done",
                        by="" if made.waste is None else exactly(made.waste),
                    ),
                )
            ),
            _spend(made),
            _ring(made),
            _top(made),
            _outcomes(made),
            _models(made),
            _forecast(made),
            section(
                "What the numbers do not hold",
                "",
                f"<ul>{''.join(f'<li>{escape(one)}' for one in made.not_held)}</ul>"
                if made.not_held
                else '<p class="good">Nothing is missing.</p>',
            ),
        )
    )


def _spend(made: Report) -> str:
    if made.chosen.ai_only:
        return ""
    if not made.departments:
        how = executive.HOW_DEPARTMENTS
        return section("Spend by department", "", missing("No department is known.", how))
    bars = [
        (row["name"], row["now"], money(row["now"], made.unit)) for row in made.departments[:12]
    ]
    columns = [
        Column("Department", "name"),
        Column(f"Billed, {made.unit}", "now", "money"),
        Column("Last month on the one before", "change"),
    ]
    shown = charts.lying(bars) + table("Spend by department", columns, made.departments)
    return section("Spend by department", "Direct and shared, with adjustments.", shown)


def _ring(made: Report) -> str:
    if not made.waste or not made.spent or made.waste > made.spent:
        return ""
    kept = made.spent - made.waste
    values = [
        ("Investment", kept, f"{money(kept, made.unit)}, {percent(kept / made.spent)}"),
        (
            "Waste",
            made.waste,
            f"{money(made.waste, made.unit)}, {percent(made.waste / made.spent)}",
        ),
    ]
    return section("Investment and waste", "Of what was spent.", charts.donut(values))


def _top(made: Report) -> str:
    if not made.reductions:
        how = "List yours in reference/reductions/*.csv; unused commitments come by themselves."
        return section("Top five reductions", "", missing("None is known.", how))
    columns = [
        Column("What", "x_What"),
        Column("Why", "x_Reason"),
        Column("Provider", "x_Provider"),
        Column("Saves a month", "x_SavingConverted", "money", "x_ReportingCurrency"),
        Column("Effort", lambda row: row["x_Effort"] or "not known"),
    ]
    return section("Top five reductions", "", table("Reductions", columns, made.reductions))


def _month_of(row: Row) -> Raw:
    return Raw(month(row["yearmonth"]), row["yearmonth"])


def _outcomes(made: Report) -> str:
    if not made.outcomes:
        how = "Give them in <lake>/reference/outcomes/*.csv, then refresh."
        return section("Cost per outcome", "", missing("No outcomes are given.", how))
    columns = [
        Column("Month", _month_of),
        Column("Outcome", "x_Outcome"),
        Column("Of", lambda row: row["x_Value"] or row["x_Scope"]),
        Column("Number", "x_Quantity", "number"),
        Column("Cost of one", "x_UnitCost", "money", "x_Currency"),
        Column("Change", "x_Change", "share"),
        Column("Why not known", "x_Reason"),
    ]
    return section("Cost per outcome", "", table("Cost per outcome", columns, made.outcomes))


def _models(made: Report) -> str:
    if not made.models:
        return section("AI models", "", missing("No AI spend is there.", "Add an AI provider."))
    columns = [
        Column("Month", _month_of),
        Column("Model", "x_Value"),
        Column("Million tokens", "x_Quantity", "number"),
        Column("Cost of a million tokens", "x_UnitCost", "money", "x_Currency"),
        Column("From cache", "x_CacheShare", "share"),
    ]
    return section("AI models", "", table("AI models", columns, made.models))


def _forecast(made: Report) -> str:
    if made.chosen.ai_only:
        return ""
    if not made.forecast:
        how = "It needs 28 days of cost."
        return section("Forecast to year end", "", missing("There is no forecast yet.", how))
    columns = [
        Column("Currency", "currency"),
        Column("From the first known month to December", "cost", "money", "currency"),
    ]
    about = "Effective cost: what is known of this year, and the forecast of the rest."
    return section("Forecast to year end", about, table("Forecast", columns, made.forecast))
