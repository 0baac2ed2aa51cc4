"""Sums over the answers that several pages show, each worked out in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from html import escape

from focus_lake.report.parts import files
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import Raw, money, total

HOW_DEPARTMENTS = (
    "List your cost centers in <lake>/reference/cost_centers/*.csv and rules in "
    "<lake>/reference/allocation/*.toml, then refresh (docs/allocation.md)."
)
OUTSIDE = (
    "(unallocated): no rule names who pays. (unlisted): a cost center that no department has in "
    "reference/cost_centers."
)


def before(answers: Answers, chosen: str) -> str | None:
    """The month before, if it has a cost."""
    there = answers.months()
    place = there.index(chosen) if chosen in there else 0
    return there[place - 1] if place else None


def currency(answers: Answers) -> str:
    """The reporting currency."""
    return next((row["reporting"] for row in answers["cost"] if row["reporting"]), "")


def spent(answers: Answers, chosen: str | None) -> Decimal | None:
    """Billed cost of a month in the reporting currency, of all charges that have a rate."""
    return total(row["converted"] for row in answers["cost"] if row["month"] == chosen)


def coverage(answers: Answers, chosen: str) -> list[Row]:
    """Share of effective cost that has a payer, by currency."""
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
    """What has no rate, by currency; nothing that is zero."""
    found: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in answers["cost"]:
        if row["month"] == chosen and row["converted"] is None and row["billed"] is not None:
            found[row["currency"]] += row["billed"]
    pairs = sorted(found.items(), key=str)
    return [{"currency": one, "billed": cost} for one, cost in pairs if cost]


def amounts(rows: Iterable[Row], cost: str, unit: str) -> str:
    """Amounts of several currencies in one line."""
    return " + ".join(money(row[cost], row[unit] or "?") for row in rows)


def links(answers: Answers) -> dict[str, Raw]:
    """Department -> link to its statement."""
    names = {row["x_Department"] for row in answers["departments"]}
    return {
        name: Raw(f'<a href="statements/{file}.html">{escape(name)}</a>', name)
        for name, file in files(names).items()
    }


def departments(answers: Answers, months: Iterable[str]) -> dict[str, Decimal | None]:
    """Department -> its total of months in the reporting currency; None where nothing has a rate.

    The one that spent most comes first.
    """
    chosen = set(months)
    parts: dict[str, list[Decimal | None]] = defaultdict(list)
    for row in answers["departments"]:
        if row["yearmonth"] in chosen:
            parts[row["x_Department"]].append(row["x_TotalConverted"])
    sums = {name: total(values) for name, values in parts.items()}
    return dict(sorted(sums.items(), key=lambda item: (-(item[1] or Decimal(0)), item[0])))


def services(answers: Answers, chosen: str) -> list[Row]:
    """Billed cost by service and provider in the reporting currency, the largest first."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in answers["cost"]:
        if row["month"] == chosen and row["converted"] is not None:
            sums[row["service"] or "(no service)", row["provider"]] += row["converted"]
    unit = currency(answers)
    return [
        {"service": service, "provider": provider, "billed": cost, "unit": unit}
        for (service, provider), cost in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    ]


def in_danger(answers: Answers, chosen: str) -> tuple[list[Row], list[Row]]:
    """(budgets of the month and its year, those of them that are not kept)."""
    there = [row for row in answers["budgets"] if row["x_Period"] in (chosen, chosen[:4])]
    return there, [row for row in there if row["x_Level"] not in ("ok", None)]


def idea(row: Row) -> str:
    """What a reduction is, in words."""
    if row["x_Reason"] != "unused commitment":
        return str(row["x_What"])
    return f"Use or give back the commitment …{row['x_What'][-18:]}"


def is_open(answers: Answers, chosen: str) -> bool:
    """Whether more charges of the month may come: its chargeback is not closed."""
    rows = [row for row in answers["departments"] if row["yearmonth"] == chosen]
    return not rows or not all(row["x_IsClosed"] for row in rows)
