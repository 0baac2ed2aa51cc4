"""What the page shows, read from the views of a DuckDB catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.errors import CatalogError
from focus_lake.report.questions import Query


class Gap(NamedTuple):
    """A row of focus_conformance. cost is BilledCost on the affected rows, first_seen is UTC."""

    provider: str
    yearmonth: str
    rule: str
    column_name: str
    currency: str | None
    severity: str
    row_count: int
    share: Decimal | None
    cost: Decimal | None
    is_known: bool
    first_seen: datetime
    is_open: bool
    sentence: str


class Filled(NamedTuple):
    """A row of focus_columns_present; share of the rows that came with a value, 0 to 1."""

    provider: str
    yearmonth: str
    column_name: str
    level: str | None
    share: Decimal | None
    is_known: bool


class Measure(NamedTuple):
    """A row of focus_pipeline_metrics."""

    metric: str
    title: str
    provider: str
    yearmonth: str
    currency: str | None
    value: Decimal | None
    unit: str
    comparison: str | None
    target: Decimal | None
    is_met: bool | None


@dataclass
class Facts:
    """Everything on the page, in the order of the views' keys."""

    gaps: list[Gap] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)

    @property
    def providers(self) -> list[str]:
        return sorted({each.provider for each in self.filled})

    def newest(self, provider: str) -> str:
        """The newest month of a provider that has one."""
        return max(each.yearmonth for each in self.filled if each.provider == provider)

    def open_gaps(self) -> list[list[Gap]]:
        """The gaps of each provider's newest month, one list of currencies for each gap.

        New ones come first, then those with the most rows.
        """
        found: dict[tuple, list[Gap]] = {}
        for gap in self.gaps:
            if gap.yearmonth == self.newest(gap.provider):
                key = (gap.provider, gap.rule, gap.column_name)
                found.setdefault(key, []).append(gap)
        return sorted(found.values(), key=_weight)


def _weight(gap: list[Gap]) -> tuple:
    first = gap[0]
    rows = sum(part.row_count for part in gap)
    return (first.is_known, -rows, first.provider, first.rule, first.column_name)


_QUERIES = {
    "gaps": (
        Gap,
        "SELECT provider, yearmonth, rule, column_name, BillingCurrency, severity, row_count, "
        "share, BilledCost, known_upstream, first_seen, still_open, sentence "
        "FROM {db}.focus_conformance ORDER BY 1, 2, 3, 4, 5",
    ),
    "filled": (
        Filled,
        "SELECT provider, yearmonth, column_name, level, share, known_upstream "
        "FROM {db}.focus_columns_present ORDER BY 1, 2, 3",
    ),
    "measures": (
        Measure,
        "SELECT metric, title, provider, yearmonth, BillingCurrency, value, unit, comparison, "
        "target, met FROM {db}.focus_pipeline_metrics WHERE provider IS NOT NULL "
        "AND yearmonth IS NOT NULL ORDER BY 1, 2, 3, 4, 5",
    ),
}


def ask(query: Query, database: str) -> Facts:
    """The facts by an engine's query; CatalogError if a view is missing."""
    return Facts(
        **{
            name: [kind(*row) for row in query(sql.format(db=database))]
            for name, (kind, sql) in _QUERIES.items()
        }
    )


def read(catalog: Path) -> Facts:
    """The facts of a DuckDB catalog; CatalogError if it lacks the views, being of an older version.

    A catalog file is its database, whatever its name.
    """
    with opened(catalog) as connection:
        return ask(lambda sql: connection.execute(translate(sql, "focus")).fetchall(), "focus")


@contextmanager
def opened(catalog: Path) -> Iterator[Any]:
    """A connection to a DuckDB catalog, to read; CatalogError, with what to run, if it fails."""
    import duckdb

    try:
        with duckdb.connect(str(catalog), read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise CatalogError(
            f"{catalog} cannot be read: run jobs/refresh_catalog.py --engine duckdb again: {error}"
        ) from error
