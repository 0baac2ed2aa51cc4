"""Columns that had values in the month before and have none now: an alert, seldom a coincidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from focus_lake.lake.ledger import Ledger, Line


@dataclass(frozen=True)
class History:
    """Published batches of the same exports: those of the month before that count for it (the
    newest one of snapshots, all of increments), and of increments those of this month so far."""

    before: tuple[Line, ...] = ()
    so_far: tuple[Line, ...] = ()

    def went_null(self, rows: int, nulls: Counter, expected: Decimal) -> list[str]:
        """Columns without any value now, of which by the share before at least `expected` values
        would have come by now. rows, nulls: those of the new batch."""
        count = rows + sum(line.rows_out for line in self.so_far)
        before = sum(line.rows_out for line in self.before)
        if not rows or not before:
            return []
        return [
            column
            for column, missing in sorted(nulls.items())
            if missing + _nulls(self.so_far, column) == count
            and (before - _nulls(self.before, column)) * count >= expected * before
        ]


def of_batch(ledger: Ledger, yearmonth: str, exports: list[str], delivery: str) -> History:
    """The history that a new batch is compared with."""
    first = datetime.strptime(yearmonth, "%Y%m")
    before = _same(ledger.published(f"{first - timedelta(days=1):%Y%m}"), exports)
    if delivery == "snapshot":
        return History(tuple(before[-1:]))
    return History(tuple(before), tuple(_same(ledger.published(yearmonth), exports)))


def _same(lines: list[Line], exports: list[str]) -> list[Line]:
    return [line for line in lines if set(line.exports) & set(exports)]


def _nulls(lines: tuple[Line, ...], column: str) -> int:
    """Rows without a value; a column that a line does not know was not looked for: all null."""
    return sum(line.delivered_nulls.get(column, line.rows_out) for line in lines)
