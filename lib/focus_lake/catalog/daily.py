"""Daily groups of charges in SQL: for batches that have no summary written beside their rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from focus_lake.catalog import blank, live_views, months
from focus_lake.declare.model import Declaration
from focus_lake.lake.audit import COSTS
from focus_lake.lake.daily import FILLED
from focus_lake.spec import columns, daily


def values(declaration: Declaration, billing_month: str) -> dict[str, str]:
    """The placeholders of a provider's view by day; billing_month: the SQL of it."""
    made = {**_made(declaration), "x_BillingMonth": billing_month}
    keys = [
        f"    {made[column.name]} AS {column.name}"
        if column.is_own
        else f"    {blank.shown(columns.find(column.name))}"
        for column in daily.of_role("key")
    ]
    width = len(daily.table())
    partitions = len(live_views.VIEW_KEYS)
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
        "x_ChargeDay": charge_day(declaration.time.zone),
        "x_ChargeDate": "CAST(ChargePeriodStart AS date)",
        **{
            name: _allocated(declaration.tags.attributes.get(of, ()))
            for name, of in daily.allocated().items()
        },
        "x_Tags": _tags(declaration.tags.summary_keys),
        "x_CategoryFilled": f"COALESCE(x_SourceChanges LIKE '%{FILLED}%', FALSE)",
        "x_CostSigns": f"CONCAT({', '.join(map(_sign, COSTS))})",
    }


def _allocated(keys: Sequence[str]) -> str:
    if not keys:
        return "CAST(NULL AS varchar)"
    paths = (quoted(f'$["{key}"]') for key in keys)
    found = (f"NULLIF(TRY(JSON_EXTRACT_SCALAR(AllocatedTags, {path})), '')" for path in paths)
    return f"CASE WHEN AllocatedTags IS NOT NULL THEN COALESCE({', '.join(found)}, NULL) END"


def _tags(keys: Sequence[str]) -> str:
    if not keys:
        return "CAST(NULL AS map(varchar, varchar))"
    names = [f"CAST({quoted(key)} AS varchar)" for key in keys]
    values = (f"ELEMENT_AT(Tags, {name})" for name in names)
    return f"MAP(ARRAY[{', '.join(names)}], ARRAY[{', '.join(values)}])"


def _sign(cost: str) -> str:
    signs = f"WHEN {cost} > 0 THEN '+' WHEN {cost} = 0 THEN '0' WHEN {cost} < 0 THEN '-'"
    return f"CASE {signs} ELSE '?' END"


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def union(declarations: Sequence[Declaration], database: str) -> str:
    """SELECT the days of every provider, UNION ALL."""
    names = [f"    {column.name}" for column in daily.table()]
    names += [f"    {name}" for name in live_views.VIEW_KEYS]
    listed = ",\n".join(names)
    return "\nUNION ALL\n".join(
        f"SELECT\n{listed}\nFROM {database}.focus_{each.name}_by_day" for each in declarations
    )


def charge_day(zone: str) -> str:
    """The day of a charge in the provider's own zone."""
    return f"CAST({months.local('ChargePeriodStart', zone)} AS date)"
