"""Days, rates and what is to come: how far a month is known, the same days of the month before, the
year's end."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import added, total

ZERO = Decimal(0)


@dataclass(frozen=True)
class Amount:
    """An amount of several currencies: its sum in the reporting currency, and what has no rate."""

    sum: Decimal | None
    besides: dict[str, Decimal]


def rate(answers: Answers, currency: str | None, month: str) -> Decimal | None:
    """How many units of the reporting currency one unit is: the rate on the month's first day, as
    the views choose it; None without one."""
    reporting = next((row["reporting"] for row in answers["cost"] if row["reporting"]), "")
    if currency == reporting:
        return Decimal(1)
    first = date(int(month[:4]), int(month[4:]), 1)
    for row in answers["exchange"]:
        if (row["from_currency"], row["to_currency"]) == (currency, reporting):
            until = row["valid_until"]
            if _day(row["valid_from"]) <= first and (until is None or first < _day(until)):
                found: Decimal | None = row["rate"]
                return found
    return None


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def converted(answers: Answers, parts: Iterable[tuple[str | None, str, Decimal | None]]) -> Amount:
    """The sum of (currency, month, amount) in the reporting currency; nothing is rounded."""
    found: Decimal | None = None
    besides: dict[str, Decimal] = defaultdict(Decimal)
    rates: dict[tuple, Decimal | None] = {}
    for currency, month, amount in parts:
        if amount is None:
            continue
        key = (currency, month)
        if key not in rates:
            rates[key] = rate(answers, currency, month)
        if (by := rates[key]) is None:
            besides[currency or "no currency"] = added(besides[currency or "no currency"], amount)
        else:
            found = added(found or ZERO, amount, by)
    return Amount(found, {one: cost for one, cost in sorted(besides.items()) if cost})


def known_until(answers: Answers, month: str) -> date | None:
    """The last whole day of a month that is known of any provider, if days of it are to come; None
    for a month that is whole, and where nothing is known of days."""
    days = [_day(row["x_LastDay"]) for row in answers["known"]]
    if not days or not month:
        return None
    end = date(int(month[:4]), int(month[4:]), monthrange(int(month[:4]), int(month[4:]))[1])
    return max(days) if end.replace(day=1) <= max(days) < end else None


def whole(answers: Answers) -> str:
    """The newest month that is whole and has a month before it; else the newest."""
    months = answers.months()
    known = [one for one in months[1:] if not known_until(answers, one)]
    return known[-1] if known else months[-1]


@dataclass(frozen=True)
class SameDays:
    """Effective cost of a month's known days, and of the same days of the month before, in the
    reporting currency. left_out: providers of which no day of the month is known."""

    now: Decimal | None
    before: Decimal | None
    left_out: list[str]


def same_days(answers: Answers, month: str, before: str, of: str = "") -> SameDays | None:
    """Each provider, or `of` alone, up to its own last whole day; None where no days are kept."""
    rows = [row for row in answers["scope_days"] if row["yearmonth"] in (month, before)]
    rows = [row for row in rows if of in ("", row["x_Provider"])]
    if not rows:
        return None
    last = _last_days(answers)
    left_out = _left_out(rows, last, month)
    there = [row for row in rows if row["x_Day"] <= _days_of(row, last)]
    now, then = (_sum(answers, there, one, left_out) for one in (month, before))
    return SameDays(now, then, sorted(left_out))


def same_days_by_department(
    answers: Answers, month: str, before: str
) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    """The same by department: (now, before); what nobody pays is not among them."""
    last, by = _last_days(answers), defaultdict[str, list[Row]](list)
    for row in answers["department_days"]:
        by[row["x_Value"]].append(row)
    found = {}
    for name, rows in by.items():
        left_out = _left_out(rows, last, month)
        now, then = (_sum(answers, rows, one, left_out) for one in (month, before))
        found[name] = (now, then)
    return found


def _sum(answers: Answers, rows: list[Row], month: str, left_out: set[str]) -> Decimal | None:
    mine = (row for row in rows if row["yearmonth"] == month and row["x_Provider"] not in left_out)
    return converted(answers, ((row["BillingCurrency"], month, row["x_Cost"]) for row in mine)).sum


def _last_days(answers: Answers) -> dict[str, date]:
    return {row["x_Provider"]: _day(row["x_LastDay"]) for row in answers["known"]}


def _left_out(rows: list[Row], last: dict[str, date], month: str) -> set[str]:
    """Providers whose last known day lies before the month."""
    first = date(int(month[:4]), int(month[4:]), 1)
    return {row["x_Provider"] for row in rows if last.get(row["x_Provider"], date.max) < first}


def _days_of(row: Row, last: dict[str, date]) -> int:
    """How many days of a month count; all of them where the provider's last day ends a month."""
    day = last.get(row["x_Provider"])
    return 31 if day is None or (day + timedelta(1)).day == 1 else day.day


def year_end(answers: Answers, year: str) -> list[Row]:
    """Effective cost of a year by currency: `known` (all days so far), `cost` (with the forecast of
    those to come; None where there is too little history), `converted` (in the reporting currency).

    A provider's days count as charged before its first open month, by the forecast from then on.
    """
    opened: dict[str, str] = {}
    for row in answers["ahead"]:
        opened[row["x_Provider"]] = min(row["yearmonth"], opened.get(row["x_Provider"], "9"))
    parts: dict[str, list[tuple]] = defaultdict(list)
    known: dict[str, list[Decimal]] = defaultdict(list)
    for row in answers["scope_days"]:
        of = row["yearmonth"]
        if of[:4] == year and of < opened.get(row["x_Provider"], "9"):
            parts[row["BillingCurrency"]].append((row["BillingCurrency"], of, row["x_Cost"]))
            known[row["BillingCurrency"]].append(row["x_Cost"])
    for row in answers["ahead"]:
        if row["yearmonth"][:4] == year:
            unit = row["BillingCurrency"]
            parts[unit].append((unit, row["yearmonth"], row["x_Forecast"]))
            known[unit].append(row["x_Known"] or ZERO)
    short = {row["BillingCurrency"] for row in answers["forecast"] if row["x_Forecast"] is None}
    if year >= max(answers.months(), default="")[:4]:  # days are to come, and nothing says how much
        short |= set(parts) - {row["BillingCurrency"] for row in answers["ahead"]}
    return [
        {
            "currency": unit,
            "known": total(known[unit]),
            "cost": None if unit in short else total(one[2] for one in parts[unit]),
            "converted": None if unit in short else converted(answers, parts[unit]).sum,
        }
        for unit in sorted(parts, key=str)
    ]


def nothing_to_come(answers: Answers, year: str) -> list[str]:
    """Providers with a cost in the year of which the forecast expects nothing on days to come."""
    charged = {row["x_Provider"] for row in answers["scope_days"] if row["yearmonth"][:4] == year}
    ahead = [row for row in answers["ahead"] if row["yearmonth"][:4] == year]
    expected = {row["x_Provider"] for row in ahead if row["x_Forecast"] != (row["x_Known"] or 0)}
    return sorted((charged & {row["x_Provider"] for row in ahead}) - expected)


def months_ahead(answers: Answers) -> list[Row]:
    """The forecast by month in the reporting currency: `known`, `forecast` and, in words, what has
    no rate."""
    by: dict[str, list[Row]] = defaultdict(list)
    for row in answers["forecast"]:
        if row["x_Scope"] == "all":
            by[row["yearmonth"]].append(row)
    found: list[Row] = []
    for month, rows in sorted(by.items()):
        sums = {
            name: converted(answers, [(row["BillingCurrency"], month, row[of]) for row in rows])
            for name, of in (("known", "x_Actual"), ("forecast", "x_Forecast"))
        }
        found.append(
            {
                "month": month,
                "known": sums["known"].sum,
                "forecast": sums["forecast"].sum,
                "besides": sums["forecast"].besides,
            }
        )
    return found
