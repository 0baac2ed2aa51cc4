"""What the normalize job says at the end, and its plan as a table; for people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from focus_lake.lake.ledger import PUBLISHED, Line
from focus_lake.normalize.plan import REFUSED_BEFORE, WAIT
from focus_lake.records import runs

if TYPE_CHECKING:
    from focus_lake.normalize.job import ProviderOutcome

MANY = 12  # batches of a provider that are still listed one by one


def plan_table(outcomes: Sequence[ProviderOutcome]) -> str:
    """The plan of a dry run: a row a batch."""
    head = ("provider", "month", "batch_ts", "exports", "files", "MB", "action", "why")
    rows = [head]
    for outcome in outcomes:
        for step in outcome.plan.steps if outcome.plan else ():
            batch = step.batch
            size = f"{batch.bytes / 1e6:,.1f}"
            exports = " ".join(batch.exports)
            files = str(len(batch.files))
            rows.append((batch.provider, *batch.key, exports, files, size, step.action, step.why))
    widths = [max(len(row[i]) for row in rows) for i in range(len(head) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    return "\n".join([*lines, *_notes(outcomes), "Dry run: nothing was changed."])


def report(outcomes: Sequence[ProviderOutcome]) -> str:
    """What was published, what waits, what was refused and why; the last line is the sum of it."""
    lines = []
    for outcome in outcomes:
        lines += _lines(outcome.lines)
        for step in outcome.plan.of(WAIT, REFUSED_BEFORE) if outcome.plan else ():
            batch = "/".join((step.batch.provider, *step.batch.key))
            if step.action == WAIT:
                lines.append(f"waits      {batch}: {step.why}")
            else:
                reasons = "; ".join(map(str, step.reasons))
                old = "" if step.is_current else " (a newer push is published)"
                lines.append(f"refused    {batch} earlier, unchanged{old}: {reasons}")
    return "\n".join([*lines, *_notes(outcomes), _sum(outcomes)])


def counts(outcomes: Sequence[ProviderOutcome]) -> dict[str, int]:
    """What the run history counts."""
    lines = [line for outcome in outcomes for line in outcome.lines]
    done = [line for line in lines if line.status == PUBLISHED]
    return {
        "published": len(done),
        "refused": len(lines) - len(done),
        "failed": sum(1 for outcome in outcomes if outcome.failure),
        "rows_out": sum(line.rows_out for line in done),
        "rows_rejected": sum(line.rows_rejected for line in lines),
    }


def refusals(outcomes: Sequence[ProviderOutcome]) -> list[str]:
    """What was refused or failed in the run, a text each."""
    told = [
        runs.refused(line.provider, line.key, line.reasons)
        for outcome in outcomes
        for line in outcome.lines
        if line.status != PUBLISHED
    ]
    return told + [f"{one.provider}: {one.failure}" for one in outcomes if one.failure]


def _lines(done: list[Line]) -> list[str]:
    """A line a batch, or a month where a provider published many."""
    published = [line for line in done if line.status == PUBLISHED]
    if len(published) <= MANY:
        return [_line(line) for line in done]
    months: dict[str, list[Line]] = {}
    for line in published:
        months.setdefault(line.yearmonth, []).append(line)
    refused = [_line(line) for line in done if line.status != PUBLISHED]
    return [*map(_month, months.values()), *refused]


def _month(lines: list[Line]) -> str:
    rows = sum(line.rows_out for line in lines)
    first, last = lines[0].batch_ts, lines[-1].batch_ts
    of = f"{lines[0].provider}/{lines[0].yearmonth}"
    return f"published  {of}: {len(lines)} batches, {first} to {last}, {rows:,} rows"


def _line(line: Line) -> str:
    batch = "/".join((line.provider, *line.key))
    if line.status != PUBLISHED:
        reasons = "; ".join(
            f"{r['code']}: {r['file'] + ': ' if r['file'] else ''}{r['message']}"
            for r in line.reasons
        )
        return f"refused    {batch}: {reasons}"
    costs = ", ".join(
        f"{sums['BillingCurrency'] or 'no currency'} {_amount(sums['BilledCost'])}"
        for sums in line.cost_sums
    )
    rejected = f", {line.rows_rejected:,} rejected" if line.rows_rejected else ""
    unknown = f"; unknown columns: {', '.join(line.unknown_columns)}" * bool(line.unknown_columns)
    return f"published  {batch}: {line.rows_out:,} rows{rejected}, billed {costs or '0'}{unknown}"


def _amount(text: str | None) -> str:
    """Decimal text for people: thousands, and no zeros at the end beyond the cents."""
    if text is None:
        return "null"
    whole, _, cents = f"{Decimal(text):,f}".partition(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"


def _notes(outcomes: Sequence[ProviderOutcome]) -> list[str]:
    lines = []
    for outcome in outcomes:
        if outcome.failure:
            lines.append(f"FAILED     {outcome.provider}: {outcome.failure}")
        lines += [f"WARNING    {words}" for words in outcome.warnings]
        if (held := outcome.verified) and not held.problems:
            counted = f"{held.batches:,} batches, {held.files:,} files and {held.rows:,} rows"
            lines.append(f"verified   {outcome.provider}: {counted} are as they were published")
        if not outcome.plan:
            continue
        for stray in outcome.plan.strays:
            lines.append(f"passed over {outcome.provider}/{stray.path}: {stray.why}")
        if not outcome.plan.steps and not outcome.plan.lost:
            others = outcome.plan.others
            what = f" of these months, but {others} of others (--yearmonths)" if others else ""
            lines.append(
                f"nothing to do for {outcome.provider}: its raw folder holds no batch{what}"
            )
    return lines


def _sum(outcomes: Sequence[ProviderOutcome]) -> str:
    lines = [line for outcome in outcomes for line in outcome.lines]
    published = sum(line.status == PUBLISHED for line in lines)
    steps = [step for outcome in outcomes if outcome.plan for step in outcome.plan.steps]
    before = [step for step in steps if step.action == REFUSED_BEFORE and step.is_current]
    refused = [line.provider for line in lines if line.status != PUBLISHED]
    refused += [step.batch.provider for step in before]
    waiting = sum(step.action == WAIT for step in steps)
    unchanged = sum(step.action == "done" for step in steps)
    parts = [f"{published} published", f"{unchanged} unchanged", f"{waiting} waiting"]
    whose = f" ({', '.join(dict.fromkeys(refused))})" if refused else ""
    parts.append(f"{len(refused)} refused{whose}")
    failed = [outcome.provider for outcome in outcomes if outcome.failure]
    end = f"; FAILED: {', '.join(failed)}" if failed else ""
    for outcome in outcomes:
        if lost := outcome.plan.lost if outcome.plan else []:
            end += (
                f"; NOTHING READ of {outcome.provider}, whose {len(lost)} files match no layout: "
                f"python -m focus_lake.declare try {outcome.provider} --raw .. says why"
            )
    return f"{', '.join(parts)}{end}."
