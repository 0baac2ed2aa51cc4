"""The audit of a provider's live batches: worked out again from the raw files, and compared."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from focus_lake import __version__
from focus_lake.declare.model import Declaration
from focus_lake.errors import VersionConflict
from focus_lake.frames.compare import (
    COSTS,
    Batch,
    Seen,
    columns_that_differ,
    differences,
    seen,
)
from focus_lake.frames.files import files_frame
from focus_lake.frames.published import frame_of
from focus_lake.frames.raw import raw_frame
from focus_lake.frames.sql import text
from focus_lake.frames.typed import typed_frame
from focus_lake.log import utc_now
from focus_lake.storage import Store

AGREES, DIFFERS, UNAUDITABLE = "agrees", "differs", "cannot be audited"
ATTEMPTS = 20  # other audits that may write to the month's file in between


@dataclass
class Finding:
    """The audit of one batch, as its line in ``audits/<provider>/YYYYMM.jsonl`` has it.

    Counts and sums stand twice: by the raw files, read again, and as published. Costs are decimal
    text, times UTC text; published_*: what the ledger says of the run that published the batch.
    """

    audit_id: str
    provider: str
    yearmonth: str
    batch_ts: str
    publication: str | None
    verdict: str
    reasons: list[str] = field(default_factory=list)
    rows_raw: int | None = None
    rows_published: int | None = None
    rejected_raw: int | None = None
    rejected_published: int | None = None
    column_count: int = 0
    columns_that_differ: list[str] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)
    cost_sums: list[dict[str, str | None]] = field(default_factory=list)
    code_version: str = __version__
    published_code_version: str | None = None
    spark_version: str | None = None
    published_spark_version: str | None = None
    declaration: str | None = None  # fingerprint of what the audit read with
    published_recipe: str | None = None
    published_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


@dataclass
class Auditor:
    """Audits one provider. raw: the provider's own raw folder; root: the folder above it."""

    spark: SparkSession
    root: str
    raw: Store
    lake: Store
    declaration: Declaration
    endpoint: str | None = None

    def audit(self, lines: list[dict[str, Any]]) -> Iterator[Finding]:
        """A finding for each of these ledger lines, as published.live_lines gives them."""
        started = utc_now()
        files = files_frame(self.spark, self.raw, self.declaration).persist()
        there = {entry.path: entry for entry in self.raw.list()}
        known = {row.path for row in files.select("path").collect()}
        good = []
        for line in lines:
            finding = self._begun(line, started)
            unread = _unread(line, self.declaration, known)
            finding.reasons = [*_gone(line, there)] or [*unread]
            if finding.reasons:
                finding.verdict, finding.ended_at = UNAUDITABLE, utc_now()
                yield finding
            else:
                good.append((line, finding))
        if good:
            yield from self._compared(good, files)
        files.unpersist()

    def _begun(self, line: dict[str, Any], started: str) -> Finding:
        return Finding(
            audit_id=uuid.uuid4().hex[:12],
            provider=self.declaration.name,
            yearmonth=line["yearmonth"],
            batch_ts=line["batch_ts"],
            publication=line.get("publication"),
            verdict=AGREES,
            column_count=len(self.declaration.columns),
            published_code_version=line.get("code_version"),
            spark_version=self.spark.version,
            published_spark_version=line.get("spark_version"),
            declaration=self.declaration.fingerprint,
            published_recipe=line.get("recipe"),
            published_at=line.get("published_at"),
            started_at=started,
        )

    def _compared(
        self, good: list[tuple[dict[str, Any], Finding]], files: DataFrame
    ) -> Iterator[Finding]:
        lines = [line for line, _ in good]
        sides = {"raw": self._typed(lines, files), "published": self._published(lines)}
        found = seen(sides, self.declaration)
        wrong: dict[Batch, list[str]] = {}
        rows: dict[Batch, int] = {}
        for line, finding in good:
            ours, theirs = (found[side].get(line["key"], Seen()) for side in sides)
            self._count(finding, line, ours, theirs)
            unlike = columns_that_differ(ours, theirs)
            if unlike or ours.rows != theirs.rows:
                wrong[line["key"]], rows[line["key"]] = unlike, max(ours.rows, theirs.rows)
        if wrong:
            self._look_closer(good, files, wrong, rows)
        for _, finding in good:
            if finding.columns_that_differ or finding.reasons:
                finding.verdict = DIFFERS
            finding.ended_at = utc_now()
            yield finding

    def _look_closer(
        self,
        good: list[tuple[dict[str, Any], Finding]],
        files: DataFrame,
        wrong: dict[Batch, list[str]],
        rows: dict[Batch, int],
    ) -> None:
        """Note row by row what differs in the batches that are not the same."""
        lines = [line for line, _ in good if line["key"] in wrong]
        typed, published = self._typed(lines, files), self._published(lines)
        found = differences(typed, published, self.declaration, wrong, rows)
        for line, finding in good:
            here = found.get(line["key"], [])
            finding.differences = [asdict(one) for one in here]
            finding.columns_that_differ = [one.column_name for one in here]
            if not here and line["key"] in wrong:
                finding.columns_that_differ = wrong[line["key"]]

    def _typed(self, lines: list[dict[str, Any]], files: DataFrame) -> DataFrame:
        """The rows of these batches' raw files, typed; superseded exports left out."""
        named = [(file["name"],) for line in lines for file in line["files"]]
        of_batch = self.spark.createDataFrame(named, "path STRING")
        chosen = files.join(of_batch, "path", "left_semi")
        raw = raw_frame(
            self.spark, self.root, self.declaration, s3_endpoint=self.endpoint, files=chosen
        )
        return _without_hidden(typed_frame(raw, self.declaration), lines)

    def _published(self, lines: list[dict[str, Any]]) -> DataFrame:
        return frame_of(self.spark, self.lake, self.declaration, lines)

    def _count(self, finding: Finding, line: dict[str, Any], ours: Seen, theirs: Seen) -> None:
        before = line.get("rows_rejected", 0)
        finding.rows_raw, finding.rows_published = ours.rows, theirs.rows
        finding.rejected_raw, finding.rejected_published = ours.rejected, before
        finding.cost_sums = _sums(ours, theirs)
        if ours.rejected != before:
            finding.reasons.append(
                f"{ours.rejected:,} records cannot be typed, {before:,} were rejected when the "
                "batch was published"
            )
        if theirs.rows != line["rows_out"]:
            finding.reasons.append(
                f"the ledger says {line['rows_out']:,} rows, readers find {theirs.rows:,}"
            )


def _without_hidden(rows: DataFrame, lines: list[dict[str, Any]]) -> DataFrame:
    for line in lines:
        for export in line["hidden"]:
            here = f"yearmonth = {text(line['yearmonth'])} AND batch_ts = {text(line['batch_ts'])}"
            rows = rows.where(f"NOT ({here} AND coalesce(x_Export, '') = {text(export)})")
    return rows


def _gone(line: dict[str, Any], there: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the raw files of a batch, file by file."""
    if not line["files"]:
        yield "the ledger names no raw files: the line was rebuilt from the data"
    for file in line["files"]:
        now = there.get(file["name"])
        if now is None:
            yield f"{file['name']}: the raw file is gone; restore it from a backup"
        elif (now.size, now.etag) != (file["size"], file["etag"]):
            yield (
                f"{file['name']}: the raw file changed since it was published "
                f"({file['size']:,} bytes then, {now.size:,} now)"
            )


def _unread(line: dict[str, Any], declaration: Declaration, known: set[str]) -> Iterator[str]:
    """Raw files of a batch that the declaration does not lead to, such as accepted odd names."""
    manifest = declaration.layout.manifest
    for file in line["files"]:
        if file["name"] not in known and not (manifest and manifest.path.fullmatch(file["name"])):
            yield f"{file['name']}: the declaration no longer leads to this file"


def _sums(ours: Seen, theirs: Seen) -> list[dict[str, str | None]]:
    """The costs by currency on both sides, as decimal text; null where no row has a value."""
    keys = {key for key in [*ours.sums, *theirs.sums]}
    found = []
    for currency in sorted({currency for currency, _ in keys}, key=str):
        sums: dict[str, str | None] = {"BillingCurrency": currency}
        for cost in COSTS:
            for side, one in (("raw", ours), ("published", theirs)):
                value = one.sums.get((currency, cost))
                sums[f"{cost}_{side}"] = None if value is None else format(value, "f")
        found.append(sums)
    return found


def append(lake: Store, findings: Iterable[Finding]) -> None:
    """Add the findings to their months' files, behind all that is there."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        path = f"audits/{finding.provider}/{finding.yearmonth}.jsonl"
        by_file.setdefault(path, []).append(finding)
    for path, news in by_file.items():
        words = "".join(finding.to_json() + "\n" for finding in news).encode()
        _append(lake, path, words)


def _append(lake: Store, path: str, words: bytes) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        data, version = lake.read(path)
        try:
            lake.put_if(path, (data or b"") + words, version)
            return
        except VersionConflict:
            if attempt == ATTEMPTS:
                raise
