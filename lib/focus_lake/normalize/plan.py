"""What to do with each batch: read it, wait for it, refuse it, or nothing. Changes nothing."""

from __future__ import annotations

import hashlib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from focus_lake import __version__
from focus_lake.declare.model import Declaration
from focus_lake.errors import BatchRejected
from focus_lake.lake import publications
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw.archives import check_member, open_zip
from focus_lake.raw.batch import Batch, Reason
from focus_lake.raw.find import Stray, find
from focus_lake.raw.junk import why_junk
from focus_lake.storage.base import Store

SMALL = 2 * 1024 * 1024  # raw bytes of a batch that one core reads in a second
READ, WAIT, REFUSE, DONE, REFUSED_BEFORE = "read", "wait", "refuse", "done", "refused before"


@dataclass
class Step:
    """One batch and what to do with it. why: in words; reasons: what a refusal rests on."""

    batch: Batch
    action: str
    why: str
    reasons: list[Reason] = field(default_factory=list)
    is_current: bool = True  # nothing newer of the month and its exports is published


@dataclass
class Plan:
    """The steps of one provider, oldest batch first, and files that belong to none."""

    declaration: Declaration
    steps: list[Step]
    strays: list[Stray]
    others: int = 0  # batches of months that were not asked for

    @property
    def lost(self) -> list[Stray]:
        """Files of a provider if no batch holds any of them, so that all its money is missing."""
        if self.steps or self.others:
            return []
        return [stray for stray in self.strays if not why_junk(stray.path)]

    def of(self, *actions: str) -> list[Step]:
        return [step for step in self.steps if step.action in actions]


def make(raw: Store, ledger: Ledger, declaration: Declaration, options: NormalizeOptions) -> Plan:
    """The plan for one provider. Lists the raw folder once and reads new archives' directories.

    Raises LedgerError for a lake of the former layout.
    """
    for head in ledger.heads():
        if head.status == PUBLISHED:
            publications.key(head)  # a lake of the former layout is moved first
    found, strays = find(raw, declaration)
    wanted = options.yearmonths
    batches = [batch for batch in found if not wanted or batch.yearmonth in wanted]
    now, fingerprint = datetime.now(UTC), recipe(declaration, options)
    steps = [_step(batch, ledger, options, fingerprint, now) for batch in batches]
    _check_archives(raw, [step for step in steps if step.action == READ])
    made = Plan(declaration, steps, strays, len(found) - len(batches))
    mark_current(made, ledger)
    return made


def mark_current(made: Plan, ledger: Ledger) -> None:
    """Say of each step whether anything newer is published, by what the ledger holds now."""
    months = {step.batch.yearmonth for step in made.steps}
    newest = {month: _newest(ledger, month) for month in months}
    for step in made.steps:
        of, batch = newest[step.batch.yearmonth], step.batch
        step.is_current = any(of.get(export, "") <= batch.batch_ts for export in batch.exports)


def recipe(declaration: Declaration, options: NormalizeOptions) -> str:
    """Changes with everything but the raw files that decides whether a batch is refused."""
    parts = [__version__, declaration.fingerprint, ",".join(sorted(options.accept))]
    parts += [str(options.max_rejected_rows), str(options.max_unzip_ratio)]
    parts += [str(options.max_unzip_gb), str(options.stale_hours)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _step(
    batch: Batch, ledger: Ledger, options: NormalizeOptions, fingerprint: str, now: datetime
) -> Step:
    lines, files = ledger.heads_of(*batch.key), batch.signature()
    if not options.reprocess:
        published, rejected = lines.get(PUBLISHED), lines.get(REJECTED)
        if PUBLISHING in lines:
            published = rejected = None  # a run was stopped after its decision: decide again
        if published and published.files == files:
            return Step(batch, DONE, "published before, files unchanged")
        if rejected and rejected.files == files and rejected.line.recipe == fingerprint:
            reasons = [Reason(**reason) for reason in rejected.line.reasons]
            return Step(batch, REFUSED_BEFORE, "files unchanged since it was refused", reasons)
    reasons = [reason for reason in batch.reasons if reason.code not in options.accept]
    if reasons:
        return Step(batch, REFUSE, str(reasons[0]), reasons)
    return wait(batch, options, now) or Step(batch, READ, _news(lines, options))


def _news(lines: dict, options: NormalizeOptions) -> str:
    if options.reprocess and lines:
        return "to be read again (--reprocess)"
    if PUBLISHING in lines:
        return "a run was stopped while it published this"
    if PUBLISHED in lines:
        return "files changed since it was published"
    return "files, settings or options changed since it was refused" if lines else "new"


def wait(batch: Batch, options: NormalizeOptions, now: datetime) -> Step | None:
    """The step of a batch that is not all there yet, or may not be; None: it can be read."""
    age = now - batch.newest
    if batch.waits:
        why = "; ".join(batch.waits)
        if age > timedelta(hours=options.stale_hours):
            why += f"; nothing came for {options.stale_hours:g} hours (--stale_hours)"
            return Step(batch, REFUSE, why, [Reason("incomplete", why)])
        return Step(batch, WAIT, why)
    quiet = timedelta(minutes=options.quiet_minutes)
    if abs(age) < quiet and not batch.is_finished:  # another clock may be a little ahead
        left = int((quiet - age).total_seconds() // 60) + 1
        why = f"its newest file is new: read in {left} min, if no other comes"
        why += " (--quiet_minutes 0: now)"
        return Step(batch, WAIT, why)
    return None


def _check_archives(raw: Store, steps: list[Step]) -> None:
    """Turn steps whose archives cannot be opened into refusals, before anything is unpacked."""
    files = [(step, file) for step in steps for file in step.batch.files]
    zips = [(step, file) for step, file in files if file.name.lower().endswith(".zip")]
    with ThreadPoolExecutor(16) as pool:
        reasons = pool.map(lambda pair: _archive_fault(raw, pair[1].path), zips)
        for (step, _), reason in zip(zips, reasons, strict=True):
            if reason is not None:
                step.action, step.why = REFUSE, str(reason)
                step.reasons.append(reason)


def _archive_fault(raw: Store, path: str) -> Reason | None:
    try:
        with raw.open(path) as file:
            if not file.read(1):
                return Reason("empty_file", "the file is empty", path)
            for member in open_zip(file, path).infolist():
                check_member(member, path)
    except BatchRejected as error:
        return Reason(error.code, error.message, error.file)
    except (zipfile.BadZipFile, OSError) as error:
        return Reason("broken_zip", f"cannot read the archive: {error}", path)
    return None


def _newest(ledger: Ledger, month: str) -> dict[str, str]:
    """The newest published batch of each export of a month."""
    newest: dict[str, str] = {}
    for head in ledger.published_heads(month):
        newest |= {export: head.batch_ts for export in head.exports}
    return newest
