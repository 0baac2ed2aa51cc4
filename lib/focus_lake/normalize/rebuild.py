"""Ledger lines for batches that lie in the lake without one: after a ledger was lost.

The Parquet files say nearly everything a line holds. What only the raw files say (rows rejected,
columns that no one knew) is not made up: it stays empty, and reading the month again with
--reprocess gives it back as long as the raw files are there. Of several publications of a batch
the newest is taken; one that a killed run left half moved cannot be told from a whole one, which is
why this is never done unasked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

import pyarrow.parquet as pq

from focus_lake import __version__
from focus_lake.declare.model import Declaration
from focus_lake.errors import LedgerError
from focus_lake.lake import publications
from focus_lake.lake.audit import Audit
from focus_lake.lake.ledger import PUBLISHED, Ledger, Line
from focus_lake.lake.publications import Key
from focus_lake.log import Log, utc_now, utc_text
from focus_lake.raw.batch import Batch
from focus_lake.spark.session import Cluster, Here
from focus_lake.storage.base import Store


def rebuild(
    lake: Store,
    ledger: Ledger,
    declaration: Declaration,
    batches: list[Batch],
    cluster: Cluster | Here,
    log: Log,
) -> list[Line]:
    """Write a line for each batch in the normalized table that the ledger does not know.

    batches: the raw ones; a folder whose raw files are there gets them into its line, so that
    they are not read again. Returns the new lines.
    """
    folders: dict[Key, list[str]] = defaultdict(list)
    paths = [entry.path for entry in lake.list(f"{publications.NORMALIZED}/{declaration.name}")]
    for yearmonth, batch_ts, _ in publications.former(paths):
        if not ledger.of_batch(yearmonth, batch_ts):
            publications.key(Line(declaration.name, yearmonth, batch_ts, PUBLISHED))  # says how
    for path in paths:
        if path.endswith(".parquet") and (key := publications.parse(path)):
            folders[key].append(path)
    unknown = {key: folders[key] for key in _newest(folders) if not ledger.of_batch(*key[:2])}
    raw = {batch.key: batch for batch in batches}
    found = cluster.map(partial(_audit, lake, declaration.time.zone), unknown.values())
    lines = []
    for key, (audit, files, versions) in zip(unknown, found, strict=True):
        line = _line(declaration, key, audit, files, versions, raw.get(key[:2]))
        ledger.write(line)
        log.event("rebuilt", **key._asdict(), rows=line.rows_out)
        lines.append(line)
    return lines


def _newest(keys: Iterable[Key]) -> list[Key]:
    """The newest publication of each batch: their names begin with the time, those of moved lakes
    with a letter."""
    ordered = sorted(keys, key=lambda of: (of.publication[:1].isdigit(), of.publication))
    return sorted({of[:2]: of for of in ordered}.values())


def _audit(lake: Store, zone: str, paths: list[str]) -> tuple[Audit, list[dict], list[str]]:
    """(audit of the files, name, rows and bytes of each, FOCUS versions of their rows)."""
    audit, files, versions = Audit(zone=zone), [], set()
    for path in paths:
        with lake.open(path) as file:
            size = file.seek(0, 2)
            parquet = pq.ParquetFile(file)
            for number in range(parquet.num_row_groups):
                rows = parquet.read_row_group(number, use_threads=False)
                audit.observe(rows)
                versions.update(rows["x_SourceFocusVersion"].unique().to_pylist())
        name = path.rsplit("/", 1)[1]
        files.append({"name": name, "rows": parquet.metadata.num_rows, "bytes": size})
    return audit, files, sorted(filter(None, versions))


def _line(
    declaration: Declaration,
    key: Key,
    audit: Audit,
    files: list[dict],
    versions: list[str],
    batch: Batch | None,
) -> Line:
    exports = sorted(filter(None, audit.exports))
    if not exports:
        raise LedgerError(
            f"yearmonth={key[0]}/batch_ts={key[1]} of {declaration.name}: its rows name no "
            f"x_Export, so it was not written by focus_lake; move it out of the lake"
        )
    now = utc_now()
    return Line(
        provider=declaration.name,
        yearmonth=key[0],
        batch_ts=key[1],
        status=PUBLISHED,
        publication=key.publication,
        exports=exports,
        reasons=[{"code": "rebuilt", "message": "from the lake's files", "file": None}],
        files=batch.signature() if batch else [],
        rows_in=audit.rows,
        rows_out=audit.rows,
        export_rows=dict(sorted(audit.exports.items())),
        cost_sums=audit.cost_sums(),
        charge_period_start_min=utc_text(audit.earliest),
        charge_period_end_max=utc_text(audit.latest),
        charge_days=len(audit.days),
        export_days={export: len(days) for export, days in sorted(audit.days_of.items())},
        billing_months=audit.billing_months(declaration.time.zone, key[0]),
        null_counts=dict(sorted(audit.nulls.items())),
        focus_version=", ".join(versions) or declaration.focus_version,
        code_version=__version__,
        data_files=files,
        started_at=now,
        published_at=now,
    )
