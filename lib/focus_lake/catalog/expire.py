"""--expire_superseded_days: remove what no view needs any more; the ledger keeps the history.

Superseded pushes, replaced publications of a batch, and what killed runs left. What the views named
until this refresh stays until the next one: a query that began before may still be reading it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from focus_lake.catalog import keeping
from focus_lake.catalog.engines.base import Engine
from focus_lake.catalog.kept import Kept
from focus_lake.declare.model import Declaration
from focus_lake.lake import ledger, live, publications
from focus_lake.lake.publications import Key
from focus_lake.storage.base import Store


@dataclass(frozen=True)
class Expiry:
    """What goes of one provider, or of one kept view: folders in the lake, and partitions by table
    of the catalog."""

    provider: str
    folders: tuple[str, ...]
    partitions: dict[str, tuple]

    def drops(self, engine: Engine) -> list[str]:
        """The statements that take the partitions out of the catalog."""
        return [
            sql
            for table, keys in self.partitions.items()
            for sql in engine.drop_partitions(table, keys)
        ]


def plan(store: Store, engine: Engine, one: Declaration, days: int, named: str) -> Expiry:
    """Publications that nobody needs for more than `days` days, and that are still there.

    named: the text of the provider's views before this refresh. The folders are listed before the
    ledger is read: a run writes its line before it moves files, so what was listed and has no line
    belongs to no run that is under way.
    """
    lying = {table: publications.lying(store, table, one.name) for table in publications.TABLES}
    lines = ledger.read_all(store, one.name)
    found = set().union(*lying.values())
    old = [
        key
        for key in live.expired(lines, found, one.delivery, days, datetime.now(UTC))
        if f"'{key.publication}'" not in named
    ]
    folders = [
        publications.folder_of(table, one.name, key)
        for table in publications.TABLES
        for key in old
        if key in lying[table]
    ]
    return Expiry(one.name, tuple(folders), _partitions(engine, one.name, old))


def plan_kept(store: Store, engine: Engine, one: Kept, days: int, named: str) -> Expiry:
    """Revisions of a kept view that are older than `days` days and not among those named: by the
    view now, or by the view before this refresh."""
    oldest = datetime.now(UTC) - timedelta(days=days)
    old = [
        key
        for key, written in sorted(keeping.lying_in(store, one).items())
        if written < oldest and key.revision not in named
    ]
    known = engine.partitions(one.table, one.key_type) if old else set()
    dropped = {one.table: tuple(key for key in old if key in known)} if old else {}
    folders = tuple(f"{one.folder}/{publications.partition(key)}" for key in old)
    return Expiry(one.view, folders, dropped)


def _partitions(engine: Engine, provider: str, old: list[Key]) -> dict[str, tuple[Key, ...]]:
    partitions = {}
    for table in publications.TABLES if old else ():
        name = f"focus_{provider}_{table}"
        known = engine.partitions(name)
        partitions[name] = tuple(key for key in old if key in known)
    return partitions


def carry_out(store: Store, engine: Engine, expiry: Expiry) -> None:
    """Take the partitions out of the catalog, then delete the data: no new query looks for them.

    Broken off anywhere, the next run goes on.
    """
    for sql in expiry.drops(engine):
        engine.run(sql)
    for folder in expiry.folders:
        store.delete(folder)
