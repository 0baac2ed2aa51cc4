"""Tables, partitions and views onto an engine, statement by statement, or into a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from focus_lake.catalog import sources
from focus_lake.catalog.engines.base import Engine
from focus_lake.catalog.statements import CatalogPlace, Statement
from focus_lake.errors import CatalogError
from focus_lake.lake import live, publications
from focus_lake.lake.publications import Key
from focus_lake.log import Progress
from focus_lake.storage.base import Store
from focus_lake.storage.local import LocalStore

Show = Callable[[str], None] | None  # takes a statement instead of running it
NOTHING = live.Live()
ADD_AT_ONCE = 50  # partitions in one ALTER TABLE: well below every engine's limits


class Deployer:
    """Runs statements on the engine and counts them; with `show` it runs none."""

    def __init__(self, store: Store, engine: Engine, place: CatalogPlace, show: Show):
        self.store, self.engine, self.place, self.show = store, engine, place, show
        self.count = 0

    def deploy(
        self,
        statements: list[Statement],
        chosen: live.Live = NOTHING,
        settled: Callable[[Statement], Statement] = lambda view: view,
    ) -> None:
        """Deploy the statements in their order; chosen: the provider's live batches, whose
        partitions are added; settled: a view as it is deployed, asked when its turn comes."""
        with Progress("tables and views") as progress:
            for place, statement in enumerate(statements):
                progress.step(place, len(statements), statement.name)
                if statement.folder == sources.TABLES:
                    self._table(statement)
                elif statement.folder == sources.PARTITIONS:
                    self._partitions(statement, chosen)
                else:
                    self.run(self.engine.replace_view(settled(statement)))

    def _table(self, table: Statement) -> None:
        if self.show is None and isinstance(self.store, LocalStore):
            # Trino wants a table's folder to be there; on S3 there are no folders to make.
            Path(self.store.root, table.data).mkdir(parents=True, exist_ok=True)
        self.run(self.engine.create_table(table))
        there = self.engine.column_types(table.name)
        if there is not None and not set(table.partitions) <= set(there):
            # Of the former layout: partitions cannot be changed; the data are files and stay.
            self.run(self.engine.drop_table(table.name))
            self.run(self.engine.create_table(table))
            there = self.engine.column_types(table.name)
        if there is None:
            return  # a plan for a table that is not made yet
        missing = [item for item in table.columns if item.name.lower() not in there]
        if missing:
            self.run(self.engine.add_columns(table, missing))
        for item in table.columns:
            wanted, found = self.engine.spell(item.type), there.get(item.name.lower())
            if found is not None and found != wanted:
                raise CatalogError(
                    f"{table.name}.{item.name} is {found} in the catalog and {wanted} in the "
                    "declaration; a type is never changed in place: drop the table (its data "
                    "stay) or correct the declaration, then run again"
                )

    def _partitions(self, statement: Statement, chosen: live.Live) -> None:
        """What views read is added by name, without listing folders; the repair adds the rest."""
        kind, provider = statement.kind, statement.provider
        summed = (chosen.summaries[key] for key in chosen.batches if key in chosen.summaries)
        read: dict[str, Iterable[Key]] = {
            publications.NORMALIZED: chosen.batches,
            publications.DAILY: summed,
        }
        if kind in read:
            known = self.engine.partitions(statement.name)
            new = [batch for batch in read[kind] if batch not in known]
            folder = f"{self.place.lake.rstrip('/')}/{kind}/{provider}"
            for at in range(0, len(new), ADD_AT_ONCE):
                some = new[at : at + ADD_AT_ONCE]
                self.run(self.engine.add_partitions(statement.name, folder, some))
        self.run(self.engine.repair(statement))

    def run(self, statements: Iterable[str]) -> None:
        for sql in statements:
            self.count += 1
            if self.show is not None:
                self.show(sql)
            else:
                self.engine.run(sql)
