"""Columns that had values before and have none now: an alert, seldom a coincidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from focus_lake.lake.ledger import Ledger, Line


@dataclass(frozen=True)
class History:
    """Published batches of the same exports that a new batch is compared with.

    before: those of the month before that count for it (the newest one of snapshots, all of
    increments); so_far: increments of this month, this batch not among them; earlier: what the
    new batch takes the place of, which is its own former publication or the push before it.
    """

    before: tuple[Line, ...] = ()
    so_far: tuple[Line, ...] = ()
    earlier: Line | None = None

    def went_null(self, rows: int, nulls: Counter, expected: Decimal) -> dict[str, Line]:
        """Columns without any value now -> the batch in which they had some.

        Told are those of which by the share then at least `expected` values would have come by
        now. rows, nulls: those of the new batch.
        """
        gone = _gone(rows, nulls, self.before, self.so_far, expected)
        if self.earlier:
            gone |= _gone(rows, nulls, (self.earlier,), (), expected)
        return dict(sorted(gone.items()))


def _gone(
    rows: int, nulls: Counter, before: tuple[Line, ...], so_far: tuple[Line, ...], expected: Decimal
) -> dict[str, Line]:
    count = rows + sum(line.rows_out for line in so_far)
    then = sum(line.rows_out for line in before)
    if not rows or not then:
        return {}
    return {
        column: before[-1]
        for column, missing in nulls.items()
        if missing + _nulls(so_far, column) == count
        and (then - _nulls(before, column)) * count >= expected * then
    }


def of_batch(
    ledger: Ledger, yearmonth: str, batch_ts: str, exports: list[str], delivery: str
) -> History:
    """The history that a new batch is compared with; its own line, of a run before, is not in it
    but as what it takes the place of."""
    first = datetime.strptime(yearmonth, "%Y%m")
    before = _same(ledger.published(f"{first - timedelta(days=1):%Y%m}"), exports)
    here = _same(ledger.published(yearmonth), exports)
    if delivery == "snapshot":
        until = [line for line in here if line.batch_ts <= batch_ts]
        return History(tuple(before[-1:]), earlier=until[-1] if until else None)
    own = [line for line in here if line.batch_ts == batch_ts]
    others = tuple(line for line in here if line.batch_ts != batch_ts)
    return History(tuple(before), others, own[0] if own else None)


def _same(lines: list[Line], exports: list[str]) -> list[Line]:
    return [line for line in lines if set(line.exports) & set(exports)]


def _nulls(lines: tuple[Line, ...], column: str) -> int:
    """Rows without a value; a column that a line does not know was not looked for: all null."""
    return sum(line.delivered_nulls.get(column, line.rows_out) for line in lines)
