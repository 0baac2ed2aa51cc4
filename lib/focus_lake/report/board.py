"""The board report: three numbers first; what it says is worked out once, for HTML and PDF."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from focus_lake.report import days, sums
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import Raw, added, change, exactly, money, month, percent, total

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

    spent: in all chosen months; last, before: in the last of them and the month before it; waste:
    what could be recovered a month.
    """

    chosen: Chosen
    unit: str
    spent: Decimal | None = None
    last: Decimal | None = None
    before: Decimal | None = None
    change: Raw = field(default_factory=lambda: change(None, None))
    compared: str = ""
    state: str = ""
    since: str = ""
    silent: list[str] = field(default_factory=list)
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
    made = Report(chosen, sums.currency(answers))
    cost = [row for row in answers["cost"] if not chosen.ai_only or row["category"] == AI]
    there = sorted({row["month"] for row in cost if row["month"]})
    earlier = [one for one in there if one < chosen.last]
    made.spent = total(row["converted"] for row in cost if row["month"] in chosen)
    made.last = total(row["converted"] for row in cost if row["month"] == chosen.last)
    made.before = total(row["converted"] for row in cost if earlier and row["month"] == earlier[-1])
    waste = _waste(answers, chosen)
    made.waste = total(row["x_SavingConverted"] for row in waste)
    made.reductions = waste[:TOP]
    if not chosen.ai_only:
        made.departments = _departments(answers, chosen)
    made.outcomes = _units(answers, chosen, False)
    made.models = _units(answers, chosen, True)
    made.forecast = [] if chosen.ai_only else days.year_end(answers, chosen.last[:4])
    made.not_held = _not_held(answers, cost, chosen, made)
    made.change, made.compared = _changed(answers, chosen, made)
    made.silent = days.nothing_to_come(answers, chosen.last[:4])
    made.since = min((row["yearmonth"] for row in answers["scope_days"]), default="")
    made.state = sums.state(answers, chosen.last) if chosen.last in there else ""
    return made


def _changed(answers: Answers, chosen: Chosen, made: Report) -> tuple[Raw, str]:
    """The change on the month before, and what was compared, in words."""
    is_part = chosen.last in answers.months() and days.known_until(answers, chosen.last)
    if is_part and not chosen.ai_only:
        found, told = sums.changed(answers, chosen.last)
        return found, told
    if made.before is None or not chosen.last:
        return change(made.last, None), month(chosen.last)
    told = f"{month(chosen.last)} against {money(made.before, made.unit)}"
    if is_part and made.last is not None and made.before > 0:  # AI alone is not kept by day
        share = made.last / made.before
        words = f'<span class="flat">{percent(share)} of it so far</span>'
        return Raw(words, exactly(share - 1)), f"{told} in the whole month before"
    return change(made.last, made.before), told


def _waste(answers: Answers, chosen: Chosen) -> list[Row]:
    rows = [row for row in answers["reductions"] if row["x_SavingConverted"] is not None]
    if chosen.ai_only:
        rows = [row for row in rows if (row["x_Reason"] or "").startswith("AI ")]
    return sorted(rows, key=lambda row: row["x_Rank"])


def _departments(answers: Answers, chosen: Chosen) -> list[Row]:
    """What each paid, in the reporting currency; besides: what of it has no rate, in words."""
    mine = [row for row in answers["departments"] if row["yearmonth"] in chosen]
    now = sums.departments(answers, {row["yearmonth"] for row in mine})
    changes = sums.changes(answers, chosen.last)
    found = []
    for name, cost in now.items():
        without: dict[str, Decimal] = defaultdict(Decimal)
        for row in mine:
            if row["x_Department"] == name and row["x_TotalConverted"] is None:
                unit = row["BillingCurrency"] or "?"
                without[unit] = added(without[unit], row["x_Total"])
        found.append(
            {
                "name": name,
                "now": cost,
                "change": changes.get(name),
                "besides": sums.stacked(sorted(without.items())),
            }
        )
    return found


def _units(answers: Answers, chosen: Chosen, of_models: bool) -> list[Row]:
    rows = [
        row
        for row in answers["units"]
        if row["yearmonth"] in chosen and (row["x_Scope"] == "model") == of_models
    ]
    for place, row in enumerate(rows):
        if days.known_until(answers, row["yearmonth"]):  # some days against a month would mislead
            rows[place] = row | {"x_Change": None}
    return sorted(
        rows, key=lambda row: (str(row["x_Outcome"]), str(row["x_Value"]), row["yearmonth"])
    )


def _not_held(answers: Answers, cost: list[Row], chosen: Chosen, made: Report) -> list[str]:
    """What the numbers do not hold, in words."""
    without: dict[str, Decimal] = defaultdict(Decimal)
    for row in cost:
        if row["month"] in chosen and row["converted"] is None and row["billed"] is not None:
            unit = row["currency"] or "no currency"
            without[unit] = added(without[unit], row["billed"])
    said = [
        f"Bills of {money(billed, unit)} have no exchange rate to {made.unit}."
        for unit, billed in sorted(without.items())
    ]
    if chosen.last in answers.months() and not chosen.ai_only:
        missing = ", ".join(sums.not_billed(answers, chosen.last))
        said += [f"{missing}: not billed yet for {month(chosen.last)}."] if missing else []
    said += _late(answers, chosen)
    for row in sums.coverage(answers, chosen.last):
        if row["unallocated"] and not chosen.ai_only:
            amount = money(row["unallocated"], row["currency"])
            said.append(f"{amount} of {month(chosen.last)} have no owner.")
    if made.waste is None:
        said.append("No waste is known: there are no commitments, classified calls or reductions.")
    if not made.outcomes:
        said.append("No outcomes are given (reference/outcomes), so no cost per outcome.")
    for name in sorted(answers.missing):
        said.append(f"The view behind '{name}' could not be read.")
    return said


def _late(answers: Answers, chosen: Chosen) -> list[str]:
    months: dict[str, list[str]] = defaultdict(list)
    for row in answers["deliveries"]:
        if row["x_IsLate"] and row["yearmonth"] <= chosen.last:
            months[row["x_Provider"]].append(row["yearmonth"])
    return [
        f"Late deliveries of {provider}: {len(late)}, the first for {month(min(late))}."
        for provider, late in sorted(months.items())
    ]
