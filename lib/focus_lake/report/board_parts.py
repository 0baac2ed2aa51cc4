"""What the board report shows, part by part: the page and the PDF are made of the same."""

from __future__ import annotations

from collections.abc import Iterator

from focus_lake.report import charts, sums
from focus_lake.report.board import TOP, Report
from focus_lake.report.parts import Column, Part, card, cards
from focus_lake.report.questions import Row
from focus_lake.report.words import exactly, money, month, percent, tail, total

BARS = 12  # departments in the chart; the table has all


def html(made: Report) -> str:
    """The body of the page."""
    first = cards(card(*each) for each in numbers(made))
    return first + "".join(part.html() for part in parts(made))


def numbers(made: Report) -> list[tuple[str, str, str, str, str]]:
    """The three numbers: head, number, what it is, no link, exact value."""
    return [
        (
            f"Spent, {made.period}",
            money(made.spent, made.unit),
            f"billed, all that has an exchange rate; {made.state}".removesuffix("; "),
            "",
            "" if made.spent is None else exactly(made.spent),
        ),
        (
            "Change on the month before",
            made.change.html,
            made.compared,
            "",
            made.change.by,
        ),
        (
            "Waste that can be recovered",
            money(made.waste, made.unit),
            "a month, if all that is listed is done",
            "",
            "" if made.waste is None else exactly(made.waste),
        ),
    ]


def parts(made: Report) -> Iterator[Part]:
    """Everything below the three numbers."""
    if not made.chosen.ai_only:
        yield _spend(made)
    if made.waste and made.last and made.waste <= made.last:
        yield _ring(made)
    yield _reductions(made)
    yield _outcomes(made)
    yield _models(made)
    if not made.chosen.ai_only:
        yield _forecast(made)
    told = made.not_held or ["Nothing is missing."]
    yield Part("What the numbers do not hold", told=told)


def _spend(made: Report) -> Part:
    part = Part("Spend by department", "Direct and shared cost with adjustments.")
    if not made.departments:
        part.gap = ("No department is known.", sums.HOW_DEPARTMENTS)
        return part
    part.chart = charts.lying(
        [
            (row["name"], row["now"], money(row["now"], made.unit))
            for row in made.departments[:BARS]
            if row["now"] is not None
        ]
    )
    part.columns = [
        Column("Department", "name"),
        Column(f"Billed, {made.unit}", "now", "money"),
        Column("Change on the month before", "change", optional=True),
        Column("Without an exchange rate", "besides", optional=True),
    ]
    part.rows = made.departments
    if {row["name"] for row in made.departments} & {"(unallocated)", "(unlisted)"}:
        part.about += f" {sums.OUTSIDE}"
    return part


def _ring(made: Report) -> Part:
    assert made.last is not None and made.waste is not None
    kept, last = made.last - made.waste, made.last
    values = [
        (name, cost, f"{money(cost, made.unit)}, {percent(cost / last)}")
        for name, cost in (("Investment", kept), ("Waste", made.waste))
    ]
    about = f"Of what was billed in {month(made.chosen.last)}: waste is what could be recovered."
    return Part("Investment and waste", about, charts.donut(values))


def _reductions(made: Report) -> Part:
    part = Part("Top five reductions", "What saves most, a month.")
    if not made.reductions:
        how = "List yours in <lake>/reference/reductions/*.csv; unused commitments come alone."
        part.gap = ("None is known.", how)
    part.columns = [
        Column("What", sums.idea),
        Column("Why", "x_Reason"),
        Column("Provider", "x_Provider", optional=True),
        Column("Saves a month", "x_SavingConverted", "money", "x_ReportingCurrency"),
        Column("Effort", lambda row: row["x_Effort"] or "not rated"),
    ]
    part.rows = made.reductions[:TOP]
    return part


def _of(row: Row) -> str:
    return tail(str(row["x_Value"] or row["x_Scope"]))


def _outcomes(made: Report) -> Part:
    about = "Of all cost, not of AI alone." if made.chosen.ai_only else ""
    part = Part("Cost per outcome", about)
    if not made.outcomes:
        how = "Give them in <lake>/reference/outcomes/*.csv, then refresh."
        part.gap = ("No outcomes are given.", how)
    part.columns = [
        Column("Month", "yearmonth", "month"),
        Column("Outcome", "x_Outcome"),
        Column("Of", _of),
        Column("Number", "x_Quantity", "number"),
        Column("Cost of one", "x_UnitCost", "money", "x_Currency"),
        Column("Change", "x_Change", "share", optional=True),
        Column("Why not known", "x_Reason", optional=True),
    ]
    part.rows = made.outcomes
    return part


def _models(made: Report) -> Part:
    part = Part("AI models")
    if not made.models:
        part.gap = ("No AI spend is there.", "Add an AI provider (docs/add-a-provider.md).")
    part.columns = [
        Column("Month", "yearmonth", "month"),
        Column("Model", "x_Value"),
        Column("Million tokens", "x_Quantity", "number"),
        Column("Cost of a million tokens", "x_UnitCost", "money", "x_Currency"),
        Column("From cache", "x_CacheShare", "share"),
        Column("Why not known", "x_Reason", optional=True),
    ]
    part.rows = made.models
    return part


def _forecast(made: Report) -> Part:
    year = made.chosen.last[:4]
    part = Part("Forecast to year end", f"Effective cost of {year}, known days and those to come.")
    if made.since > f"{year}01":
        part.about += f" Bills begin with {month(made.since)}."
    if not made.forecast:
        part.gap = ("There is no forecast yet.", "It needs 28 days of cost.")
    part.columns = [
        Column("Currency of the bills", "currency"),
        Column("Known", "known", "money", "currency"),
        Column("With the forecast", "cost", "money", "currency"),
        Column(f"In {made.unit}", "converted", "money"),
    ]
    part.rows = made.forecast
    if expected := total(row["converted"] for row in made.forecast):
        part.about += f" In all {money(expected, made.unit)}."
    if made.silent:
        names = ", ".join(made.silent)
        part.told = [f"Nothing more is expected of {names}, which has too few bills to tell."]
    if any(row["cost"] is None for row in made.forecast):
        part.told += ["A currency without a forecast has less than 28 days of cost."]
    return part
