"""Measures of records, plans and alerts: worked out at the refresh, then literals.

They rest on views that a query would have to go through again and again, beyond the 150 stages that
Trino and Athena take; and so all measures tell the state of one refresh.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from focus_lake.records import rows

# Measures of focus_plan_measures, with the kinds of reference data that they rest on: without a row
# of any of them they are not asked for. M6 rests on the log of alerts.
PLANNED = {
    "M6": (),
    "M9": ("anomaly_verdicts",),
    "M10": ("query_times",),
    "M12": ("allocation", "policies"),
    "M13": ("budgets",),
}
# What measures after allocation rest on: without any of them it says no more than the tags.
ALLOCATED = ("allocation", "account_cost_centers")
MARK = "        (/* record measures */)"  # what stands in the view until they are worked out
_TYPES = ["varchar", "varchar", "varchar", "varchar", "decimal(38, 6)", "varchar"]


def queries(database: str, kinds: Container[str], has_alerts: bool) -> list[str]:
    """Athena SQL of the measures, in the order that ``listed`` wants; one query a heavy view.

    kinds: the kinds of reference data that have a row.
    """
    select = f"SELECT metric, provider, yearmonth, BillingCurrency, value, reason FROM {database}."
    found = [f"{select}focus_record_measures ORDER BY 1, 2, 3, 4"]
    for metric, needs in PLANNED.items():
        if any(kind in kinds for kind in needs) or (metric == "M6" and has_alerts):
            found.append(f"{select}focus_plan_measures WHERE metric = '{metric}' ORDER BY 2, 3, 4")
    if any(kind in kinds for kind in ALLOCATED):
        found.append(f"{select}focus_allocation_measures ORDER BY 1, 2, 3, 4")
    return found


def listed(found: Iterable[tuple]) -> str:
    """The rows as VALUES."""
    return rows.listed(
        _TYPES,
        (
            (*keys, None if value is None else rows.Number(f"{value:f}"), reason)
            for *keys, value, reason in found
        ),
    )
