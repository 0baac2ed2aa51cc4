"""The audit job: each provider's live batches audited, noted in the lake, told in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from focus_lake import declare
from focus_lake.errors import ClusterError, FocusLakeError, StorageError
from focus_lake.frames.audit import AGREES, DIFFERS, UNAUDITABLE, Auditor, Finding, append
from focus_lake.frames.compare import ROWS
from focus_lake.frames.options import AuditOptions
from focus_lake.frames.published import live_lines, read_ledger
from focus_lake.log import Log
from focus_lake.records import runs
from focus_lake.spark import glue
from focus_lake.spark.session import cause, sql_session
from focus_lake.storage import Places

SHOWN = 4  # differences of a batch that are told; its line has all


@dataclass
class ProviderAudit:
    """What came of one provider."""

    provider: str
    findings: list[Finding] = field(default_factory=list)
    failure: str | None = None

    @property
    def is_good(self) -> bool:
        return not self.failure and all(one.verdict == AGREES for one in self.findings)


def audit(options: AuditOptions, spark: SparkSession | None = None) -> int:
    """Run the job; exit code 0 where all agree, else 1.

    spark: a session that runs already and goes on running. Raises OptionsError.
    """
    log = Log()
    places = Places.open(options.lake, options.raw, options.declarations, options.s3_endpoint)
    done = [ProviderAudit(name) for name in options.providers]
    with runs.recorded(places.lake, "audit_focus", options, log, only_reads=True) as run:
        with _spark(spark) as session:
            for one in done:
                _tried(one, options, places, session, log)
        print(report(done))
        run.exit_code = 0 if all(one.is_good for one in done) else 1
        run.counts, run.refusals = counts(done), refusals(done)
        return run.exit_code


def _tried(
    one: ProviderAudit, options: AuditOptions, places: Places, spark: SparkSession, log: Log
) -> None:
    """Audit one provider; what goes wrong is its failure and stops no other one."""
    try:
        _provider(one, options, places, spark, log)
    except FocusLakeError as error:
        one.failure = str(error)
    except Exception as error:  # Spark's own, of which there are many kinds
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        one.failure = str(ClusterError(cause(str(error))))


@contextmanager
def _spark(given: SparkSession | None) -> Iterator[SparkSession]:
    if given is not None:
        yield given
    elif glue.is_glue(sys.argv):
        with glue.job(sys.argv) as context:
            yield sql_session(context)
    else:
        session = sql_session()
        try:
            yield session
        finally:
            session.stop()


def _provider(
    one: ProviderAudit, options: AuditOptions, places: Places, spark: SparkSession, log: Log
) -> None:
    declaration = declare.load(one.provider, places.declarations)
    months = options.months()
    lines = live_lines(places.lake, one.provider, declaration.delivery, months)
    if not lines:
        one.failure = _nothing(places, one.provider, months)
        return
    if missing := sorted(set(months) - {line["yearmonth"] for line in lines}):
        one.failure = f"nothing is published of {', '.join(missing)}"
    end = options.s3_endpoint or None
    raw = places.raw_of(one.provider)
    auditor = Auditor(spark, options.raw, raw, places.lake, declaration, end)
    here = log.bind(provider=one.provider)
    here.event("auditing", batches=len(lines))
    for finding in auditor.audit(lines):
        one.findings.append(finding)
        level = "info" if finding.verdict == AGREES else "error"
        here.event("audited", level, batch_ts=finding.batch_ts, verdict=finding.verdict)
    try:
        append(places.lake, one.findings)
    except StorageError as error:
        one.failure = (
            f"its verdicts stand above and are not noted in the lake: {error}; let the audit write "
            "to audits/ and runs/, or keep what it printed"
        )


def _nothing(places: Places, provider: str, months: tuple[str, ...]) -> str:
    lines = read_ledger(places.lake, provider)
    published = sorted({x["yearmonth"] for x in lines if x["status"] == "published"})
    if not lines:
        return f"cannot be audited: the lake has no ledger of it ({places.lake.root})"
    if not published:
        return "cannot be audited: none of its batches is published"
    wanted = f" of {', '.join(months)}" if months else ""
    return f"nothing is published{wanted}, only of {', '.join(published)}"


def counts(done: list[ProviderAudit]) -> dict[str, int]:
    """How many batches have which verdict, for the run history."""
    verdicts = [finding.verdict for one in done for finding in one.findings]
    return {
        "agree": verdicts.count(AGREES),
        "differ": verdicts.count(DIFFERS),
        "cannot_be_audited": verdicts.count(UNAUDITABLE),
    }


def refusals(done: list[ProviderAudit]) -> list[str]:
    """Each batch that does not agree, and each provider that failed, for the run history."""
    found = []
    for one in done:
        for finding in one.findings:
            if finding.verdict != AGREES:
                batch = f"{finding.provider}/{finding.yearmonth}/{finding.batch_ts}"
                why = [*finding.reasons, *finding.columns_that_differ]
                found.append(f"{batch} {finding.verdict}: {', '.join(why)}")
        if one.failure:
            found.append(f"{one.provider}: {one.failure}")
    return found


def report(done: list[ProviderAudit]) -> str:
    """A line a batch, or more where something differs; the last line is the sum of it."""
    lines = []
    for one in done:
        for finding in one.findings:
            lines += _told(finding)
        if one.failure:
            lines.append(f"FAILED             {one.provider}: {one.failure}")
    verdicts = [finding.verdict for one in done for finding in one.findings]
    parts = [
        f"{verdicts.count(one)} {word}" for one, word in ((AGREES, "agree"), (DIFFERS, "differ"))
    ]
    parts = [part + "s" * part.startswith("1 ") for part in parts]
    parts.append(f"{verdicts.count(UNAUDITABLE)} cannot be audited")
    failed = [one.provider for one in done if one.failure]
    end = f"; FAILED: {', '.join(failed)}" if failed else ""
    return "\n".join([*lines, ", ".join(parts) + end + "."])


def _told(finding: Finding) -> list[str]:
    batch = f"{finding.provider}/{finding.yearmonth}/{finding.batch_ts}"
    if finding.verdict == AGREES:
        billed = ", ".join(
            f"{one['BillingCurrency'] or 'no currency'} {_amount(one['BilledCost_published'])}"
            for one in finding.cost_sums
        )
        count = "1 row" if finding.rows_published == 1 else f"{finding.rows_published:,} rows"
        rows = f"{count}, {finding.column_count} columns"
        return [f"agrees             {batch}: {rows}, billed {billed or '0'}"]
    label = finding.verdict.ljust(18) if finding.verdict == UNAUDITABLE else "DIFFERS           "
    told = [f"{label} {batch}: {reason}" for reason in finding.reasons]
    for one in finding.differences[:SHOWN]:
        told.append(f"{label} {batch}: {_difference(one)}")
    if more := len(finding.differences) - SHOWN:
        told += [f"{label} {batch}: and {more} more columns"] if more > 0 else []
    return told or [f"{label} {batch}: {', '.join(finding.columns_that_differ)}"]


def _difference(one: dict[str, Any]) -> str:
    rows = "1 row" if one["row_count"] == 1 else f"{one['row_count']:,} rows"
    example = one["examples"][0]
    line = f" line {example['line']}" if example["line"] else ""
    raw, published = example["raw"], example["published"]
    if one["column_name"] == ROWS:
        return f"{rows} on one side alone; {example['file']}{line}: {raw}, {published}"
    values = f"{_shown(raw)} in the raw file, {_shown(published)} published"
    return f"{one['column_name']} in {rows}; {example['file']}{line}: {values}"


def _shown(value: str | None) -> str:
    return "null" if value is None else repr(value if len(value) <= 60 else value[:57] + "...")


def _amount(words: str | None) -> str:
    if words is None:
        return "null"
    whole, _, cents = f"{Decimal(words):,f}".partition(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"
