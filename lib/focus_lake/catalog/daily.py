"""Daily groups of charges in SQL: for batches that have no summary written beside their rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from focus_lake.catalog import sources
from focus_lake.declare.model import Declaration
from focus_lake.spec import daily


def values(declaration: Declaration) -> dict[str, str]:
    """The placeholders of a provider's view by day."""
    made = _made(declaration)
    keys = [
        f"    {made[column.name]} AS {column.name}" if column.is_own else f"    {column.name}"
        for column in daily.of_role("key")
    ]
    width = len(daily.table())
    partitions = len(sources.fields("partition"))
    groups = range(1, len(keys) + 1), range(width + 1, width + partitions + 1)
    return {
        "daily_keys": ",\n".join(keys),
        "daily_sums": ",\n".join(
            f"    SUM({column.name}) AS {column.name}" for column in daily.of_role("sum")
        ),
        "daily_groups": ", ".join(map(str, chain(*groups))),
    }


def _made(declaration: Declaration) -> dict[str, str]:
    """How the summary's own keys come from the columns of a charge."""
    return {
        "x_BillingMonth": "yearmonth",
        "x_ChargeDay": charge_day(declaration.time.zone),
        "x_ChargeDate": "CAST(ChargePeriodStart AS date)",
        "x_AllocatedOwner": "CAST(NULL AS varchar)",
        "x_Tags": "CAST(NULL AS map(varchar, varchar))",
    }


def union(declarations: Sequence[Declaration], database: str) -> str:
    """SELECT the days of every provider, UNION ALL."""
    names = [f"    {column.name}" for column in daily.table()]
    names += [f"    {field.name}" for field in sources.fields("partition")]
    listed = ",\n".join(names)
    return "\nUNION ALL\n".join(
        f"SELECT\n{listed}\nFROM {database}.focus_{each.name}_by_day" for each in declarations
    )


def charge_day(zone: str) -> str:
    """The day of a charge in the provider's own zone; stored times are UTC without a zone."""
    if zone == "UTC":
        return "CAST(ChargePeriodStart AS date)"
    return f"CAST(with_timezone(ChargePeriodStart, 'UTC') AT TIME ZONE '{zone}' AS date)"
