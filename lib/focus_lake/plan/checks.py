"""What columns and keys of the planning kinds cannot say; see focus_lake.reference."""

from __future__ import annotations

import re
from collections.abc import Iterator

from focus_lake import declare
from focus_lake.reference.read import Sheets
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.spec.columns import did_you_mean

PERIOD = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])?")
OF_COST_CENTERS = ("cost_center", "department", "business_unit")  # what cost_centers lists

Fault = tuple[Row, str, str]


def budgets(sheet: Sheet, sheets: Sheets) -> Iterator[Fault]:
    """Periods, scopes that are there, and no two budgets of one scope in one period.

    A month's budget within that of its year is worth a look: both count the same money.
    """
    first: dict[tuple, Row] = {}
    years = {(r["scope"], r["value"], r["period"]): r for r in sheet.rows if len(r["period"]) == 4}
    for row in sheet.rows:
        if not PERIOD.fullmatch(row["period"]):
            message = f"period {row['period']!r} must be a month, such as 202601, or a year: 2026"
            yield row, message, "period"
        yield from _scope(row, sheets)
        other = first.setdefault((row["scope"], row["value"], row["period"]), row)
        if other is not row and other["name"] != row["name"]:
            yield (
                row,
                f"{row['name']} overlaps {other['name']} of {other.where()}: both are the budget "
                f"of {_called(row)} in {row['period']}; keep one of them",
                "scope",
            )
        year = years.get((row["scope"], row["value"], row["period"][:4]))
        if year and year is not row and year["name"] != row["name"]:
            sheet.warnings.append(
                f"{row.where('period')}: {row['name']} lies within {year['name']} of "
                f"{year.where()}: both count the same money of {_called(row)}"
            )


def suppressions(sheet: Sheet, sheets: Sheets) -> Iterator[Fault]:
    """A scope with its value, and days in order."""
    for row in sheet.rows:
        yield from _scope(row, sheets)
        if row["valid_until"] and row["valid_until"] < row["valid_from"]:
            message = f"valid_until {row['valid_until']} is before valid_from {row['valid_from']}"
            yield row, message, "valid_until"


def reductions(sheet: Sheet, sheets: Sheets) -> Iterator[Fault]:
    """A scope with its value."""
    for row in sheet.rows:
        yield from _scope(row, sheets)


def outcomes(sheet: Sheet, sheets: Sheets) -> Iterator[Fault]:
    """An outcome belongs to a department, to an application, or to everything."""
    for row in sheet.rows:
        if row["department"] and row["application"]:
            message = "name a department or an application, not both: use two lines"
            yield row, message, "application"


def _called(row: Row) -> str:
    return f"{row['scope']} {row['value'] or ''}".strip()


def _scope(row: Row, sheets: Sheets) -> Iterator[Fault]:
    scope, value = row["scope"], row["value"]
    if scope == "all":
        if value:
            yield row, f"value {value!r}: scope all has no value; leave it empty", "value"
        return
    if not value:
        yield row, f"value is empty; say which {scope.replace('_', ' ')} is meant", "value"
    elif scope == "provider":
        known = {*declare.names(), *sheets.providers}
        if value not in known:
            hint = did_you_mean(value, known) or f"; there are {', '.join(sorted(known))}"
            yield row, f"no provider is called {value!r}{hint}", "value"
    elif scope in OF_COST_CENTERS:
        listed = {one[scope] for one in sheets["cost_centers"].rows} - {None}
        # Charges may name a cost center that is not listed; departments are in cost_centers alone.
        if value not in listed and (listed or scope != "cost_center"):
            name = scope.replace("_", " ")
            message = f"no line of cost_centers has the {name} {value!r}"
            yield row, message + did_you_mean(value, sorted(listed)), "value"
