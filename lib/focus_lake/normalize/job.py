"""The normalize job: for each provider plan, read, publish; then say what happened."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from focus_lake import declare, storage
from focus_lake.errors import FocusLakeError, LedgerConflict, OptionsError, StorageError
from focus_lake.lake import scratch
from focus_lake.lake.ledger import PUBLISHED, Ledger, Line
from focus_lake.log import Log
from focus_lake.normalize import plan, summary
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.normalize.plan import READ, REFUSE, REFUSED_BEFORE, Plan
from focus_lake.normalize.publish import Run, process, refuse_unread
from focus_lake.normalize.rebuild import rebuild
from focus_lake.spark import glue
from focus_lake.spark.session import Cluster


@dataclass
class Outcome:
    """What became of one provider."""

    provider: str
    plan: Plan | None = None
    ledger: Ledger | None = None  # as the plan saw it: what changes meanwhile is a conflict
    lines: list[Line] = field(default_factory=list)
    failure: str | None = None

    def fail(self, why: str, log: Log) -> None:
        """Note an error of the provider as a whole, or of one of its batches."""
        self.failure = f"{self.failure}; {why}" if self.failure else why
        log.event("failed", "error", provider=self.provider, reason=why)

    @property
    def is_good(self) -> bool:
        """Whether everything asked for is done; a refused batch that is superseded is history."""
        refused = [line for line in self.lines if line.status != PUBLISHED]
        before = self.plan.of(REFUSED_BEFORE) if self.plan else []
        return not (self.failure or refused or any(step.is_current for step in before))


def normalize(options: NormalizeOptions, cluster: Cluster | None = None) -> int:
    """Run the job; exit code 0, or 1 if a batch was refused or a provider failed.

    cluster: one that runs already and goes on running; None starts Spark where it is needed.
    """
    log = Log()
    lake = storage.at(options.lake, options.s3_endpoint or None)
    _check_places(options, lake)
    outcomes = [_planned(name, lake, options, log) for name in options.providers]
    if options.dry_run:
        print(summary.plan_table(outcomes))
        return 0 if all(not outcome.failure for outcome in outcomes) else 1
    with ExitStack() as stack:
        if cluster is None and glue.is_glue(sys.argv):
            cluster = Cluster(stack.enter_context(glue.job(sys.argv)))
        elif cluster is None:
            cluster = Cluster()
            stack.callback(cluster.stop)
        try:
            _work(outcomes, lake, options, cluster, log)
        except StorageError as error:  # scratch cannot be made or removed
            for outcome in outcomes:
                outcome.fail(str(error), log)
    for outcome in outcomes:
        if outcome.plan:
            plan.mark_current(outcome.plan, outcome.ledger)
    print(summary.report(outcomes))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _check_places(options: NormalizeOptions, lake) -> None:
    """Refuse places that cannot be meant. Raises OptionsError."""
    if not storage.at(options.raw, options.s3_endpoint or None).exists():
        raise OptionsError(f"--raw {options.raw}: there is no such folder")
    if (place := _declarations(options)) and not place.exists():
        raise OptionsError(f"--declarations {options.declarations}: there is no such folder")
    if Path(lake.root).is_file():
        raise OptionsError(f"--lake {options.lake}: is a file; name a folder")
    for name in options.providers:
        if f"{lake.root}/".startswith(f"{_raw(name, options).root}/"):
            message = f"lies in the raw folder of {name}, whose files would then be the lake's own"
            raise OptionsError(f"--lake {options.lake}: {message}")


def _planned(name: str, lake, options: NormalizeOptions, log: Log) -> Outcome:
    outcome = Outcome(name)
    try:
        declared = declare.load(name, _declarations(options))
        raw = _raw(name, options)
        outcome.ledger = Ledger(lake, name)
        outcome.plan = plan.make(raw, outcome.ledger, declared, options)
        for stray in outcome.plan.strays:
            log.event("stray file", "warning", provider=name, file=stray.path, why=stray.why)
    except FocusLakeError as error:
        outcome.fail(str(error), log)
    return outcome


def _declarations(options: NormalizeOptions):
    where = options.declarations
    return storage.at(where, options.s3_endpoint or None) if where else None


def _raw(name: str, options: NormalizeOptions):
    return storage.at(f"{options.raw.rstrip('/')}/{name}", options.s3_endpoint or None)


def _work(outcomes: list[Outcome], lake, options, cluster: Cluster, log: Log) -> None:
    if options.rebuild_ledger:
        _rebuild(outcomes, lake, cluster, log)
        return
    todo = [o for o in outcomes if o.plan and o.plan.of(READ, REFUSE)]
    if not todo:
        scratch.clean(lake, log)
        return
    if any(outcome.plan.of(READ) for outcome in todo):
        cluster.begin()
    with scratch.folder(lake, log) as folder:
        for outcome in todo:
            try:
                _provider(outcome, lake, folder, options, cluster, log)
            except LedgerConflict as error:
                outcome.fail(str(error), log)


def _rebuild(outcomes: list[Outcome], lake, cluster: Cluster, log: Log) -> None:
    for outcome in (one for one in outcomes if one.plan):
        here, made = log.bind(provider=outcome.provider), outcome.plan
        batches = [step.batch for step in made.steps]
        try:
            rebuilt = rebuild(lake, outcome.ledger, made.declaration, batches, cluster, here)
            outcome.lines += rebuilt
        except FocusLakeError as error:
            outcome.fail(str(error), log)


def _provider(outcome: Outcome, lake, folder: str, options, cluster, log: Log) -> None:
    name, made = outcome.provider, outcome.plan
    settings = (made.declaration, options, cluster, plan.recipe(made.declaration, options))
    steps = made.of(READ, REFUSE)
    for number, step in enumerate(steps, 1):
        batch = step.batch
        here = log.bind(provider=name, yearmonth=batch.yearmonth, batch_ts=batch.batch_ts)
        run = Run(_raw(name, options), lake, outcome.ledger, *settings, here)
        try:
            if step.action == REFUSE:
                outcome.lines.append(refuse_unread(run, batch, step.reasons))
            else:
                here.event("reading", batch=f"{number} of {len(steps)}", bytes=batch.bytes)
                own = f"{folder}/{name}-{batch.yearmonth}-{batch.batch_ts}"
                outcome.lines.append(process(run, batch, own))
                lake.delete(own)
        except LedgerConflict:
            raise
        except FocusLakeError as error:
            outcome.fail(f"{batch.yearmonth}/{batch.batch_ts}: {error}", log)
