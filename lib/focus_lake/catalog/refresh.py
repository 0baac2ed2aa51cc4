"""The refresh: ledger -> live batches -> tables, partitions and views, from the bottom up.

A provider that fails keeps the views it had, stops no other one and makes the run fail at the
end. focus_unified shows every provider that has a view, be it an old one, so that none vanishes
from a total because of one bad night.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from focus_lake import declare
from focus_lake.allocation import closing, idle
from focus_lake.catalog import currency, expire, kept, measures, provider_batches, render, sources
from focus_lake.catalog.deployer import NOTHING, Deployer, Show
from focus_lake.catalog.engines.base import Engine
from focus_lake.catalog.keeping import Keeper, KeepFailed
from focus_lake.catalog.render import CatalogPlace, Statement
from focus_lake.catalog.revisions import Below
from focus_lake.declare.model import Declaration
from focus_lake.errors import CatalogError, FocusLakeError, StorageError
from focus_lake.lake import live
from focus_lake.log import Log
from focus_lake.records import deliveries, retention
from focus_lake.records import measures as record_measures
from focus_lake.reference import state
from focus_lake.spec.columns import did_you_mean
from focus_lake.storage import Places

ABOVE = "views over all providers"  # how they are called among what failed
RATES = "exchange rates"
DELIVERIES = "late deliveries"
RETENTION = "reference data (retention)"  # while it is wrong nobody knows what must be kept


@dataclass
class RefreshOutcome:
    """What a refresh did: live batches by provider, and why others failed."""

    live: dict[str, live.Live] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    expired: list[expire.Expiry] = field(default_factory=list)
    late: list[deliveries.Late] = field(default_factory=list)  # pushes that are overdue
    statements: int = 0


class Refresh:
    """One deployment of the catalog. `show` takes the statements of a plan, which runs none."""

    def __init__(
        self, places: Places, engine: Engine, place: CatalogPlace, log: Log, show: Show = None
    ):
        self.store, self.extra = places.lake, places.declarations
        self.engine, self.place, self.log, self.show = engine, place, log, show
        self.outcome = RefreshOutcome()
        self.deployer = Deployer(self.store, engine, place, show)
        self.reference = render.NO_REFERENCE
        self.named: dict[str, str] = {}  # text of each provider's views before this run
        self.texts: dict[str, list[str]] = {}  # the views of each provider deployed in this run
        self.keeper: Keeper | None = None

    def run(self, providers: Iterable[str], expire_days: int = 0) -> RefreshOutcome:
        """Deploy everything for the providers (none: all); failures are in the outcome.

        expire_days: if not 0, data of superseded
        batches older than that are deleted once the views no longer read them.
        Raises CatalogError if the catalog cannot be reached or the ledger's table not be made.
        """
        declared, asked = self._declarations(), tuple(providers)
        for name in set(asked) - set(declared) - set(self.outcome.failed):
            self._fail(name, f"no declaration is named {name}{did_you_mean(name, declared)}")
        self.deployer.run(self.engine.prepare())
        before = self.engine.names()
        self._undeclared(declared, before)
        self._reference()
        self._deploy(render.shared_tables(self.place))
        for name, one in declared.items():
            if not asked or name in asked:
                if expire_days:
                    self.named[name] = self._views_of(name, before)
                self._provider(one)
        self._above(declared, before)
        if self.show is None and ABOVE not in self.outcome.failed:
            self._late()
            self._idle()
        if wrong := currency.problems(self.store):
            self._fail(RATES, currency.told(wrong))
        if self.show is None:
            self.engine.finish()
        if expire_days and not {ABOVE, RETENTION} & set(self.outcome.failed):
            days = retention.least_days(self.reference.of("retention"), expire_days)
            self._expire([declared[name] for name in self.outcome.live], days)
        self.outcome.statements = self.deployer.count
        return self.outcome

    def _late(self) -> None:
        """Say which pushes are overdue: an export that stops coming fails no run."""
        try:
            rows = self.engine.query(deliveries.late_query(self.place.database))
        except CatalogError as error:
            self._fail(DELIVERIES, str(error))
            return
        self.outcome.late = [deliveries.Late(*row) for row in rows]
        for one in self.outcome.late:
            self.log.bind(provider=one.provider, yearmonth=one.yearmonth).event(
                deliveries.LATE, "warning", export=one.export, why=str(one)
            )

    def _idle(self) -> None:
        """Warn of rules that match nothing: they fail no run, but nobody wrote them for that."""
        shown = self.keeper.revisions if self.keeper is not None else {}
        if not self.reference.of("allocation") or "focus_allocation_shares" not in shown:
            return
        try:
            found = self.engine.query(idle.query(self.place.database))
        except CatalogError as error:
            self._fail("rules that match nothing", str(error))
            return
        for text in idle.told(self.reference.rows, found):
            self.outcome.warnings.append(text)
            self.log.event("rule matches nothing", "warning", reason=text)

    def _reference(self) -> None:
        """Settle which reference data count; a set with a fault stays as it was."""
        settled = state.settle(self.store, write=self.show is None)
        self.reference = settled.reference
        self.outcome.warnings += settled.warnings
        for text in settled.warnings:
            self.log.event("reference data", "warning", reason=text)
        for name, reason in settled.failed.items():
            self._fail(name, reason)

    def _expire(self, providers: list[Declaration], days: int) -> None:
        plans = [
            expire.plan(self.store, self.engine, one, days, self.named[one.name])
            for one in providers
        ]
        if self.keeper is not None:
            for each in kept.every():
                named = [self.named[each.view], *self.keeper.revisions.get(each.view, {}).values()]
                old = expire.plan_kept(self.store, self.engine, each, days, " ".join(named))
                plans += [old] if old.folders else []
        for expiry in plans:
            if self.show is None:
                expire.carry_out(self.store, self.engine, expiry)
                self.outcome.expired.append(expiry)
                continue
            for folder in expiry.folders:
                self.show(f"-- delete {self.store.url(folder)}")
            for sql in expiry.drops(self.engine):
                self.show(sql)

    def _views_of(self, provider: str, before: set[str]) -> str:
        """The text of a provider's views as they are before this run."""
        stems = "|".join(view.stem for view in sources.provider_views(provider))
        views = [name for name in sorted(before) if re.fullmatch(f"({stems})(_part_\\w+)?", name)]
        return "\n".join(self.engine.definition(view) for view in views)

    def _declarations(self) -> dict[str, Declaration]:
        found = {}
        for name in declare.names(self.extra):
            try:
                found[name] = declare.load(name, self.extra)
            except FocusLakeError as error:
                self._fail(name, str(error))
        return found

    def _undeclared(self, declared: dict[str, Declaration], before: set[str]) -> None:
        """A run without --declarations must not take the user's own providers out of the total."""
        for table in sorted(before):
            name = table.removeprefix("focus_").removesuffix("_normalized")
            known = name in declared or name in self.outcome.failed
            if table.endswith("_normalized") and f"focus_{name}" in before and not known:
                self._fail(
                    name,
                    "it has a view but no declaration: name its folder with --declarations, or "
                    f"drop view focus_{name} and run again",
                )

    def _fail(self, provider: str, reason: str) -> None:
        self.outcome.failed[provider] = reason
        self.log.bind(provider=provider).event("provider failed", "error", reason=reason)

    def _provider(self, one: Declaration) -> None:
        try:
            chosen, without = provider_batches.shown(self.store, one)
            if without:
                self.outcome.warnings.append(provider_batches.told(one.name, without))
                self.log.bind(provider=one.name).event(
                    "no daily summary", "warning", batches=len(without)
                )
            statements = render.of_provider(one, chosen, self.place, self.extra)
            with self.engine.unit():
                self._deploy(statements, chosen)
        except FocusLakeError as error:
            self._fail(one.name, str(error))
            return
        self.outcome.live[one.name] = chosen
        views = sources.PROVIDER_VIEWS
        self.texts[one.name] = [each.sql for each in statements if each.folder == views]
        months = len({key.yearmonth for key in chosen.batches})
        self.log.bind(provider=one.name).event(
            "provider deployed", live_batches=len(chosen.batches), months=months
        )

    def _above(self, declared: dict[str, Declaration], before: set[str]) -> None:
        """The views over several providers: those deployed now and those that had a view."""
        unread = [n for n in self.outcome.failed if n not in declared and f"focus_{n}" in before]
        if unread:
            self._fail(
                ABOVE, f"left as they are, for the declaration of {unread[0]} cannot be read"
            )
            return
        shown = [
            one
            for name, one in declared.items()
            if name in self.outcome.live or f"focus_{name}" in before
        ]
        if not shown:
            return  # every provider failed, and the outcome says why
        closed = closing.closed_months(self.store)
        made = render.shared_views(shown, self.place, self.reference, self.log.run_id, closed)
        self.keeper = self._keeper([one.name for one in shown], made, before)
        if self.named:  # superseded data are to expire
            self.named |= {one.view: self.engine.definition(one.view) for one in kept.every()}
        for _ in range(len(kept.every()) + 1):
            try:
                self._deploy_above(made)
            except KeepFailed as error:  # once more, without it: the unit was undone
                self._fail(f"{kept.FOLDER} {error.one.view}", str(error))
                continue
            except (CatalogError, StorageError) as error:
                self._fail(ABOVE, str(error))
            break
        for view, wrong in self.keeper.wrong.items():
            self._fail(
                f"{kept.FOLDER} {view}",
                f"what was worked out is not shown as kept, for it is not the whole cost: {wrong}; "
                "the view works these months out at each query; report it with this message",
            )

    def _deploy_above(self, made: list[Statement]) -> None:
        measured = [one.name for one in made].index(measures.VIEW) + 1
        with self.engine.unit():
            self._deploy(made[:measured])
            self._keep()
            self._measure(self.log.run_id)
            self._deploy(made[measured:])
            self._keep()

    def _keeper(self, shown: list[str], made: list[Statement], before: set[str]) -> Keeper:
        """Who keeps views; of providers that were not deployed now the catalog has the texts."""
        below = Below(
            self.place.database,
            self.place.lake.rstrip("/"),
            {one.name: one.sql for one in made},
            {table.name: table.data for table in render.shared_tables(self.place)},
            {name: self.texts.get(name) or [self._views_of(name, before)] for name in shown},
            self.store,
            self.log.run_id,
        )
        return Keeper(self.store, self.engine, below, self.deployer.run)

    def _keep(self) -> None:
        """Work out what changed of the kept views that were deployed; then they read it."""
        if self.keeper is not None:
            tables = {table.name: table for table in render.shared_tables(self.place)}
            for view in self.keeper.work_out():
                for name in view.reads:  # it has new files
                    self.deployer.run(self.engine.create_table(tables[name]))
                self.deployer.run(self.engine.replace_view(view))

    def _measure(self, run_id: str) -> None:
        """Work the measures out and keep them; then the table of their history has a new file."""
        if self.show is not None:
            self.show(f"-- measures: SELECT * FROM {self.place.database}.{measures.VIEW}")
            return
        count = measures.work_out(self.engine, self.store, self.place.database, run_id)
        (table,) = (one for one in render.shared_tables(self.place) if one.name == measures.TABLE)
        self.deployer.run(self.engine.create_table(table))
        self.log.event("measured", measures=count)

    def _deploy(self, statements: list[Statement], chosen: live.Live = NOTHING) -> None:
        self.deployer.deploy(statements, chosen, self._settled)

    def _settled(self, view: Statement) -> Statement:
        """The view with what is kept of it, or with the measures of the records."""
        one = kept.of_view(view.name)
        if one is not None and self.keeper is not None:
            return self.keeper.first(view, one, only_plan=self.show is not None)
        if record_measures.MARK not in view.sql:
            return view
        found: list[tuple] = []
        if self.show is None:
            self._keep()  # the measures rest on it
            kinds = {kind for kind, rows in self.reference.rows.items() if rows}
            has_alerts = any(entry.path.endswith(".jsonl") for entry in self.store.list("alerts"))
            for sql in record_measures.queries(self.place.database, kinds, has_alerts):
                found += self.engine.query(sql)
        return replace(
            view, sql=view.sql.replace(record_measures.MARK, record_measures.listed(found))
        )
