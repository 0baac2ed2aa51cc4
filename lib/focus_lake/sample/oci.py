"""Oracle's sample reports: a file a day with names older than FOCUS 1.0, later ones correct rows.

The files of a month take turns in the three notations of time that are met.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.sample.bill import COSTS, bill_of, declared, of_version, own_columns
from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.options import Month, SampleOptions, account_months, pushes
from focus_lake.sample.tables import TableFile, mapped, with_times

_TIMES = ("%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M:%S")
_EARLY, _LATE = 1, 19  # days (from 0) whose reports correct the month before, and this month
_CORRECTED = 2  # rows, at most


@dataclass(frozen=True)
class _Day:
    """A day of a month, from 0; its charges are in the report of that day."""

    month: Month
    day: int

    @property
    def span(self) -> tuple[int, int]:
        return self.month.rows_until(self.day), self.month.rows_until(self.day + 1)


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample: a report for each day that has charges."""
    accounts = catalogue("oci")["accounts"]
    shares = [account["share"] for account in accounts]
    files: list[Planned] = []
    before = None
    for month in account_months(options, shares, catalogue("oci")["percent"]):
        seen = max((push.rows for push in pushes(month, options)), default=0)
        for day in range(month.days):
            today = _Day(month, day)
            if today.span[0] < today.span[1] <= seen:
                files.append(_report(today, _corrected_on(today, before)))
        before = month
    return files


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith("FOCUS Reports/") and path.endswith("-sample.csv.gz")


def _corrected_on(today: _Day, before: Month | None) -> _Day | None:
    """The day whose charges are corrected by today's report."""
    if today.day == _LATE:
        return _Day(today.month, 2)
    return _Day(before, before.days - 1) if today.day == _EARLY and before else None


def _report(today: _Day, corrected: _Day | None) -> TableFile:
    date = today.month.start + timedelta(days=today.day)
    first, last = today.span
    more = len(_rows_to_correct(corrected)) if corrected else 0
    return TableFile(
        path=f"oci/FOCUS Reports/{date:%Y/%m/%d}/000000{date.toordinal()}-sample.csv.gz",
        rows=last - first + more,
        yearmonth=today.month.name,
        batch_ts=f"{date:%Y%m%d}000000",
        export="oci",
        format="csv.gz",
        table=partial(_table, today, corrected),
    )


def _table(today: _Day, corrected: _Day | None) -> pa.Table:
    bill = _charges(today)
    if corrected:
        bill = pa.concat_tables([bill, _corrections(corrected, today)])
    respelled = catalogue("oci")["respelled"]
    frequency = mapped(bill["ChargeFrequency"], lambda text: respelled.get(text, text), pa.string())
    at = bill.column_names.index("ChargeFrequency")
    bill = bill.set_column(at, "ChargeFrequency", frequency)
    own = own_columns("oci")
    table = of_version(bill, "1.0", without=declared("oci").gaps.always_null, also=own)
    older = {new: old for old, new in declared("oci").renames.items()}
    table = table.rename_columns([older.get(name, name) for name in table.column_names])
    return with_times(table, _TIMES[today.day % len(_TIMES)])


def _charges(day: _Day) -> pa.Table:
    bill = bill_of("oci", day.month).table(*day.span)
    numbers = [f"{day.month.name}{row:010}" for row in range(*day.span)]
    nothing = pa.nulls(bill.num_rows, pa.string())
    bill = bill.append_column("oci_ReferenceNumber", pa.array(numbers, pa.string()))
    return bill.append_column("oci_BackReferenceNumber", nothing)


def _rows_to_correct(day: _Day) -> list[int]:
    """The first charges of the day that cost something, by their places in its report."""
    bill = _charges(day)
    charges = zip(bill["ChargeCategory"].to_pylist(), bill["BilledCost"].to_pylist(), strict=True)
    wrong = [
        row
        for row, (category, cost) in enumerate(charges)
        if category == "Usage" and Decimal(cost) > 0
    ]
    return wrong[:_CORRECTED]


def _corrections(day: _Day, today: _Day) -> pa.Table:
    """Rows that take charges of the day back: the same with the other sign, referring to them."""
    bill = _charges(day).take(pa.array(_rows_to_correct(day), pa.int64()))
    numbers = [f"{text}-{today.day + 1:02}" for text in bill["oci_ReferenceNumber"].to_pylist()]
    changed = {
        "oci_BackReferenceNumber": bill["oci_ReferenceNumber"],
        "oci_ReferenceNumber": pa.array(numbers, pa.string()),
    }
    for name in (*COSTS, "PricingQuantity", "ConsumedQuantity"):
        changed[name] = pc.binary_join_element_wise("-", bill[name], "")
    for name, values in changed.items():
        bill = bill.set_column(bill.column_names.index(name), name, values)
    return bill
