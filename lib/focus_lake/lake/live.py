"""Which published batches an analyst sees: pure functions over ledger lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from focus_lake.errors import LedgerError
from focus_lake.lake.ledger import PUBLISHED, Line
from focus_lake.lake.publications import Key, daily_key, key

SNAPSHOT, INCREMENT, UPSERT = "snapshot", "increment", "upsert"


@dataclass(frozen=True)
class Live:
    """What is live of one provider, sorted.

    batches: the partition of every publication with live rows.
    hidden: (yearmonth, batch_ts, export) of superseded exports inside those folders; there are
    some only where two exports were pushed in the same second and one was pushed again later.
    months: batch -> billing months of its rows, where the ledger tells them;
    summaries: batch -> partition of its daily summary, where there is one that can be used.
    """

    batches: tuple[Key, ...] = ()
    hidden: tuple[tuple[str, str, str], ...] = ()
    months: dict[Key, tuple[str, ...]] = field(default_factory=dict, compare=False)
    summaries: dict[Key, Key] = field(default_factory=dict, compare=False)

    def only(self, batches: Iterable[Key]) -> Live:
        """The same of some of the batches."""
        kept = tuple(batches)
        folders = {of[:2] for of in kept}
        hidden = tuple(row for row in self.hidden if row[:2] in folders)
        return Live(kept, hidden, self.months, self.summaries)

    def moved(self, to: Mapping[Key, Key]) -> Live:
        """The same batches under other partitions, those of another table."""
        return Live(tuple(sorted(to[of] for of in self.batches)), self.hidden)


def choose(lines: Iterable[Line], delivery: str) -> Live:
    """The live batches: of snapshots the newest by export and month, else all published ones.

    Raises LedgerError for a published line that names no export (its rows could be neither shown
    nor superseded) or no publication (the lake has the former layout).
    """
    published = _published(lines)
    months = {key(line): tuple(line.billing_months) for line in published if line.billing_months}
    if delivery != SNAPSHOT:
        return Live(tuple(sorted(map(key, published))), months=months)
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
    shown = (key(line) for line in published if line.key in live)
    return Live(tuple(sorted(shown)), tuple(sorted(hidden)), months)


def expired(
    lines: Iterable[Line], lying: Iterable[Key], delivery: str, days: int, now: datetime
) -> list[Key]:
    """Publications that nobody needs since more than `days` days before now (UTC).

    Those of batches without a live row, since newer ones of the same exports were published; and
    of `lying`, the folders that are there, those that no line names, since their batch got the
    lines it has. The last published batch of a month is never among them, nor is the folder of a
    batch without any line: it may be all that is left of one whose ledger was lost.
    """
    lines = list(lines)
    limit = now.astimezone(UTC) - timedelta(days=days)
    published = _published(lines)
    live = set(choose(published, delivery).batches)
    old = {
        of
        for line in published
        if key(line) not in live and _superseded_at(line, published) < limit
        for of in (key(line), daily_key(line))
    }
    named = {of(line) for line in lines if line.publication for of in (key, daily_key)}
    changed: dict[tuple[str, str], datetime] = {}
    for line in lines:
        since = _published_at(line)
        changed[line.key] = max(since, changed.get(line.key, since))
    for of in set(lying) - named:
        if of[:2] in changed and changed[of[:2]] < limit:
            old.add(of)
    return sorted(old)


def _superseded_at(line: Line, published: list[Line]) -> datetime:
    """When the last of its exports was published with a newer batch."""
    newer = [
        min(
            _published_at(other)
            for other in published
            if other.yearmonth == line.yearmonth
            and other.batch_ts > line.batch_ts
            and export in other.exports
        )
        for export in line.exports
    ]
    return max(_published_at(line), *newer)


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
