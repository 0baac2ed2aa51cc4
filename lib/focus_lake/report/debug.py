"""The debug page: is the pipeline right; batches, refusals, gaps of mapping, latency, measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from focus_lake.report import charts
from focus_lake.report.parts import (
    Column,
    clear,
    folded,
    framed,
    listed,
    missing,
    section,
    table,
    with_numbers,
)
from focus_lake.report.questions import Answers, Row
from focus_lake.report.words import Raw, exactly, month, number

HOURS = (1, 6, 12, 24, 48, 72)  # upper ends of the histogram's steps; the last is open
MONTHS = 4  # so many are shown of a measure


def body(answers: Answers, chosen: str) -> str:
    return "".join(
        (
            _batches(answers),
            _refused(answers),
            _measures(answers),
            _latency(answers),
            _mapping(answers, chosen),
            _trace(answers, chosen),
        )
    )


def _measures(answers: Answers) -> str:
    rows = answers["measures"]
    if not rows:
        how = "Run jobs/refresh_catalog.py, which works them out."
        return section("Measures", "", missing("No measure is kept yet.", how))
    by: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: _place(row["metric"])):
        by.setdefault(row["metric"], []).append(row)
    counted = [
        {
            "metric": metric,
            "title": its[0]["title"],
            "target": next(filter(None, map(_target, its)), None),
            "met": sum(row["met"] is True for row in its),
            "missed": sum(row["met"] is False for row in its),
            "unknown": sum(row["value"] is None for row in its),
            "state": _state(its),
        }
        for metric, its in by.items()
    ]
    columns = [
        Column("Measure", "metric"),
        Column("What", "title"),
        Column("Target", "target", "day"),
        Column("State", "state"),
        Column("Met", "met", "number"),
        Column("Not met", "missed", "number"),
        Column("Not known", "unknown", "number"),
    ]
    about = "M1 to M15 and freshness as of the last refresh, counted over providers and months."
    shown = table("Measures", columns, counted)
    return section(
        "Measures", about, folded(shown, "Every value by month", _trend(rows, answers.months()))
    )


def _state(rows: Sequence[Row]) -> Raw:
    if any(row["met"] is False for row in rows):
        return Raw('<span class="bad whole">✗ not met</span>', "2")
    if any(row["met"] for row in rows):
        return Raw('<span class="good whole">✓ met</span>', "0")
    return Raw('<span class="flat whole">no verdict</span>', "1")


def _trend(rows: Sequence[Row], months: Sequence[str]) -> str:
    """A line a measure, provider and currency; its values of the last months side by side."""
    lines: dict[tuple, Row] = {}
    for row in rows:
        key = (row["metric"], row["provider"], row["BillingCurrency"])
        line = lines.setdefault(key, row | {"values": {}})
        line["values"][row["yearmonth"]] = row
        line["reason"] = line["reason"] or row["reason"]
    columns = [
        Column("Measure", "metric"),
        Column("Provider", "provider"),
        Column("Currency", "BillingCurrency", optional=True),
        Column("Unit", "unit"),
        *(
            Column(month(one) if one else "In all", _of(one), "number", optional=True)
            for one in (None, *months[-MONTHS:])
        ),
        Column("Target", _target, "day"),
        Column("Why not known", "reason", optional=True),
    ]
    ordered = sorted(
        lines.values(), key=lambda r: (_place(r["metric"]), str(r["provider"]), str(r["unit"]))
    )
    return table("Measures by month", columns, ordered, 400)


def _of(one: str | None):  # type: ignore[no-untyped-def]
    def shown(line: Row) -> Raw | None:
        row = line["values"].get(one)
        if row is None or row["value"] is None:
            return None
        kind = {True: "good", False: "bad"}.get(row["met"], "plain")
        sign = {True: " ✓", False: " ✗"}.get(row["met"], "")
        text = number(row["value"])
        return Raw(f'<span class="{kind}">{text}{sign}</span>', exactly(row["value"]))

    return shown


def _place(metric: str) -> tuple[int, str]:
    digits = metric[1:]
    return (int(digits), "") if metric[0] == "M" and digits.isdigit() else (99, metric)


def _target(row: Row) -> str | None:
    if row["target"] is None:
        return None
    return f"{row['comparison'] or ''} {row['target'].normalize():f}".strip()


def _batches(answers: Answers) -> str:
    columns = [
        *OF_BATCH,
        Column("State", "status"),
        Column("Rows in", "rows_in", "number"),
        Column("Rows out", "rows_out", "number"),
        Column("Refused rows", "rows_rejected", "number"),
        Column("Published, UTC", "published_at", "time"),
    ]
    rows = sorted(answers["batches"], key=lambda row: str(row["published_at"]), reverse=True)
    how = "Put raw files into the raw folder and run jobs/normalize_focus.py."
    none = missing("Nothing is published.", how)
    return listed("Last batches", "Newest first.", columns, rows, none, 20)


OF_BATCH = (
    Column("Provider", "provider"),
    Column("Month", "yearmonth", "month"),
    Column("Batch", "batch_ts", "day"),
)


def _refused(answers: Answers) -> str:
    rows = answers["refused"]
    if not rows:
        none = clear(answers.missing.get("refused"), "No batch was refused.")
        return section("Refused", "", none)
    counted = Counter(row["code"] for row in rows)
    numbers = [(code, Decimal(n), f"{n} batches") for code, n in counted.most_common()]
    columns = [*OF_BATCH, Column("Reason", "code"), Column("What it says", "message")]
    about = "Refused batches by reason; what to do stands in docs/operations.md."
    shown = table("Refused batches", columns, rows, 50)
    return section("Refused", about, framed(charts.lying(numbers)) + shown)


def _latency(answers: Answers) -> str:
    counted: Counter[str] = Counter()
    labels = [f"up to {step} h" for step in HOURS] + [f"over {HOURS[-1]} h"]
    for row in answers["batches"]:
        if row["status"] == "published" and row["delivered_at"] and row["published_at"]:
            took = _time(row["published_at"]) - _time(row["delivered_at"])
            hours = took.total_seconds() / 3600
            counted[next((labels[i] for i, s in enumerate(HOURS) if hours <= s), labels[-1])] += 1
    rows: list[Row] = [{"step": label, "batches": counted[label]} for label in labels]
    chart = charts.standing(
        [(r["step"], Decimal(r["batches"]), str(r["batches"])) for r in rows], "batches"
    )
    numbers = table(
        "Hours from delivery to publication",
        [Column("Hours", "step"), Column("Batches", "batches", "number")],
        rows,
    )
    return section(
        "Ingest latency",
        "Hours from delivery to publication, in batches.",
        with_numbers(chart, numbers),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _mapping(answers: Answers, chosen: str) -> str:
    rows = [
        row
        for row in answers["mapping"]
        if row["x_BillingMonth"] == chosen and (row["charges"] or row["billed"])
    ]
    columns = [
        Column("Provider", "x_Provider"),
        Column("Service", "ServiceName"),
        Column("Charges", "charges", "number"),
        Column("Billed", "billed", "money", "BillingCurrency"),
    ]
    about = f"Services without a category, {month(chosen)}."
    none = clear(answers.missing.get("mapping"), "Every service has a category.")
    caption = "Services without a category"
    return listed("Mapping failures", about, columns, rows, none, 50, caption)


def _trace(answers: Answers, chosen: str) -> str:
    rows = [row for row in answers["trace"] if row["yearmonth"] == chosen and row["billed"]]
    rows.sort(key=lambda row: (-abs(row["billed"]), row["x_Position"] or 0))
    columns = [
        Column("Provider", "x_Provider"),
        Column("Service", "ServiceName"),
        Column("Cost center", "x_CostCenter"),
        Column("Rule", "x_AllocationRule"),
        Column("Taken", lambda row: "✓" if row["x_Took"] else "no"),
        Column("Why", "x_Why", optional=True),
        Column("Billed", "billed", "money", "BillingCurrency"),
    ]
    about = f"Which rule took which charges of {month(chosen)}, and why the others did not."
    how = "Write rules in <lake>/reference/allocation/*.toml (docs/allocation.md)."
    none = missing("No rule was asked.", how)
    return listed("Allocation, step by step", about, columns, rows, none, 30)
