"""The debug page: is the pipeline right; batches, refusals, gaps of mapping, latency, measures."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal

from focus_lake.report import charts
from focus_lake.report.parts import Column, missing, month, section, table, with_numbers
from focus_lake.report.questions import Answers, Row

HOURS = (1, 6, 12, 24, 48, 72)  # upper ends of the histogram's steps; the last is open


def body(answers: Answers, chosen: str) -> str:
    return "".join(
        (
            _measures(answers),
            _batches(answers),
            _refused(answers),
            _latency(answers),
            _mapping(answers, chosen),
            _trace(answers, chosen),
        )
    )


def _measures(answers: Answers) -> str:
    rows = sorted(
        answers["measures"], key=lambda row: (_place(row["metric"]), str(row["provider"]))
    )
    columns = [
        Column("Measure", "metric"),
        Column("Title", "title"),
        Column("Provider", "provider"),
        Column("Month", "yearmonth"),
        Column("Currency", "BillingCurrency"),
        Column("Value", "value", "number"),
        Column("Unit", "unit"),
        Column("Target", lambda row: _target(row)),
        Column("Met", lambda row: {True: "✓ met", False: "✗ not met"}.get(row["met"])),
        Column("Why not known", "reason"),
    ]
    about = "M1 to M15 and freshness, as of the last refresh (docs/conformance.md)."
    return section("Measures", about, table("Measures", columns, rows, 300))


def _place(metric: str) -> tuple[int, str]:
    digits = metric[1:]
    return (int(digits), "") if metric[0] == "M" and digits.isdigit() else (99, metric)


def _target(row: Row) -> str | None:
    if row["target"] is None:
        return None
    return f"{row['comparison'] or ''} {row['target'].normalize():f}".strip()


def _batches(answers: Answers) -> str:
    rows = sorted(answers["batches"], key=lambda row: str(row["published_at"]), reverse=True)
    if not rows:
        how = "Put raw files into the raw folder and run jobs/normalize_focus.py."
        return section("Last batches", "", missing("Nothing is published.", how))
    columns = [
        Column("Provider", "provider"),
        Column("Month", "yearmonth"),
        Column("Batch", "batch_ts"),
        Column("State", "status"),
        Column("Rows in", "rows_in", "number"),
        Column("Rows out", "rows_out", "number"),
        Column("Refused rows", "rows_rejected", "number"),
        Column("Published, UTC", "published_at"),
    ]
    return section("Last batches", "Newest first.", table("Last batches", columns, rows, 50))


def _refused(answers: Answers) -> str:
    rows = answers["refused"]
    if "refused" in answers.missing:
        return section("Refused", "", missing("Not known.", answers.missing["refused"]))
    if not rows:
        return section("Refused", "", '<p class="good">No batch was refused.</p>')
    counted = Counter(row["code"] for row in rows)
    chart = charts.lying([(code, Decimal(n), str(n)) for code, n in counted.most_common()])
    columns = [
        Column("Provider", "provider"),
        Column("Month", "yearmonth"),
        Column("Batch", "batch_ts"),
        Column("Reason", "code"),
        Column("What it says", "message"),
    ]
    about = "Refused batches by reason; what to do stands in docs/operations.md."
    return section("Refused", about, chart + table("Refused batches", columns, rows, 50))


def _latency(answers: Answers) -> str:
    counted: Counter[str] = Counter()
    labels = [f"up to {step} h" for step in HOURS] + [f"over {HOURS[-1]} h"]
    for row in answers["batches"]:
        if row["status"] == "published" and row["delivered_at"] and row["published_at"]:
            took = _time(row["published_at"]) - _time(row["delivered_at"])
            hours = took.total_seconds() / 3600
            counted[next((labels[i] for i, s in enumerate(HOURS) if hours <= s), labels[-1])] += 1
    rows: list[Row] = [{"step": label, "batches": counted[label]} for label in labels]
    chart = charts.standing([(r["step"], Decimal(r["batches"]), str(r["batches"])) for r in rows])
    numbers = table(
        "Hours from delivery to publication",
        [Column("Hours", "step"), Column("Batches", "batches", "number")],
        rows,
    )
    return section(
        "Ingest latency", "From delivery to publication, in batches.", with_numbers(chart, numbers)
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _mapping(answers: Answers, chosen: str) -> str:
    rows = [
        row
        for row in answers["mapping"]
        if row["x_BillingMonth"] == chosen and (row["charges"] or row["billed"])
    ]
    if not rows:
        shown = '<p class="good">Every service has a category.</p>'
    else:
        columns = [
            Column("Provider", "x_Provider"),
            Column("Service", "ServiceName"),
            Column("Charges", "charges", "number"),
            Column("Billed", "billed", "money", "BillingCurrency"),
        ]
        shown = table("Services without a category", columns, rows, 50)
    return section("Mapping failures", f"Services without a category, {month(chosen)}.", shown)


def _trace(answers: Answers, chosen: str) -> str:
    rows = [row for row in answers["trace"] if row["yearmonth"] == chosen and row["billed"]]
    rows.sort(key=lambda row: (-abs(row["billed"]), row["x_Position"] or 0))
    if not rows:
        how = "Write rules in <lake>/reference/allocation/*.toml (docs/allocation.md)."
        return section("Allocation, step by step", "", missing("No rule was asked.", how))
    columns = [
        Column("Provider", "x_Provider"),
        Column("Service", "ServiceName"),
        Column("Cost center", "x_CostCenter"),
        Column("Rule", "x_AllocationRule"),
        Column("Taken", lambda row: "✓" if row["x_Took"] else "no"),
        Column("Why", "x_Why"),
        Column("Billed", "billed", "money", "BillingCurrency"),
    ]
    about = f"Which rule took which charges of {month(chosen)}, and why the others did not."
    return section(
        "Allocation, step by step", about, table("Steps of the allocation", columns, rows, 60)
    )
