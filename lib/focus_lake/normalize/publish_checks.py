"""May this batch be published? The checks on what was read, each with a reason code."""

from __future__ import annotations

from focus_lake.conformance.findings import Conformance
from focus_lake.declare.model import Declaration
from focus_lake.lake.audit import BILLING_START, PERIOD_START, Audit
from focus_lake.lake.ledger import Ledger, Line
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw.batch import Batch, Reason


def judge(
    batch: Batch,
    audit: Audit,
    rejected: int,
    examples: list[str],
    ledger: Ledger,
    declaration: Declaration,
    options: NormalizeOptions,
) -> list[Reason]:
    """Reasons against publishing, without those that --accept overrules."""
    reasons = []
    if rejected > options.max_rejected_rows:
        plural = "row is" if rejected == 1 else "rows are"
        shown = "; ".join(examples[:3])
        message = f"{rejected:,} {plural} rejected (--max_rejected_rows): {shown}"
        reasons.append(Reason("rejected_rows", message))
    if declaration.layout.months == "one":
        reasons += _months(batch, audit, declaration)
    if declaration.delivery == "snapshot":
        published = [x for x in ledger.published(batch.yearmonth) if x.batch_ts <= batch.batch_ts]
        replaced = [export for x in published if x.key == batch.key for export in x.exports]
        for export in sorted({*batch.exports, *replaced}):
            before = [line for line in published if export in line.exports]
            reasons += _shrinks(export, audit, before) if before else []
    return [reason for reason in reasons if reason.code not in options.accept]


def broken(conformance: Conformance, options: NormalizeOptions) -> list[Reason]:
    """The rules that forbid publishing and are broken, without those that --accept overrules."""
    found = [Reason(rule, message) for rule, message in conformance.blocking()]
    return [reason for reason in found if reason.code not in options.accept]


def _months(batch: Batch, audit: Audit, declaration: Declaration) -> list[Reason]:
    """Rows whose billing month, in the provider's time, is not the folder's."""
    zone = declaration.time.zone
    months = audit.billing_months(zone, batch.yearmonth)
    others = {month: rows for month, rows in months.items() if month != batch.yearmonth}
    if not others:
        return []
    found = ", ".join(f"{rows:,} of {month}" for month, rows in others.items())
    message = (
        f"the folder is {batch.yearmonth}, by {BILLING_START} in {zone} there are rows {found}; if "
        "the times have another zone, declare [time] zone; if a Z at their end is not to be "
        "believed, or is, [time] literal_z; if a folder can hold rows of several months, [layout] "
        'months = "any"; for this once, --accept month_mismatch'
    )
    return [Reason("month_mismatch", message)]


def _shrinks(export: str, audit: Audit, before: list[Line]) -> list[Reason]:
    reasons, rows = [], audit.exports[export]
    published = before[-1].export_rows.get(export, 0)
    if rows * 2 < published:
        message = (
            f"export {export} has {rows:,} rows, less than half of the {published:,} published "
            f"with {before[-1].batch_ts}; if that is right, --accept row_drop for this once"
        )
        reasons.append(Reason("row_drop", message))
    days = audit.days_of.get(export, set())
    # Lines of older versions tell the days of all their exports together only.
    most = max(line.export_days.get(export, line.charge_days) for line in before)
    if len(days) == 1 and most > 1:
        message = (
            f"export {export} has every {PERIOD_START} on {min(days)}, older pushes of the month "
            f"cover up to {most} days: an increment instead of the month to date? If it is the "
            "whole month so far, --accept single_day for this once"
        )
        reasons.append(Reason("single_day", message))
    return reasons
