"""--expire_superseded_days: remove data of superseded pushes; the ledger keeps their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from focus_lake.catalog.engines.base import Engine, Partition
from focus_lake.declare.model import Declaration
from focus_lake.lake import ledger, live
from focus_lake.storage.base import Store


@dataclass(frozen=True)
class Expiry:
    """What goes of one provider: folders in the lake, partitions in the catalog."""

    provider: str
    folders: tuple[str, ...]
    partitions: tuple[Partition, ...]

    @property
    def table(self) -> str:
        return f"focus_{self.provider}_normalized"


def plan(store: Store, engine: Engine, one: Declaration, days: int) -> Expiry:
    """Superseded batches published more than `days` days ago whose data or partition are there.

    The ledger is read again: a batch that was published since the views were made counts.
    """
    lines = ledger.read_all(store, one.name)
    old = live.superseded(lines, one.delivery, days, datetime.now(UTC))
    known = engine.partitions(f"focus_{one.name}_normalized") if old else set()
    folders = (f"normalized/{one.name}/yearmonth={m}/batch_ts={ts}" for m, ts in old)
    return Expiry(
        one.name,
        tuple(folder for folder in folders if next(iter(store.list(folder)), None)),
        tuple(batch for batch in old if batch in known),
    )


def carry_out(store: Store, engine: Engine, expiry: Expiry) -> None:
    """Delete the data, then drop the partitions; broken off anywhere, the next run goes on."""
    for folder in expiry.folders:
        store.delete(folder)
    if expiry.folders or expiry.partitions:
        for sql in engine.drop_partitions(expiry.table, expiry.partitions):
            engine.run(sql)
