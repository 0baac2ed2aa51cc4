"""The normalize job: for each provider plan, read, publish; then say what happened.

What reads and publishes is imported where it is called: where nothing is new, loading pyarrow would
take as long as the plan.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from focus_lake import declare
from focus_lake.errors import FocusLakeError, OptionsError, StorageError, VersionConflict
from focus_lake.lake import scratch
from focus_lake.lake.ledger import PUBLISHED, Ledger, Line
from focus_lake.log import Author, Log
from focus_lake.normalize import plan, summary
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.normalize.plan import READ, REFUSE, REFUSED_BEFORE, Plan
from focus_lake.records import runs
from focus_lake.spark import glue
from focus_lake.spark.session import Cluster, Here, is_submitted
from focus_lake.storage import Places, Store

if TYPE_CHECKING:
    from focus_lake.lake import held

LITTLE = plan.SMALL  # raw bytes read in less time than Spark takes to start


@dataclass
class ProviderOutcome:
    """What became of one provider."""

    provider: str
    plan: Plan | None = None
    ledger: Ledger | None = None  # as the plan saw it: what changes meanwhile is a conflict
    lines: list[Line] = field(default_factory=list)
    failure: str | None = None
    verified: held.Held | None = None  # what --verify found
    warnings: list[str] = field(default_factory=list)  # of batches that were published

    def fail(self, why: str, log: Log) -> None:
        """Note an error of the provider as a whole, or of one of its batches."""
        self.failure = f"{self.failure}; {why}" if self.failure else why
        log.event("failed", "error", provider=self.provider, reason=why)

    def ready(self) -> tuple[Plan, Ledger]:
        """Plan and ledger of a provider that could be planned."""
        assert self.plan and self.ledger, f"{self.provider} has no plan"
        return self.plan, self.ledger

    @property
    def is_good(self) -> bool:
        """Whether everything asked for is done; a refused batch that is superseded is history."""
        refused = [line for line in self.lines if line.status != PUBLISHED]
        before = self.plan.of(REFUSED_BEFORE) if self.plan else []
        lost = self.plan is not None and self.plan.lost
        return not (self.failure or refused or lost or any(step.is_current for step in before))


def normalize(options: NormalizeOptions, cluster: Cluster | None = None) -> int:
    """Run the job; exit code 0, or 1 if a batch was refused or a provider failed.

    cluster: one that runs already and goes on running; None starts Spark where it is needed.
    """
    log = Log()
    places = _opened(options)
    if options.dry_run:
        outcomes = [_planned(name, places, options, log) for name in options.providers]
        print(summary.plan_table(outcomes))
        return 0 if all(not outcome.failure for outcome in outcomes) else 1
    with runs.recorded(places.lake, "normalize_focus", options, log) as run:
        outcomes = _run(options, places, cluster, log, run.author)
        run.exit_code = 0 if all(outcome.is_good for outcome in outcomes) else 1
        run.counts, run.refusals = summary.counts(outcomes), summary.refusals(outcomes)
        return run.exit_code


def _run(
    options: NormalizeOptions,
    places: Places,
    cluster: Cluster | Here | None,
    log: Log,
    author: Author,
) -> list[ProviderOutcome]:
    outcomes = [_planned(name, places, options, log, author) for name in options.providers]
    with ExitStack() as stack:
        if cluster is None and glue.is_glue(sys.argv):
            cluster = Cluster(stack.enter_context(glue.job(sys.argv)))
        elif cluster is None and _is_little(outcomes, options):
            cluster = Here()
        elif cluster is None:
            cluster = Cluster()
            stack.callback(cluster.stop)
        try:
            _work(outcomes, places, options, cluster, log)
        except StorageError as error:  # scratch cannot be made or removed
            for outcome in outcomes:
                outcome.fail(str(error), log)
    for outcome in outcomes:
        if outcome.plan:
            plan.mark_current(*outcome.ready())
    print(summary.report(outcomes))
    return outcomes


def _is_little(outcomes: list[ProviderOutcome], options: NormalizeOptions) -> bool:
    """Whether the work is done before Spark would have started, on a laptop's one core."""
    steps = [step for outcome in outcomes if outcome.plan for step in outcome.plan.of(READ)]
    is_read = not (options.rebuild_ledger or options.rebuild_daily or is_submitted())
    return is_read and sum(step.batch.bytes for step in steps) <= LITTLE


def _opened(options: NormalizeOptions) -> Places:
    """The places that the options name. Raises OptionsError for those that cannot be meant."""
    places = Places.open(
        options.lake, options.raw, options.declarations, options.s3_endpoint, new=True
    )
    for name in options.providers:
        if f"{places.lake.root}/".startswith(f"{places.raw_of(name).root}/"):
            message = f"lies in the raw folder of {name}, whose files would then be the lake's own"
            raise OptionsError(f"--lake {options.lake}: {message}")
    return places


def _planned(
    name: str, places: Places, options: NormalizeOptions, log: Log, author: Author | None = None
) -> ProviderOutcome:
    outcome = ProviderOutcome(name)
    try:
        declared = declare.load(name, places.declarations)
        outcome.ledger = Ledger(places.lake, name, author)
        if options.verify:
            _verify(outcome, outcome.ledger, options, log)
        outcome.plan = plan.make(places.raw_of(name), outcome.ledger, declared, options)
        for stray in outcome.plan.strays:
            log.event("stray file", "warning", provider=name, file=stray.path, why=stray.why)
    except FocusLakeError as error:
        outcome.fail(str(error), log)
    return outcome


def _verify(outcome: ProviderOutcome, ledger: Ledger, options: NormalizeOptions, log: Log) -> None:
    """Hold the lake's files to the ledger; the run goes on, but ends with 1 where they differ."""
    from focus_lake.lake import held

    wanted = options.yearmonths
    lines = [line for line in ledger.lines() if not wanted or line.yearmonth in wanted]
    with log.timed("verified", provider=outcome.provider) as details:
        found = held.read_all(ledger.store, outcome.provider, lines)
        details |= {"files": found.files, "rows": found.rows}
    outcome.verified = found
    if found.problems:
        outcome.fail(found.told(), log)


def _work(
    outcomes: list[ProviderOutcome],
    places: Places,
    options: NormalizeOptions,
    cluster: Cluster | Here,
    log: Log,
) -> None:
    lake = places.lake
    if options.rebuild_ledger:
        _rebuild(outcomes, lake, cluster, log)
        return
    if options.rebuild_daily:
        with scratch.folder(lake, log) as folder:
            _rebuild_daily(outcomes, lake, folder, options, cluster, log)
        return
    todo = [o for o in outcomes if o.plan and o.plan.of(READ, REFUSE)]
    if not todo:
        scratch.clean(lake, log)
        return
    if any(outcome.ready()[0].of(READ) for outcome in todo):
        cluster.begin()  # while the driver unzips
    with scratch.folder(lake, log) as folder:
        for outcome in todo:
            try:
                _provider(outcome, places, folder, options, cluster, log)
            except VersionConflict as error:
                outcome.fail(str(error), log)


def _rebuild_daily(
    outcomes: list[ProviderOutcome],
    lake: Store,
    folder: str,
    options: NormalizeOptions,
    cluster: Cluster | Here,
    log: Log,
) -> None:
    from focus_lake.normalize.rebuild_daily import rebuild_daily

    for outcome in (one for one in outcomes if one.plan):
        here, place = log.bind(provider=outcome.provider), f"{folder}/{outcome.provider}"
        made, ledger = outcome.ready()
        asked = (made.declaration, options.yearmonths)
        try:
            outcome.lines += rebuild_daily(lake, ledger, *asked, cluster, place, here)
        except FocusLakeError as error:
            outcome.fail(str(error), log)


def _rebuild(
    outcomes: list[ProviderOutcome], lake: Store, cluster: Cluster | Here, log: Log
) -> None:
    from focus_lake.normalize.rebuild import rebuild

    for outcome in (one for one in outcomes if one.plan):
        here, (made, ledger) = log.bind(provider=outcome.provider), outcome.ready()
        batches = [step.batch for step in made.steps]
        try:
            rebuilt = rebuild(lake, ledger, made.declaration, batches, cluster, here)
            outcome.lines += rebuilt
        except FocusLakeError as error:
            outcome.fail(str(error), log)


def _provider(
    outcome: ProviderOutcome,
    places: Places,
    folder: str,
    options: NormalizeOptions,
    cluster: Cluster | Here,
    log: Log,
) -> None:
    from focus_lake.normalize import publish, read_batch

    name, (made, ledger), lake = outcome.provider, outcome.ready(), places.lake
    steps = made.of(READ, REFUSE)
    to_read = [step.batch for step in steps if step.action == READ]
    own = {batch.key: f"{folder}/{name}-{batch.yearmonth}-{batch.batch_ts}" for batch in to_read}
    how = read_batch.How(places.raw_of(name), lake, made.declaration, options)
    reads = read_batch.in_turn(how, cluster, [(batch, own[batch.key]) for batch in to_read])
    recipe = plan.recipe(made.declaration, options)
    for number, step in enumerate(steps, 1):
        batch = step.batch
        here = log.bind(provider=name, yearmonth=batch.yearmonth, batch_ts=batch.batch_ts)
        about = (made.declaration, options, cluster, recipe, here, outcome.warnings)
        run = publish.Run(lake, ledger, *about)
        try:
            if step.action == REFUSE:
                outcome.lines.append(publish.refuse_unread(run, batch, step.reasons))
            else:
                here.event("reading", batch=f"{number} of {len(steps)}", bytes=batch.bytes)
                read = next(reads)
                for stray in read.strays:
                    here.event("stray file", "warning", file=stray.path, why=stray.why)
                made.strays += read.strays
                outcome.lines.append(publish.settle(run, batch, read, own[batch.key]))
                lake.delete(own[batch.key])
        except VersionConflict:
            raise
        except FocusLakeError as error:
            outcome.fail(f"{batch.yearmonth}/{batch.batch_ts}: {error}", log)
