"""The billing month of a charge, in SQL: the folder's where the ledger says so, else the row's own.

A folder can hold charges of other months (reports of increments, `months = "any"`, an accepted
month_mismatch). The ledger's `billing_months` tells which. A view then gets a part for each number
of months between folder and charge, in which the month follows from `yearmonth` alone: a filter on
it opens no folder of another month, on any engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from focus_lake.declare.model import Declaration
from focus_lake.lake.live import Live

COLUMN = "x_BillingMonth"
FARTHEST = 12  # months between folder and charge; what lies farther off is worked out row by row


class Part(NamedTuple):
    """Some live batches; the SQL of their rows' billing month; the condition on rows, if any."""

    month: str
    live: Live
    where: str = ""


def of_row(declaration: Declaration) -> str:
    """BillingPeriodStart's month in the provider's zone; the folder's where it is null."""
    start = local("BillingPeriodStart", declaration.time.zone)
    return f"COALESCE(DATE_FORMAT({start}, '%Y%m'), yearmonth)"


def of_table(declaration: Declaration) -> str:
    """The same for a normalized table, which holds batches that no view shows, too."""
    return "yearmonth" if declaration.layout.months == "one" else of_row(declaration)


def local(column: str, zone: str) -> str:
    """A UTC timestamp as the clock of the zone shows it."""
    return column if zone == "UTC" else f"WITH_TIMEZONE({column}, 'UTC') AT TIME ZONE '{zone}'"


def own_times(zones: dict[str, str]) -> dict[str, str]:
    """The four period columns by each provider's own calendar and clock; column -> SQL.

    zones: provider -> zone. Billing periods are the whole of x_BillingMonth.
    """
    first = f"DATE_PARSE(CONCAT({COLUMN}, '01'), '%Y%m%d')"
    found = {"BillingPeriodStart": first, "BillingPeriodEnd": f"DATE_ADD('month', 1, {first})"}
    others = {name: zone for name, zone in sorted(zones.items()) if zone != "UTC"}
    for column in ("ChargePeriodStart", "ChargePeriodEnd") if others else ():
        whens = " ".join(
            f"WHEN '{name}' THEN CAST({local(column, zone)} AS timestamp)"
            for name, zone in others.items()
        )
        found[column] = f"CASE x_Provider {whens} ELSE {column} END"
    return found


def parts(declaration: Declaration, live: Live, row: str = "") -> list[Part]:
    """The live batches by how their rows' month is told; one part where folder and month agree.

    row: the SQL of a row's month, if it is not worked out from its billing period.
    """
    by_lag: dict[int | None, list] = {}
    for batch in live.batches:
        for lag in _lags(declaration, batch[0], live.months.get(batch)):
            by_lag.setdefault(lag, []).append(batch)
    if set(by_lag) <= {0}:
        return [Part("yearmonth", live)]
    row = row or of_row(declaration)
    found = []
    for lag, batches in sorted(by_lag.items(), key=lambda item: (item[0] is None, item[0])):
        month = row if lag is None else _before(lag, batches)
        where = "" if lag is None else f"\nAND {row} = {month}"
        found.append(Part(month, live.only(batches), where))
    return found


def _lags(
    declaration: Declaration, yearmonth: str, months: Iterable[str] | None
) -> set[int | None]:
    """How many months before its folder's the rows of a batch are billed; {None}: not told."""
    if not months:
        return {0} if declaration.layout.months == "one" else {None}
    lags: set[int] = {_number(yearmonth) - _number(month) for month in months}
    return {*lags} if max(map(abs, lags)) <= FARTHEST else {None}


def _number(yearmonth: str) -> int:
    return int(yearmonth[:4]) * 12 + int(yearmonth[4:]) - 1


def _before(lag: int, batches: Iterable[tuple]) -> str:
    """The month so many before the folder's, as literals: what every engine folds and prunes by."""
    if not lag:
        return "yearmonth"
    folders = sorted({batch[0] for batch in batches})
    whens = " ".join(f"WHEN '{folder}' THEN '{_text(_number(folder) - lag)}'" for folder in folders)
    return f"CASE yearmonth {whens} END"


def _text(number: int) -> str:
    return f"{number // 12:04d}{number % 12 + 1:02d}"
