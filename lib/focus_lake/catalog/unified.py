"""What the views over several providers are filled with: unions, columns of versions, tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from focus_lake.catalog import daily, months, upserts
from focus_lake.catalog.live_views import PARTITION_KEYS, VIEW_KEYS, quoted
from focus_lake.catalog.statements import listed
from focus_lake.declare.model import Declaration
from focus_lake.errors import CatalogError
from focus_lake.spec import columns


def values(declarations: Sequence[Declaration], database: str) -> dict[str, str]:
    """Placeholder -> SQL. Raises CatalogError where there is no provider to show."""
    local = months.own_times({each.name: each.time.zone for each in declarations})
    made = {
        "every_provider_view": _union(declarations, "focus_{}", database, ""),
        "every_normalized_table": _union(declarations, "focus_{}_normalized", database, "    "),
        "every_daily_view": daily.union(declarations, database),
        "every_live_view": _live_views(declarations, database),
        "consolidation_columns": listed(_consolidated()),
        **_attributes(declarations),
    }
    for version in columns.VERSIONS:
        name = f"focus_v{version.replace('.', '_')}"
        made[name] = _version_columns(version)
        made[f"{name}_local"] = _version_columns(version, local)
    return made


def _union(declarations: Sequence[Declaration], name: str, database: str, indent: str) -> str:
    """SELECT the columns that all providers share FROM each of their objects, UNION ALL.

    Of the normalized tables also `delivery`, before the others, and the publication, since a
    table has rows of publications that were replaced, too; and behind them x_RowSign, 1, or -1 for
    a row of an upsert that takes back what a newer one replaces.
    """
    if not declarations:
        raise CatalogError("no provider can be shown: every one of them failed")
    keys = PARTITION_KEYS if "normalized" in name else VIEW_KEYS
    names = [column.name for column in columns.table()] + list(keys)
    selects = []
    for declaration in declarations:
        table = name.format(declaration.name)
        shown = [*names, months.COLUMN]
        if "normalized" in name:
            month = f"{months.of_table(declaration)} AS {months.COLUMN}"
            shown = [f"{quoted(declaration.delivery)} AS delivery", *names, month]
            if declaration.delivery == "upsert":
                signed = [*shown, "x_RowSign"]
                selects.append(upserts.changes(declaration, signed, database, indent))
                continue
            shown.append("1 AS x_RowSign")
        text = listed(shown, indent + "    ")
        selects.append(f"{indent}SELECT\n{text}\n{indent}FROM {database}.{table}")
    return f"\n{indent}UNION ALL\n".join(selects)


def _live_views(declarations: Sequence[Declaration], database: str) -> str:
    return "\n    UNION ALL\n".join(
        f"    SELECT\n        CAST({quoted(each.name)} AS varchar) AS provider,\n"
        "        yearmonth,\n        batch_ts,\n        superseded_export\n"
        f"    FROM {database}.focus_{each.name}_live"
        for each in declarations
    )


def _version_columns(version: str, local: dict[str, str] | None = None) -> str:
    """The columns of a FOCUS version; a map becomes JSON text, keys in order.

    local: column -> SQL, where it is not the column itself.
    """
    shown = []
    for column in columns.of_version(version):
        made = (local or {}).get(column.name)
        if column.stored == "map":
            made = f"json_format(CAST({column.name} AS json))"
        shown.append(f"{made} AS {column.name}" if made else column.name)
    return listed(shown)


def _consolidated() -> Iterable[str]:
    """The columns of FOCUS 1.2 as AWS's dashboard has them: lower case, numbers as double."""
    for column in columns.of_version("1.2"):
        name = column.name
        made = f"CAST({name} AS double)" if column.stored == "decimal" else name
        if column.data_type == "json" and column.stored == "string":
            made = f"TRY(CAST(JSON_PARSE({name}) AS map(varchar, varchar)))"
        yield f"{made} AS {name.lower()}"


def _attributes(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The tag attributes that the declarations fill, in the column table's order; all of them,
    with nothing in them, where none is filled."""
    filled = {name for declaration in declarations for name in declaration.tags.attributes}
    filled = filled or {column.name for column in columns.attributes()}
    names = [column.name for column in columns.table() if column.name in filled]
    return {
        "attribute_columns": listed(names, " " * 8),
        "attribute_rows": listed(
            # Without the cast Trino would make the column as wide as the longest of the names.
            (f"(CAST({quoted(name)} AS varchar))" for name in names),
            " " * 12,
        ),
        "attribute_cases": "\n".join(
            f"            WHEN {quoted(name)} THEN costs.{name}" for name in names
        ),
    }
