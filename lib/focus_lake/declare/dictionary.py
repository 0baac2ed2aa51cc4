"""The column dictionary in Markdown, made from the column table and the packaged providers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from focus_lake import declare
from focus_lake.declare.markdown import names, table
from focus_lake.declare.model import POSITION, Declaration
from focus_lake.spec import columns
from focus_lake.spec.columns import Column

_START = """\
# Column dictionary

Made from `lib/focus_lake/spec/columns.csv` and `lib/focus_lake/declare/providers/`; do not edit it,
make it: `python -m focus_lake.declare columns > docs/columns.md`.

Every table `focus_<provider>_normalized` has the columns below in this order: FOCUS, focus_lake's
own, the provider's own. It is partitioned by `yearmonth` (the month in the path, `202601`: the
billing month, or the month of delivery where a batch can hold several billing months, as
docs/providers.md says of each; `x_BillingMonth` in the views is the charge's own) and `batch_ts`
(when the provider pushed it, `20260131173000`, in the provider's zone), both text. Absent is null
everywhere: no empty text, no 0 stands for it.
"""
_FOCUS = """\
## FOCUS columns

Level and nulls are the specification's; a change is given with the version it came in. For
BillingAccountType, SubAccountType, PricingCurrency and HostProviderName the text of the
specification is more careful about nulls than its tables, which stand here. Meanings are in our
words; the specification at <https://focus.finops.org> decides.
"""
_OURS = """\
## Columns of focus_lake

The same for every provider; made by focus_lake, never read from a file.
"""
_TYPES = """\
## Types

Times are UTC and stored without a zone. An analyst's engine sees these types:
"""


def render() -> str:
    """The whole dictionary."""
    parts = [_START, _TYPES, _types(), _FOCUS, _focus_columns(), _OURS, _our_columns()]
    for name in declare.names():
        parts += _provider(declare.load(name))
    parts += ["## Allowed values\n", *_allowed_values()]
    return "\n".join(parts)


def _types() -> str:
    rows = (
        (stored, *(f"`{columns.spell(engine, stored)}`" for engine in columns.ENGINES))
        for stored in columns.STORED_TYPES
    )
    return table(("Stored as", "Spark", "Hive", "Athena, Trino", "DuckDB"), rows)


def _focus_columns() -> str:
    rows = (
        (
            f"`{column.name}`",
            column.stored,
            _lifetime(column),
            _changes(column.level),
            _changes({version: "yes" if null else "no" for version, null in column.nulls.items()}),
            column.unit,
            column.description,
        )
        for column in columns.focus()
    )
    return table(("Column", "Stored as", "FOCUS", "Level", "Nulls", "Unit", "Meaning"), rows)


def _our_columns() -> str:
    ours = (column for column in columns.table() if column.origin == "focus_lake")
    rows = ((f"`{column.name}`", column.stored, column.description) for column in ours)
    return table(("Column", "Stored as", "Meaning"), rows)


def _provider(provider: Declaration) -> Iterator[str]:
    yield f"## Columns of {provider.title}\n"
    yield f"Only in the tables and the view of `{provider.name}`.\n"
    rows = (
        (
            f"`{name}`",
            f"`{extra.source or 'Tags: ' + str(extra.tag)}`",
            extra.type,
            extra.description,
        )
        for name, extra in provider.extra_columns.items()
    )
    made = [POSITION] if POSITION in provider.columns else []
    ours = ((f"`{one.name}`", "made here", one.stored, one.description) for one in made)
    yield table(("Column", "Header", "Stored as", "Meaning"), [*rows, *ours])
    gaps = provider.gaps
    if gaps.always_null:
        yield f"Null in every row, or missing from its files: {names(gaps.always_null)}.\n"
    if gaps.sometimes_null:
        yield f"Null in some rows that should have a value: {names(gaps.sometimes_null)}.\n"
    if provider.tags.attributes:
        yield (
            "Filled from the first of these tag keys that a resource has, spelled exactly so; "
            "failing that, without regard to case:\n"
        )
        keys = ((f"`{name}`", names(keys)) for name, keys in provider.tags.attributes.items())
        yield table(("Column", "Tag keys"), keys)


def _allowed_values() -> Iterator[str]:
    for column in columns.focus():
        if column.allowed_values:
            yield f"- `{column.name}`: {', '.join(column.allowed_values)}"
    yield ""


def _lifetime(column: Column) -> str:
    having = [version for version in columns.VERSIONS if column.is_in(version)]
    return f"{having[0]} to {having[-1]}" if column.removed else f"{column.introduced} on"


def _changes(by_version: dict[str, str]) -> str:
    """What holds from the first version on, and each later change with its version."""
    spans = [next(span) for _, span in groupby(by_version.items(), key=lambda item: item[1])]
    first, *later = spans
    return "; ".join([first[1], *(f"{value} since {version}" for version, value in later)])
