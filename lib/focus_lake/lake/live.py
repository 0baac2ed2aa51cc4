"""Which published batches an analyst sees: pure functions over ledger lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from focus_lake.errors import LedgerError
from focus_lake.lake.ledger import PUBLISHED, Line

SNAPSHOT, INCREMENT = "snapshot", "increment"


@dataclass(frozen=True)
class Live:
    """What is live of one provider, sorted.

    batches: (yearmonth, batch_ts) of every folder with live rows.
    hidden: (yearmonth, batch_ts, export) of superseded exports inside those folders; there are
    some only where two exports were pushed in the same second and one was pushed again later.
    months: batch -> billing months of its rows, where the ledger tells them.
    """

    batches: tuple[tuple[str, str], ...] = ()
    hidden: tuple[tuple[str, str, str], ...] = ()
    months: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict, compare=False)

    def only(self, batches: Iterable[tuple[str, str]]) -> Live:
        """The same of some of the batches."""
        kept = tuple(batches)
        hidden = tuple(row for row in self.hidden if row[:-1] in set(kept))
        return Live(kept, hidden, self.months)


def choose(lines: Iterable[Line], delivery: str) -> Live:
    """The live batches: all published ones of increments, else the newest by export and month.

    Raises LedgerError for a published line that names no export: its rows could be neither
    shown nor superseded.
    """
    published = _published(lines)
    months = {line.key: tuple(line.billing_months) for line in published if line.billing_months}
    if delivery == INCREMENT:
        return Live(tuple(sorted(line.key for line in published)), months=months)
    newest: dict[tuple[str, str], str] = {}
    for line in published:
        for export in line.exports:
            of = (export, line.yearmonth)
            newest[of] = max(line.batch_ts, newest.get(of, ""))
    live = {(month, batch_ts) for (_, month), batch_ts in newest.items()}
    hidden = [
        (*line.key, export)
        for line in published
        for export in line.exports
        if line.key in live and newest[export, line.yearmonth] != line.batch_ts
    ]
    return Live(tuple(sorted(live)), tuple(sorted(hidden)), months)


def superseded(
    lines: Iterable[Line], delivery: str, days: int, now: datetime
) -> list[tuple[str, str]]:
    """Published batches without a live row, published more than `days` days before now (UTC).

    The last published batch of a month is never among them: it is live for its exports.
    """
    published = _published(lines)
    live = set(choose(published, delivery).batches)
    limit = now.astimezone(UTC) - timedelta(days=days)
    return sorted(
        line.key for line in published if line.key not in live and _published_at(line) < limit
    )


def _published(lines: Iterable[Line]) -> list[Line]:
    published = [line for line in lines if line.status == PUBLISHED]
    for line in published:
        if not line.exports:
            raise LedgerError(
                f"ledger/{line.provider}/{line.yearmonth}.jsonl: the published batch "
                f"{line.batch_ts} names no export; run normalize_focus.py with "
                f"--yearmonths {line.yearmonth} --reprocess true"
            )
    return published


def _published_at(line: Line) -> datetime:
    try:
        return datetime.fromisoformat(line.published_at or "")
    except ValueError:
        raise LedgerError(
            f"ledger/{line.provider}/{line.yearmonth}.jsonl: published_at of batch "
            f"{line.batch_ts} is {line.published_at!r}, not a UTC time; reprocess that month"
        ) from None
