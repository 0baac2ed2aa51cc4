"""Closing a month: its statement is frozen as Parquet, and one line says what it rests on.

``statements/lines/yearmonth=M/<statement>.parquet`` is written first; the month is closed by
``statements/closings/YYYY/M.jsonl``, a conditional write that happens once. Nothing is ever changed
or deleted. What changes afterwards is an adjustment in the first open month (sql/10_..lines).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake import __version__
from focus_lake.allocation.money import EXACT
from focus_lake.allocation.rules import month_after
from focus_lake.errors import FocusLakeError, OptionsError, VersionConflict
from focus_lake.lake import ledger
from focus_lake.reference import checked
from focus_lake.storage import Store

Query = Callable[[str], list[tuple]]
_MONEY = pa.decimal128(38, 18)
# The columns of focus_statements after statement and yearmonth, as focus_chargeback_lines has them.
COLUMNS = {
    "x_BelongsTo": pa.string(),
    "x_Line": pa.string(),
    "x_Provider": pa.string(),
    "BillingCurrency": pa.string(),
    "x_Payer": pa.string(),
    "x_Department": pa.string(),
    "x_BusinessUnit": pa.string(),
    "x_Pool": pa.string(),
    "x_AllocationRule": pa.string(),
    "x_AllocationRuleVersion": pa.int64(),
    "BilledCost": _MONEY,
    "EffectiveCost": _MONEY,
    "x_ReportingCurrency": pa.string(),
    "x_BilledCostConverted": _MONEY,
    "x_EffectiveCostConverted": _MONEY,
}
_BILLED, _CURRENCY, _DEPARTMENT = (
    list(COLUMNS).index(name) for name in ("BilledCost", "BillingCurrency", "x_Department")
)
SHOWN = 8  # departments in a message


class ClosingRefused(FocusLakeError):
    """The month is not closed, and nothing was written; says why."""


@dataclass(frozen=True)
class Closing:
    """The line of a closed month; see focus_closings."""

    yearmonth: str
    statement: str
    closed_at: str
    closed_by: str
    line_count: int
    totals: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    batches: list[str] = field(default_factory=list)
    rules_digest: str = ""
    reference_digest: str = ""
    ledger_digest: str = ""
    code_version: str = __version__


def check_month(month: str) -> None:
    """OptionsError unless it is a month that is over."""
    if not re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", month):
        raise OptionsError(f"--yearmonth {month}: must be a month, such as 202601")
    if month >= datetime.now(UTC).strftime("%Y%m"):
        raise OptionsError(f"--yearmonth {month}: the month is not over; close it when it is")


def last_month() -> str:
    """The month before this one, UTC."""
    return month_after(datetime.now(UTC).strftime("%Y%m"), -1)


def close(query: Query, store: Store, database: str, month: str, who: str) -> tuple[Closing, bool]:
    """Close the month; (its line, whether it was closed just now).

    Raises ClosingRefused where it cannot be closed, or was closed and has changed since.
    """
    frozen = closing_of(store, month)
    if frozen:
        _compare(query, store, database, frozen)
        return frozen, False
    _in_turn(query, store, database, month)
    _conserved(query, database, month)
    rows = _lines(query, f"{database}.focus_chargeback_lines", month)
    made = _closing(store, month, rows, who)
    path = f"statements/lines/yearmonth={month}/{made.statement}.parquet"
    if store.read(path)[0] is None:
        store.put_if(path, _parquet(month, made.statement, rows), None)
    line = json.dumps(asdict(made), ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        store.put_if(_path(month), line.encode(), None)
    except VersionConflict:
        raise ClosingRefused(f"{month} was closed by another run meanwhile; look again") from None
    return made, True


def closing_of(store: Store, month: str) -> Closing | None:
    """The line of a month, if it is closed."""
    data, _ = store.read(_path(month))
    return Closing(**json.loads(data)) if data else None


def closed_months(store: Store) -> list[str]:
    """The closed months, sorted."""
    found = (
        re.fullmatch(r".*/([0-9]{6})[.]jsonl", e.path) for e in store.list("statements/closings")
    )
    return sorted(match[1] for match in found if match)


def _path(month: str) -> str:
    return f"statements/closings/{month[:4]}/{month}.jsonl"


def _in_turn(query: Query, store: Store, database: str, month: str) -> None:
    """Months are closed one after the other, so that there is one first open month."""
    closed = closed_months(store)
    there = {
        m for (m,) in query(f"SELECT DISTINCT yearmonth FROM {database}.focus_allocation_check")
    }
    if month not in there:
        raise ClosingRefused(f"{month} has no cost in the lake; nothing to close")
    if not closed:
        return
    if month < closed[-1]:
        raise ClosingRefused(
            f"{month} comes before {closed[-1]}, which is closed; months before the first closed "
            "one stay as they are"
        )
    between = [m for m in sorted(there) if closed[-1] < m < month]
    if between:
        raise ClosingRefused(f"{between[0]} is open and comes before {month}: close it first")


def _conserved(query: Query, database: str, month: str) -> None:
    wrong = [
        f"{provider} {currency}: billed {billed}, effective {effective}"
        for provider, currency, billed, effective in query(
            "SELECT x_Provider, BillingCurrency, x_BilledCostDifference, "
            f"x_EffectiveCostDifference FROM {database}.focus_allocation_check "
            f"WHERE yearmonth = '{month}'"
        )
        if billed or effective
    ]
    if wrong:
        raise ClosingRefused(
            f"{month}: cost and allocated cost differ ({'; '.join(wrong)}); refresh the catalog, "
            "and report it if it stays"
        )


def _lines(query: Query, view: str, month: str) -> list[tuple]:
    """The lines of a month, in an order that depends on nothing else."""
    columns = ", ".join(COLUMNS)
    found = query(f"SELECT {columns} FROM {view} WHERE yearmonth = '{month}'")
    return sorted(found, key=_sortable)


def _sortable(row: tuple) -> list[str]:
    return [_text(value) for value in row]


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.quantize(Decimal('1E-18'), context=EXACT):f}" if value else "0"
    return "" if value is None else str(value)


def _digest(values: Iterable[Any]) -> str:
    text = json.dumps(list(values), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _closing(store: Store, month: str, rows: Sequence[tuple], who: str) -> Closing:
    revisions = checked.current(store, "allocation")
    batches = _batches(store, month)
    totals: dict[str, Decimal] = {}
    for row in rows:
        currency = row[_CURRENCY] or ""
        totals[currency] = EXACT.add(totals.get(currency, Decimal(0)), row[_BILLED] or Decimal(0))
    return Closing(
        yearmonth=month,
        statement=_digest(map(_sortable, rows)),
        closed_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        closed_by=who,
        line_count=len(rows),
        totals={currency: f"{total:f}" for currency, total in sorted(totals.items())},
        revisions=revisions,
        batches=batches,
        rules_digest=revisions["allocation"],
        reference_digest=_digest(sorted(revisions.items())),
        ledger_digest=_digest(batches),
    )


def _batches(store: Store, month: str) -> list[str]:
    """The published ledger lines of a month, each with a mark of its content."""
    found = []
    for entry in store.list("ledger"):
        provider = entry.path.split("/")[1]
        if entry.path != f"ledger/{provider}/{month}.jsonl":
            continue
        text = (store.read(entry.path)[0] or b"").decode("utf-8", "replace")
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                read = ledger.from_json(line, f"{entry.path} line {number}")
                if read.status == ledger.PUBLISHED:
                    mark = hashlib.sha256(line.encode()).hexdigest()[:12]
                    found.append(f"{provider} {read.batch_ts} {read.publication or '-'} {mark}")
    return sorted(found)


def _parquet(month: str, statement: str, rows: Sequence[tuple]) -> bytes:
    columns: dict[str, pa.Array] = {
        "statement": pa.array([statement] * len(rows), pa.string()),
        "yearmonth": pa.array([month] * len(rows), pa.string()),
    }
    for place, (name, type_) in enumerate(COLUMNS.items()):
        columns[name] = pa.array([row[place] for row in rows], type_)
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _compare(query: Query, store: Store, database: str, frozen: Closing) -> None:
    """A second close: nothing if all is as it was, else a refusal that says what changed."""
    month = frozen.yearmonth
    moved = query(
        f"SELECT x_Department, BillingCurrency, SUM(BilledCost) "
        f"FROM {database}.focus_chargeback_lines "
        f"WHERE x_Line = 'adjustment' AND NOT x_IsClosed AND x_BelongsTo = '{month}' "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    if not moved:
        return
    parts = [f"{dept} {currency or ''} {amount:+f}" for dept, currency, amount in moved[:SHOWN]]
    more = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
    raise ClosingRefused(
        f"{month} was closed on {frozen.closed_at[:10]} and stays as it is; since then "
        f"{'; '.join(_causes(store, frozen)) or 'its cost'} changed. It would be different by "
        f"{', '.join(parts)}{more} (billed cost): these are adjustments in "
        f"{month_after(closed_months(store)[-1])}"
    )


def _causes(store: Store, frozen: Closing) -> list[str]:
    now = checked.current(store, "allocation")
    kinds = [
        kind for kind, revision in sorted(now.items()) if frozen.revisions.get(kind) != revision
    ]
    before, after = set(frozen.batches), set(_batches(store, frozen.yearmonth))
    found = [f"reference data ({', '.join(kinds)})"] if kinds else []
    new = [" ".join(text.split()[:2]) for text in sorted(after - before)]
    gone = [" ".join(text.split()[:2]) for text in sorted(before - after)]
    if new:
        found.append(f"batches published ({', '.join(new)})")
    if gone_only := sorted(set(gone) - set(new)):
        found.append(f"batches gone ({', '.join(gone_only)})")
    return found
