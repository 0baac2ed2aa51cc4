"""Sums over the answers that several pages show, each worked out in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from html import escape

from focus_lake.report import days
from focus_lake.report.parts import files
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import Raw, added, brief, change, money, month, total

HOW_DEPARTMENTS = (
    "List your cost centers in <lake>/reference/cost_centers/*.csv and rules in "
    "<lake>/reference/allocation/*.toml, then refresh (docs/allocation.md)."
)
OUTSIDE = (
    "(unallocated): no rule names who pays. (unlisted): a cost center that no department has in "
    "reference/cost_centers."
)


NOBODY = ("(unallocated)", "(unlisted)")  # departments that are none


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
    """Share of effective cost that has a payer: first in the reporting currency, then of each
    currency without a rate."""
    sums: dict[str, list[Decimal]] = {}
    for row in answers["allocation"]:
        if row["yearmonth"] == chosen and row["effective"] is not None:
            by = days.rate(answers, row["BillingCurrency"], chosen)
            unit = (row["BillingCurrency"] or "(no currency)") if by is None else currency(answers)
            both = sums.setdefault(unit, [Decimal(0), Decimal(0)])
            for place in (0, 1) if row["unallocated"] else (0,):
                both[place] = added(both[place], row["effective"], by or Decimal(1))
    return [
        {
            "currency": one,
            "title": "" if one == currency(answers) else f", {one}",
            "all": whole,
            "unallocated": unallocated,
            "share": 1 - unallocated / whole if whole > 0 else None,
        }
        for one, (whole, unallocated) in sorted(
            sums.items(), key=lambda item: (item[0] != currency(answers), item[0])
        )
    ]


def left_out(answers: Answers, chosen: str) -> list[Row]:
    """What has no rate, by currency; nothing that is zero."""
    found: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in answers["cost"]:
        if row["month"] == chosen and row["converted"] is None and row["billed"] is not None:
            found[row["currency"]] = added(found[row["currency"]], row["billed"])
    pairs = sorted(found.items(), key=str)
    return [{"currency": one, "billed": cost} for one, cost in pairs if cost]


def amounts(rows: Iterable[Row], cost: str, unit: str) -> str:
    """Amounts of several currencies in one line."""
    return " + ".join(money(row[cost], row[unit] or "(no currency)") for row in rows)


def stacked(amounts: Iterable[tuple[str, Decimal | None]]) -> Raw | None:
    """(currency, amount) of several currencies, a line each; None without any."""
    lines = [f'<span class="whole">{money(cost, unit)}</span>' for unit, cost in amounts]
    return Raw("<br>+ ".join(lines)) if lines else None


def links(answers: Answers) -> dict[str, Raw]:
    """Department -> link to its statement."""
    names = {row["x_Department"] for row in answers["departments"]}
    return {
        name: Raw(f'<a href="statements/{file}.html"{_whole(name)}>{escape(brief(name))}</a>', name)
        for name, file in files(names).items()
    }


def _whole(name: str) -> str:
    return f' title="{escape(name)}"' if brief(name) != name else ""


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
            key = (row["service"] or "(no service)", row["provider"])
            sums[key] = added(sums[key], row["converted"])
    unit = currency(answers)
    return [
        {"service": service, "provider": provider, "billed": cost, "unit": unit}
        for (service, provider), cost in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    ]


def changed(answers: Answers, chosen: str) -> tuple[Raw, str]:
    """The change on the month before, and what is compared, in words.

    A month of which days are to come is compared with the same days of the month before.
    """
    then, until = before(answers, chosen), days.known_until(answers, chosen)
    now, old = spent(answers, chosen), spent(answers, then)
    if then is None:
        return change(now, None), ""
    told = f"than in {month(then)}"
    same = days.same_days(answers, chosen, then) if until else None
    if until and same:
        now, old = same.now, same.before
        told = f"than on the same days of {month(then)}, up to day {until.day}; effective cost"
        if same.left_out:
            told += f"; without {', '.join(same.left_out)}, not billed yet"
    elif until:
        told = f"so far than in all of {month(then)}"
    return change(now, old), told


def changes(answers: Answers, chosen: str) -> dict[str, Raw | None]:
    """Department -> its change on the month before, compared as in `changed`."""
    then = before(answers, chosen)
    now = departments(answers, [chosen])
    if then is None or not days.known_until(answers, chosen):
        old = departments(answers, [then or ""])
        return {name: change(cost, old.get(name)) for name, cost in now.items()}
    same = days.same_days_by_department(answers, chosen, then)
    return {name: change(*same[name]) if name in same else None for name in now}


def providers(answers: Answers, chosen: str) -> list[Row]:
    """Billed cost by provider in the reporting currency, with its share, its change, compared as in
    `changed`, and what of it has no rate. A provider of the month before alone is among them."""
    then, is_open = before(answers, chosen), days.known_until(answers, chosen)
    of: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in answers["cost"]:
        if row["month"] in (chosen, then):
            of[row["provider"]][row["month"]].append(row)
    whole = spent(answers, chosen)
    found: list[Row] = []
    for provider, months in of.items():
        now, old = (total(row["converted"] for row in months[one or ""]) for one in (chosen, then))
        without: dict[str, Decimal] = defaultdict(Decimal)
        for row in months[chosen]:
            if row["converted"] is None and row["billed"] is not None:
                unit = row["currency"] or "(no currency)"
                without[unit] = added(without[unit], row["billed"])
        changed = (
            change(now, old)
            if now is not None
            else Raw("not billed yet" if is_open else "nothing billed")
        )
        same = days.same_days(answers, chosen, then, provider) if is_open and then else None
        if same and not same.left_out:
            changed = change(same.now, same.before)
        elif is_open and now is not None:
            changed = Raw("not known")
        share = now / whole if now is not None and whole and whole > 0 else None
        found.append(
            {"provider": provider, "cost": now, "share": share, "change": changed}
            | {"besides": stacked(sorted(without.items()))}
        )
    return sorted(found, key=lambda row: (-(row["cost"] or Decimal(0)), row["provider"]))


def in_danger(answers: Answers, chosen: str) -> tuple[list[Row], list[Row]]:
    """(budgets of the month and its year, those of them that are not kept)."""
    there = [row for row in answers["budgets"] if row["x_Period"] in (chosen, chosen[:4])]
    return there, [row for row in there if row["x_Level"] not in ("ok", None)]


def kept(there: list[Row], danger: list[Row]) -> tuple[str, str]:
    """(words, kind) of budgets: what is not known is neither kept nor in danger."""
    unknown = sum(row["x_Level"] is None for row in there)
    if danger:
        return f"{len(danger)} of {len(there)} in danger", "bad"
    if unknown == len(there):
        return "not known", "flat"
    if unknown:
        return f"{len(there) - unknown} of {len(there)} kept, {unknown} not known", "flat"
    return f"Yes, all {len(there)}", "good"


def idea(row: Row) -> str:
    """What a reduction is, in words."""
    if row["x_Reason"] != "unused commitment":
        return str(row["x_What"])
    return f"Use or give back the commitment …{row['x_What'][-18:]}"


def state(answers: Answers, chosen: str) -> str:
    """How far a month's numbers are the last word."""
    if until := days.known_until(answers, chosen):
        return f"known to {until.day} {month(chosen)[:3]}"
    return "not closed yet" if is_open(answers, chosen) else "closed"


def not_billed(answers: Answers, chosen: str) -> list[str]:
    """Providers of the month before that have not billed a day of an open month."""
    then = before(answers, chosen)
    if then is None or not days.known_until(answers, chosen):
        return []
    same = days.same_days(answers, chosen, then)
    return same.left_out if same else []


def is_open(answers: Answers, chosen: str) -> bool:
    """Whether more charges of the month may come: its chargeback is not closed."""
    rows = [row for row in answers["departments"] if row["yearmonth"] == chosen]
    return not rows or not all(row["x_IsClosed"] for row in rows)
