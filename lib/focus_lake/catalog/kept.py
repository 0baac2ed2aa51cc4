"""Kept views: rows that a refresh works out once, instead of every query. kept.toml lists them.

``focus_NAME`` shows rows of the table ``focus_kept_NAME`` by literals that prune, as views of live
batches do: ``<lake>/kept/NAME/yearmonth=YYYYMM/revision=<mark>/part.parquet``, or without the month
where a view is kept whole. A revision is a mark of all that its rows follow from, and its file is
written once and never changed. What is not kept (yet), the view works out when it is asked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from focus_lake import resources
from focus_lake.catalog import sources
from focus_lake.catalog.live_views import quoted
from focus_lake.lake.publications import partition

if TYPE_CHECKING:
    from focus_lake.catalog.render import Statement

FOLDER, FILE = "kept", "part.parquet"
WHOLE = ""  # the month of what is kept whole
_ATHENA = {
    "string": "varchar",
    "decimal(38,18)": "decimal(38, 18)",
    "decimal(38,6)": "decimal(38, 6)",
}


class MonthKey(NamedTuple):
    """The partition of a month's rows; the order is that of the partition columns."""

    yearmonth: str
    revision: str


class WholeKey(NamedTuple):
    """The partition of a view that is kept whole."""

    revision: str


@dataclass(frozen=True)
class Kept:
    """A view that is kept.

    by: "month", "whole", or "refresh": whole, and worked out by every refresh where it asks for
    the time. conserves: a view whose costs by month, provider and currency must come out again in
    each value of the column `within`, else the rows are not shown. settled: tables whose rows that
    count never change.
    """

    name: str
    computed_by: str
    by: str = "whole"
    conserves: str = ""
    within: str = ""
    settled: tuple[str, ...] = ()

    @property
    def view(self) -> str:
        return f"focus_{self.name}"

    @property
    def table(self) -> str:
        return f"focus_kept_{self.name}"

    @property
    def folder(self) -> str:
        return f"{FOLDER}/{self.name}"

    @property
    def by_month(self) -> bool:
        return self.by == "month"

    @property
    def key_type(self) -> type[MonthKey] | type[WholeKey]:
        return MonthKey if self.by_month else WholeKey

    def key(self, month: str, revision: str) -> MonthKey | WholeKey:
        return MonthKey(month, revision) if self.by_month else WholeKey(revision)

    def fields(self) -> tuple[sources.Field, ...]:
        """The columns of the table, without those of the partition."""
        return sources.fields(self.table)

    def keys(self) -> tuple[sources.Field, ...]:
        return sources.fields("kept_month" if self.by_month else "kept_whole")

    def columns(self) -> dict[str, str]:
        """Column of the view -> Hive type."""
        month = {"yearmonth": "string"} if self.by_month else {}
        return month | {field.name: field.type for field in self.fields()}


@cache
def every() -> tuple[Kept, ...]:
    """What is kept, in the order in which it is worked out."""
    text = resources.data("catalog", "kept.toml").read_text(encoding="utf-8")
    every = tomllib.loads(text)["kept"]
    return tuple(Kept(**{**one, "settled": tuple(one.get("settled", ()))}) for one in every)


def of_view(name: str) -> Kept | None:
    """What is kept of a view, if it is."""
    return next((one for one in every() if one.view == name), None)


def placeholders(database: str) -> dict[str, str]:
    """The bodies of kept views before anything is kept: they work everything out."""
    return {f"kept_{one.name}": computed(one, database) for one in every()}


def computed(one: Kept, database: str, months: Iterable[str] | None = None) -> str:
    """SELECT the rows from the view that computes them; months: only of these."""
    shown = ",\n".join(f"    {_cast(name, type_)}" for name, type_ in one.columns().items())
    where = "" if months is None else f"\nWHERE yearmonth IN ({', '.join(map(quoted, months))})"
    return f"SELECT\n{shown}\nFROM {database}.{one.computed_by}{where}"


def _cast(name: str, type_: str) -> str:
    """In the table's type, so that the views above see no difference; the month stays as it is,
    since its filter prunes."""
    if name == "yearmonth":
        return name
    return f"CAST({name} AS {_ATHENA.get(type_, type_)}) AS {name}"


def view(
    made: Statement, one: Kept, database: str, there: dict[str, str], missing: list[str]
) -> Statement:
    """The kept view: what is there by month and revision, and what is missing worked out.

    made: the view as it is without anything kept.
    """
    if not there and (missing or not one.by_month):
        return made
    names = ",\n".join(f"    {name}" for name in one.columns())
    keys = [one.key(month, revision) for month, revision in sorted(there.items())]
    listed = ",\n".join(f"    ({', '.join(map(quoted, key))})" for key in keys)
    columns = ", ".join(one.key_type._fields)
    which = f"({columns})" if one.by_month else columns
    where = f"{which} IN (\n{listed}\n)" if keys else "1 = 0"
    body = f"SELECT\n{names}\nFROM {database}.{one.table}\nWHERE {where}"
    if missing:
        body += f"\nUNION ALL\n{computed(one, database, missing)}"
    head = made.sql[: made.sql.index("SELECT")]
    folders = tuple(f"{one.folder}/{partition(key)}" for key in keys)
    return replace(made, sql=f"{head}{body}\n", reads={one.table: folders})
