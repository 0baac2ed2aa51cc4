"""Measures of invoices, deliveries, retention and runs: worked out at the refresh, then literals.

They rest on views that a query would have to go through again and again, beyond the 150 stages that
Trino and Athena take; and so all measures tell the state of one refresh.
"""

from __future__ import annotations

from collections.abc import Iterable

from focus_lake.records import rows

MARK = "        (/* record measures */)"  # what stands in the view until they are worked out
_TYPES = ["varchar", "varchar", "varchar", "varchar", "decimal(38, 6)", "varchar"]


def query(database: str) -> str:
    """Athena SQL of the measures, in the order that ``listed`` wants."""
    return (
        "SELECT metric, provider, yearmonth, BillingCurrency, value, reason "
        f"FROM {database}.focus_record_measures ORDER BY 1, 2, 3, 4"
    )


def listed(found: Iterable[tuple]) -> str:
    """The rows as VALUES."""
    return rows.listed(
        _TYPES,
        (
            (*keys, None if value is None else rows.Number(f"{value:f}"), reason)
            for *keys, value, reason in found
        ),
    )
