"""Rows that come again with newer values, in SQL: which of them is live, and what each changed.

A row takes the place of earlier ones of its export and month that agree in the declared key. The
newest is that of the latest batch, and in one batch the last by file and row. The month is part of
what rows are told apart by, so a filter on it is a filter on partitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from focus_lake.catalog import live_views, months
from focus_lake.declare.model import POSITION, Declaration
from focus_lake.errors import CatalogError
from focus_lake.lake.audit import COSTS

NEWEST = "x_Newest"
_ORDER = ("batch_ts", "x_SourceFile", POSITION.name)


def _told_apart(declaration: Declaration) -> str:
    month = "yearmonth" if declaration.layout.months == "one" else months.COLUMN
    return ", ".join([month, "x_Export", *declaration.key])


def newest(view: str, declaration: Declaration) -> str:
    """A provider's view of every live row, as one of the newest rows."""
    head = re.match(r"(?s).*?\bVIEW\s+\S+\s+AS\b", view)
    if head is None:
        raise CatalogError("the statement must be CREATE OR REPLACE VIEW name AS")
    names = [column.name for column in declaration.columns]
    listed = ",\n".join(f"    {name}" for name in [*names, *live_views.VIEW_KEYS, months.COLUMN])
    order = ", ".join(f"{name} DESC" for name in _ORDER)
    rows = view[head.end() :].strip()
    return f"""{head[0]}
SELECT
{listed}
FROM (
    SELECT
        every_row.*,
        ROW_NUMBER() OVER (
            PARTITION BY {_told_apart(declaration)}
            ORDER BY {order}
        ) AS {NEWEST}
    FROM (
{rows}
    ) AS every_row
) AS ranked
WHERE {NEWEST} = 1
"""


def changes(declaration: Declaration, shown: Iterable[str], database: str, indent: str) -> str:
    """SELECT what each batch changed: its rows, and with the sign turned those that they replace.

    shown: what is selected, of the normalized table's columns and x_RowSign.
    """
    table = f"{database}.focus_{declaration.name}_normalized"
    names = [column.name for column in declaration.columns]
    keys = live_views.PARTITION_KEYS
    month = f"{months.of_table(declaration)} AS {months.COLUMN}"
    order = ", ".join(_ORDER)
    later = [f"LEAD({name}) OVER later AS next_{name}" for name in keys]
    plain = ", ".join([*names, *keys, "1 AS x_RowSign"])
    back = ", ".join(
        [
            *(f"-{name} AS {name}" if name in COSTS else name for name in names),
            *(f"next_{name} AS {name}" for name in keys),
            "-1 AS x_RowSign",
        ]
    )
    listed = ",\n".join(f"{indent}    {name}" for name in shown)
    return f"""{indent}SELECT
{listed}
{indent}FROM (
{indent}    WITH published AS (
{indent}        SELECT rows_of.*, {month}
{indent}        FROM {table} AS rows_of
{indent}        INNER JOIN (
{indent}            SELECT yearmonth AS told_month, batch_ts AS told_ts, publication AS told_id
{indent}            FROM {database}.focus_batches
{indent}            WHERE provider = '{declaration.name}' AND status = 'published'
{indent}        ) AS told
{indent}            ON rows_of.yearmonth = told.told_month
{indent}            AND rows_of.batch_ts = told.told_ts
{indent}            AND rows_of.publication = told.told_id
{indent}    ),
{indent}    followed AS (
{indent}        SELECT *, {", ".join(later)}
{indent}        FROM published
{indent}        WINDOW later AS (PARTITION BY {_told_apart(declaration)} ORDER BY {order})
{indent}    )
{indent}    SELECT {plain} FROM followed
{indent}    UNION ALL
{indent}    SELECT {back} FROM followed WHERE next_batch_ts IS NOT NULL
{indent}) AS changed"""
