"""Tables and views of the kinds of reference data: a table and a view of each kind."""

from __future__ import annotations

from focus_lake.catalog.sources import Field
from focus_lake.reference import checked, kinds
from focus_lake.reference.kinds import Kind
from focus_lake.reference.state import Reference

PLACES = {
    "x_SourceFile": "File of the lake that the row was read from.",
    "x_SourceLine": "Line in the file.",
    "revision": "Mark of the revision that the row belongs to.",
}


def fields(kind: Kind) -> tuple[Field, ...]:
    """The columns of the kind's table."""
    described = {column.name: column.description for column in kind.columns} | PLACES
    return tuple(
        Field(name, hive, described[name]) for name, hive in checked.hive_columns(kind).items()
    )


def values(kind: Kind, reference: Reference) -> dict[str, str]:
    """The placeholders of the kind's table and view."""
    return {
        "kind": kind.name,
        "called": kind.called,
        "one_row": kind.one_row,
        "revision": reference.revision(kind.name),
        "kind_columns": ",\n".join(f"    {field.name}" for field in fields(kind)[:-1]),
    }


def every() -> list[Kind]:
    return list(kinds.table().values())
