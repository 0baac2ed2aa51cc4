"""One batch from its raw files to its ledger line: unzip, type and write, audit, publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from focus_lake import __version__
from focus_lake.conformance import history
from focus_lake.conformance.findings import Conformance
from focus_lake.declare.model import Declaration
from focus_lake.errors import BatchRejected, StorageError
from focus_lake.lake import daily, publications
from focus_lake.lake.audit import Audit
from focus_lake.lake.ledger import PUBLISHED, PUBLISHING, REJECTED, Ledger, Line
from focus_lake.log import Log, utc_now, utc_text
from focus_lake.normalize import publish_checks, task
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw import clean
from focus_lake.raw.archives import Limits
from focus_lake.raw.find import Batch, Reason, Stray
from focus_lake.raw.texts import Text
from focus_lake.spark.session import Cluster
from focus_lake.storage.base import Store
from focus_lake.transform.select import Origin, Transform

UNZIP_HERE = 4 * 1024 * 1024  # raw bytes that the driver unzips while Spark starts
TEXT_A_FILE = 1024**3  # bytes of text that make about one Parquet file of 128 MB
# What a batch is published with: folder in the run's scratch, table of the lake.
PARTS = {
    "data": publications.NORMALIZED,
    "daily": publications.DAILY,
    "rejected": publications.REJECTED,
}


@dataclass
class Run:
    """What every batch of a provider shares."""

    raw: Store  # the provider's raw folder
    lake: Store
    ledger: Ledger
    declaration: Declaration
    options: NormalizeOptions
    cluster: Cluster
    recipe: str
    log: Log
    strays: list[Stray] = field(default_factory=list)  # members of archives that were passed over


@dataclass
class Read:
    """A batch as it was read: its texts, and what the tasks made of them."""

    texts: list[tuple[Text, Origin]] = field(default_factory=list)
    audit: Audit = field(default_factory=Audit)
    rejected: int = 0
    examples: list[str] = field(default_factory=list)
    tags_unparsed: int = 0
    conformance: Conformance = field(default_factory=Conformance)
    data_files: list[dict] = field(default_factory=list)
    daily_files: list[dict] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    @property
    def rows_in(self) -> int:
        return sum(text.rows + text.malformed for text, _ in self.texts)


def process(run: Run, batch: Batch, folder: str) -> Line:
    """Read the batch into folder (in the lake's scratch), publish or refuse it; its ledger line."""
    started, read = utc_now(), Read()
    with run.log.timed("unzipped") as details:
        _unzip(run, batch, folder, read)
        details |= {"files": len(batch.files), "rows": read.rows_in}
    if not read.reasons:
        with run.log.timed("written") as details:
            _write(run, batch, folder, read)
            details |= {"rows": read.audit.rows, "rejected": read.rejected}
    if not read.reasons:
        which = (*batch.key, batch.exports, run.declaration.delivery)
        read.conformance.finish(history.of_batch(run.ledger, *which))
        if gone := read.conformance.went_null():
            run.log.event("columns went null", "warning", columns=gone)
        judged = (read.audit, read.rejected, read.examples, run.ledger)
        read.reasons = publish_checks.judge(batch, *judged, run.declaration, run.options)
        read.reasons += publish_checks.broken(read.conformance, run.options)
    line = _line(run, batch, read, started)
    return _refuse(run, line, folder, read) if read.reasons else _publish(run, line, folder, read)


def _unzip(run: Run, batch: Batch, folder: str, read: Read) -> None:
    gigabyte = 1024**3
    limits = Limits(run.options.max_unzip_ratio, int(run.options.max_unzip_gb * gigabyte))
    required = {name: run.declaration.heads_of(name) for name in run.declaration.format.required}
    how = (required, limits, run.declaration.format.encoding)
    one = partial(_unzip_one, run.raw, run.lake, f"{folder}/text", how)
    items = [(number, file.path) for number, file in enumerate(batch.files)]
    done = map(one, items) if batch.bytes <= UNZIP_HERE else run.cluster.map(one, items)
    versions = [about.version for about in batch.manifests]
    version = versions[0] if len(set(versions)) == 1 else None
    for file, unzipped in zip(batch.files, done, strict=True):
        run.strays += [Stray(*junk) for junk in unzipped.junk]
        if unzipped.error:
            read.reasons.append(Reason(**unzipped.error))
        read.texts += [(text, Origin(text.source, file.export, version)) for text in unzipped.texts]


def _unzip_one(raw: Store, lake: Store, folder: str, how: tuple, item):
    number, path = item
    return clean.unzip(raw, path, lake, f"{folder}/{number:05d}", *how)


def _write(run: Run, batch: Batch, folder: str, read: Read) -> None:
    try:
        for header in {text.header for text, _ in read.texts}:
            Transform(run.declaration, header)
    except BatchRejected as error:
        read.reasons.append(Reason(error.code, error.message, error.file))
        return
    shares = _shares(read.texts, run.cluster.cores)
    works = [
        task.Work(number, run.raw, run.lake, run.declaration, batch.yearmonth, folder, texts)
        for number, texts in enumerate(shares)
    ]
    done = run.cluster.map(task.run, works)
    for part in done:
        read.audit.merge(part.audit)
        read.rejected += part.rejected
        read.examples += part.examples
        read.tags_unparsed += part.tags_unparsed
        read.conformance.merge(part.conformance)
        read.data_files += part.files
        read.daily_files += part.daily_files
        if part.error:
            read.reasons.append(Reason(**part.error))
        read.reasons += [Reason("audit_failed", words) for words in part.differences]
    named = batch.rows_named()
    if named is not None and named != read.rows_in:
        message = f"the manifest says {named:,} rows, the files hold {read.rows_in:,}"
        read.reasons.append(Reason("manifest_rows", message))
    if not read.reasons and read.rows_in != read.audit.rows + read.rejected:
        message = (
            f"{read.rows_in:,} rows in the text, {read.audit.rows:,} written and "
            f"{read.rejected:,} rejected; report this as a bug, with the file"
        )
        read.reasons.append(Reason("audit_failed", message))


def _shares(texts: list[tuple[Text, Origin]], cores: int) -> list[list]:
    """The pieces of all texts in even shares: one a core, more where files would grow too large."""
    pieces = [(piece, text, origin) for text, origin in texts for piece in text.pieces]
    total = sum(piece.bytes for piece, _, _ in pieces)
    count = min(len(pieces), max(cores, -(-total // TEXT_A_FILE)))
    shares: list[list] = [[] for _ in range(count)]
    passed = 0
    for piece, text, origin in pieces:
        share = shares[min(passed * count // max(total, 1), count - 1)]
        if share and share[-1][0] is text:
            share[-1][2].append(piece)
        else:
            share.append((text, origin, [piece]))
        passed += piece.bytes
    return [share for share in shares if share]


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
