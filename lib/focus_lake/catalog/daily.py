"""Days of charges in SQL: from the summaries of live batches, and where a batch has none, from its
line items, grouped alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from focus_lake.catalog import blank, live_views, months
from focus_lake.catalog.sources import Field
from focus_lake.declare.model import Declaration
from focus_lake.lake import publications
from focus_lake.lake.audit import COSTS
from focus_lake.lake.daily import FILLED
from focus_lake.lake.live import Live
from focus_lake.spec import columns, daily

STEM = "focus_{}_by_day"


def fields() -> tuple[Field, ...]:
    """The columns of a provider's table of summaries."""
    return tuple(Field(each.name, each.type, each.description) for each in daily.table())


def days(declaration: Declaration, live: Live, database: str) -> str:
    """SELECT the days of the live batches."""
    if declaration.delivery == "upsert":  # no batch by itself says which of its rows are live
        return _line_items(declaration, months.Part(months.COLUMN, live), database)
    summed, rest = _apart(live)
    selects = [
        _summaries(declaration, part, database)
        for part in months.parts(declaration, summed, months.COLUMN)
        if summed.batches
    ]
    selects += [
        _line_items(declaration, part, database)
        for part in months.parts(declaration, rest)
        if rest.batches or not selects
    ]
    return "\nUNION ALL\n".join(selects)


def reads(live: Live, provider: str) -> dict[str, tuple[str, ...]]:
    """Table -> the folders that a view of the days reads of it, relative to the lake."""
    summed, rest = _apart(live)
    found: dict[str, list[publications.Key | None]] = {
        publications.DAILY: [live.summaries.get(of) for of in summed.batches],
        publications.NORMALIZED: [*rest.batches],
    }
    return {
        f"focus_{provider}_{table}": tuple(
            publications.folder_of(table, provider, of) for of in keys if of is not None
        )
        for table, keys in found.items()
    }


def _apart(live: Live) -> tuple[Live, Live]:
    """The batches that have a summary, and the others."""
    summed = [of for of in live.batches if of in live.summaries]
    return live.only(summed), live.only(of for of in live.batches if of not in live.summaries)


def _summaries(declaration: Declaration, part: months.Part, database: str) -> str:
    names = []
    for column in daily.table():
        if column.name == months.COLUMN and part.month != months.COLUMN:
            names.append(f"    {part.month} AS {column.name}")
        elif column.is_own:
            names.append(f"    {column.name}")
        else:
            names.append(f"    {blank.shown(columns.find(column.name))}")
    names += [f"    {name}" for name in live_views.VIEW_KEYS]
    lying = part.live.moved(part.live.summaries)
    where = live_views.predicate(lying) + part.where
    table = f"{database}.focus_{declaration.name}_daily"
    return "SELECT\n" + ",\n".join(names) + f"\nFROM {table}\nWHERE {where}"


def _line_items(declaration: Declaration, part: months.Part, database: str) -> str:
    made = {**_made(declaration), months.COLUMN: part.month}
    keys = [
        f"    {made[column.name]} AS {column.name}"
        if column.is_own
        else f"    {blank.shown(columns.find(column.name))}"
        for column in daily.of_role("key")
    ]
    sums = [f"    SUM({column.name}) AS {column.name}" for column in daily.of_role("sum")]
    shown = [*keys, *sums, "    COUNT(*) AS x_RowCount"]
    partitions = [f"    {name}" for name in live_views.VIEW_KEYS]
    numbers = range(1, len(keys) + 1), range(len(shown) + 1, len(shown) + len(partitions) + 1)
    where = live_views.predicate(part.live) + part.where
    table = f"{database}.focus_{declaration.name}_normalized"
    if declaration.delivery == "upsert":
        where, table = "1 = 1", f"{database}.focus_{declaration.name}"
    listed = ",\n".join([*shown, *partitions])
    groups = ", ".join(map(str, chain(*numbers)))
    return f"SELECT\n{listed}\nFROM {table}\nWHERE {where}\nGROUP BY {groups}"


def _made(declaration: Declaration) -> dict[str, str]:
    """How the summary's own keys come from the columns of a charge."""
    return {
        "x_ChargeDay": charge_day(declaration.time.zone),
        "x_ChargeDate": "CAST(ChargePeriodStart AS date)",
        **{
            name: _allocated(daily.allocated_keys(declaration.tags.attributes.get(of, ())))
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
