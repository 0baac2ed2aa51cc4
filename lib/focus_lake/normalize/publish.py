"""A batch that was read, to its ledger line: judged, then published or refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from focus_lake import __version__
from focus_lake.conformance import history
from focus_lake.declare.model import Declaration
from focus_lake.errors import FocusLakeError, StorageError
from focus_lake.lake import daily, publications
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line
from focus_lake.log import Log, utc_now, utc_text
from focus_lake.normalize import publish_checks, repeats
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.normalize.read_batch import Read
from focus_lake.raw.batch import Batch, Reason
from focus_lake.spark.session import Cluster, Here
from focus_lake.storage.base import Store
from focus_lake.transform.select import Transform

# What a batch is published with: folder in the run's scratch, table of the lake.
PARTS = {
    "data": publications.NORMALIZED,
    "daily": publications.DAILY,
    "rejected": publications.REJECTED,
}


@dataclass
class Run:
    """What every batch of a provider shares."""

    lake: Store
    ledger: Ledger
    declaration: Declaration
    options: NormalizeOptions
    cluster: Cluster | Here
    recipe: str
    log: Log
    warnings: list[str] = field(default_factory=list)  # of what is published all the same


def settle(run: Run, batch: Batch, read: Read, folder: str) -> Line:
    """Publish or refuse a batch that was read into folder (in scratch); its ledger line.

    Raises FocusLakeError with what kept it from being read.
    """
    _tell(run.log, batch, read)
    if read.failure:
        raise FocusLakeError(read.failure)
    if not read.reasons:
        which = (*batch.key, batch.exports, run.declaration.delivery)
        read.conformance.finish(history.of_batch(run.ledger, *which))
        if gone := read.conformance.went_null():
            run.log.event("columns went null", "warning", columns=gone)
        judged = (read.audit, read.rejected, read.examples, run.ledger)
        read.reasons = publish_checks.judge(batch, *judged, run.declaration, run.options)
        read.reasons += publish_checks.broken(read.conformance, run.options)
    line = _line(run, batch, read, read.started)
    if read.reasons:
        return _refuse(run, line, folder, read)
    for words in repeats.told(run.lake, f"{folder}/data", line, run.ledger, run.declaration):
        run.warnings.append(words)
        run.log.event("rows repeat", "warning", words=words)
    return _publish(run, line, folder, read)


def _tell(log: Log, batch: Batch, read: Read) -> None:
    seconds = round(read.unzip_seconds, 3)
    log.event("unzipped", seconds=seconds, files=len(batch.files), rows=read.rows_in)
    if read.write_seconds:
        seconds = round(read.write_seconds, 3)
        log.event("written", seconds=seconds, rows=read.audit.rows, rejected=read.rejected)


def _line(run: Run, batch: Batch, read: Read, started: str) -> Line:
    headers = {text.header for text, _ in read.texts}
    transforms = [Transform(run.declaration, header) for header in headers if not read.reasons]
    missing = [set(transform.missing) for transform in transforms]
    audit = read.audit
    return Line(
        provider=batch.provider,
        yearmonth=batch.yearmonth,
        batch_ts=batch.batch_ts,
        status=REJECTED if read.reasons else PUBLISHED,
        publication=publications.new_id(),
        exports=batch.exports,
        reasons=[reason.as_dict() for reason in read.reasons],
        files=batch.signature(),
        rows_in=read.rows_in,
        rows_out=audit.rows,
        rows_rejected=read.rejected,
        export_rows=dict(sorted(audit.exports.items())),
        cost_sums=audit.cost_sums(),
        charge_period_start_min=utc_text(audit.earliest),
        charge_period_end_max=utc_text(audit.latest),
        charge_days=len(audit.days),
        export_days={export: len(days) for export, days in sorted(audit.days_of.items())},
        billing_months=audit.billing_months(run.declaration.time.zone, batch.yearmonth),
        missing_columns=sorted(set.intersection(*missing)) if missing else [],
        unknown_columns=sorted({name for each in transforms for name in each.unknown}),
        null_counts=dict(sorted(audit.nulls.items())),
        delivered_nulls=dict(sorted(read.conformance.nulls.items())),
        conformance=read.conformance.as_list(),
        **read.conformance.by_export(),
        tags_unparsed=read.tags_unparsed,
        focus_version=_versions(read, transforms) or run.declaration.focus_version,
        code_version=__version__,
        recipe=run.recipe,
        spark_version=run.cluster.version,
        data_files=read.data_files,
        daily_files=read.daily_files,
        daily_version=daily.version(run.declaration),
        delivered_at=batch.delivered_at(run.declaration.layout.batch_ts_zone),
        started_at=started,
        published_at=utc_now(),
    )


def _versions(read: Read, transforms: list[Transform]) -> str:
    """The FOCUS versions of the batch's files; more than one is a mixed-version folder."""
    named = {origin.focus_version for _, origin in read.texts if origin.focus_version}
    return ", ".join(sorted(named or {transform.focus_version for transform in transforms}))


def _publish(run: Run, line: Line, folder: str, read: Read) -> Line:
    """Decide in the ledger, then move the files to a folder of their own, then make them visible.

    The first write is the one that two runs race for; the loser has touched no table by then. A
    run killed before the second leaves things as they were: what was published stays so, and the
    next run reads the batch again. Should this one live on after all, it fills a folder that
    nobody names, and finds the ledger changed when it writes its last line.
    """
    values = dict(vars(line))
    run.ledger.write(Line(**{**values, "status": PUBLISHING}))
    for part, table in PARTS.items():
        run.lake.move_folder(f"{folder}/{part}", publications.folder(table, line))
    _check_moved(run.lake, line)
    line = Line(**{**values, "published_at": utc_now()})
    run.ledger.write(line)
    run.log.event("published", rows=line.rows_out, rejected=line.rows_rejected)
    return line


def _check_moved(lake: Store, line: Line) -> None:
    """The batch's folders hold the audited files and no other, or the batch is not published."""
    checked = {publications.NORMALIZED: line.data_files, publications.DAILY: line.daily_files}
    for table, files in checked.items():
        folder = publications.folder(table, line)
        lying = {entry.path.rpartition("/")[2]: entry.size for entry in lake.list(folder)}
        if lying != {file["name"]: file["bytes"] for file in files}:
            raise StorageError(
                f"{lake.url(folder)}: holds other files than were written; another run may "
                "be at work there: wait for it to end, and run again"
            )


def _refuse(run: Run, line: Line, folder: str, read: Read) -> Line:
    run.ledger.check_unchanged(line.yearmonth)
    if read.rejected:
        target = publications.folder(publications.REJECTED, line)
        run.lake.move_folder(f"{folder}/rejected", target)
    run.ledger.write(line)
    run.log.event("refused", "error", reasons=[str(reason) for reason in read.reasons])
    return line


def refuse_unread(run: Run, batch: Batch, reasons: list[Reason]) -> Line:
    """The ledger line of a batch that is refused for what its files' names already say."""
    now = utc_now()
    line = Line(
        provider=batch.provider,
        yearmonth=batch.yearmonth,
        batch_ts=batch.batch_ts,
        status=REJECTED,
        exports=batch.exports,
        reasons=[reason.as_dict() for reason in reasons],
        files=batch.signature(),
        focus_version=run.declaration.focus_version,
        code_version=__version__,
        recipe=run.recipe,
        started_at=now,
        published_at=now,
    )
    return _refuse(run, line, "", Read(reasons=reasons))
