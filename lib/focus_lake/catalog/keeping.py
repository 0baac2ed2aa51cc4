"""The refresh keeps views: it works out what changed, writes it, and lets the views read it.

A month whose costs would not come out again is not kept, nor is anything where engine or lake
refuse; the view works that out at each query, which is right but slow, and the run says so.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from focus_lake.allocation.money import EXACT
from focus_lake.catalog import kept
from focus_lake.catalog.engines.base import Engine
from focus_lake.catalog.kept import Kept
from focus_lake.catalog.live_views import quoted
from focus_lake.catalog.render import Statement
from focus_lake.catalog.revisions import Below
from focus_lake.errors import CatalogError, FocusLakeError, VersionConflict
from focus_lake.lake.publications import partition
from focus_lake.storage.base import Store

if TYPE_CHECKING:
    import pyarrow as pa

MONTHS_AT_ONCE = 6  # worked out in one query
ADD_AT_ONCE = 50  # partitions in one ALTER TABLE
SUMS = ("BilledCost", "EffectiveCost")
KEYS = ("yearmonth", "x_Provider", "BillingCurrency")
Sums = dict[tuple, list[Decimal]]


class KeepFailed(CatalogError):
    """A view could not be kept; `one` says which."""

    def __init__(self, one: Kept, reason: object, store: Store):
        self.one = one
        super().__init__(
            f"{reason}; until it is kept, {one.view} works it out at each query, which is right "
            f"but slow: see that this job may read and write {store.url(one.folder)}/, and run "
            "the refresh again"
        )


class Keeper:
    """What one refresh keeps. `run` runs statements, or shows them where nothing may change."""

    def __init__(
        self, store: Store, engine: Engine, below: Below, run: Callable[[Iterable[str]], None]
    ):
        self.store, self.engine, self.below, self.run = store, engine, below, run
        self.given_up: set[str] = set()  # views that could not be kept in this run
        self.wrong: dict[str, str] = {}  # view -> what would not come out again
        self.revisions: dict[str, dict[str, str]] = {}  # view -> month -> revision
        self._pending: list[tuple[Kept, Statement]] = []
        self._left: dict[str, list[str]] = {}  # view -> months that it works out itself

    def first(self, made: Statement, one: Kept, only_plan: bool = False) -> Statement:
        """The view with what is kept already; what is missing is worked out by `work_out`."""
        wanted = self.revisions[one.view] = self.below.revisions(one)
        lying = {partition(key) for key in lying_in(self.store, one)}
        missing = [m for m, r in sorted(wanted.items()) if partition(one.key(m, r)) not in lying]
        if missing and only_plan:
            told = ", ".join(month or "all" for month in missing)
            self.run([f"-- keep: {told} of {self.below.database}.{one.computed_by}"])
            missing = []
        elif missing and one.view not in self.given_up:
            self._pending.append((one, made))
        return self._view(made, one, missing)

    def work_out(self) -> Iterator[Statement]:
        """Keep what is missing of each view; gives the views as they are from then on.

        Raises KeepFailed, after which the views of an open transaction are gone.
        """
        pending, self._pending = self._pending, []
        for one, made in pending:
            try:
                left: list[str] = []
                for months in _in_pieces(self._left[one.view], MONTHS_AT_ONCE):
                    left += self._keep(one, months)
            except FocusLakeError as error:
                self.given_up.add(one.view)
                raise KeepFailed(one, error, self.store) from error
            yield self._view(made, one, left)

    def _view(self, made: Statement, one: Kept, missing: list[str]) -> Statement:
        self._left[one.view] = missing
        wanted = self.revisions[one.view]
        there = {month: revision for month, revision in wanted.items() if month not in missing}
        self._add_partitions(one, [one.key(*pair) for pair in sorted(there.items())])
        return kept.view(made, one, self.below.database, there, missing)

    def _add_partitions(self, one: Kept, keys: list) -> None:
        known = self.engine.partitions(one.table, one.key_type)
        new = [key for key in keys if key not in known]
        folder = f"{self.below.lake}/{one.folder}"
        for some in _in_pieces(new, ADD_AT_ONCE):
            self.run(self.engine.add_partitions(one.table, folder, some))
        if new:  # an engine that adds no partition by name looks for them
            table = Statement("", one.table, f"MSCK REPAIR TABLE {self.below.database}.{one.table}")
            if not self.engine.add_partitions(one.table, folder, new[:1]):
                self.run(self.engine.repair(table))

    def _keep(self, one: Kept, months: list[str]) -> list[str]:
        """Work the months out in one query and write them; those whose cost would be lost."""
        only = None if not one.by_month else months
        with tempfile.TemporaryDirectory() as folder:
            files = _Files(Path(folder), one)
            sql = kept.computed(one, self.below.database, only)
            for batch in self.engine.stream(sql, files.schema):
                files.add(batch)
            files.close(months)
            wrong = self._lost(one, months, files.sums) if one.conserves else {}
            for month in sorted(set(months) - set(wrong)):
                key = one.key(month, self.revisions[one.view][month])
                with suppress(VersionConflict):  # another run has kept the same a moment ago
                    path = f"{one.folder}/{partition(key)}/{kept.FILE}"
                    self.store.put_if(path, files.path(month).read_bytes(), None)
        if wrong:
            self.wrong[one.view] = "; ".join([self.wrong.get(one.view, ""), *wrong.values()]).strip(
                "; "
            )
        return sorted(wrong)

    def _lost(self, one: Kept, months: list[str], found: Sums) -> dict[str, str]:
        """Months whose costs are not those of the view that must be conserved, and why."""
        sums = ", ".join(f"SUM({name})" for name in SUMS)
        rows = self.engine.query(
            f"SELECT {', '.join(KEYS)}, {sums} FROM {self.below.database}.{one.conserves} "
            f"WHERE yearmonth IN ({', '.join(map(quoted, months))}) GROUP BY 1, 2, 3"
        )
        wanted = {tuple(row[:3]): [value or Decimal(0) for value in row[3:]] for row in rows}
        sides = sorted({key[3] for key in found}) or [""]
        wrong: dict[str, str] = {}
        for side in sides:
            made = {key[:3]: value for key, value in found.items() if key[3] == side}
            for key in sorted({*wanted, *made}, key=str):
                there = wanted.get(key, _NOTHING), made.get(key, _NOTHING)
                if there[0] != there[1]:
                    by = [f"{EXACT.subtract(b, a):f}" for a, b in zip(*there, strict=True)]
                    wrong[key[0]] = (
                        f"{' '.join(str(part or '-') for part in key)}: billed differs by {by[0]}, "
                        f"effective by {by[1]} from {one.conserves}"
                    )
        return wrong


_NOTHING = [Decimal(0)] * len(SUMS)


class _Files:
    """Rows by month as Parquet in a scratch folder, with their sums."""

    def __init__(self, folder: Path, one: Kept):
        import pyarrow as pa

        self._folder, self._one = folder, one
        self.schema = pa.schema([(name, _arrow(type_)) for name, type_ in one.columns().items()])
        inside = [field.name for field in one.fields()]
        self._stored = pa.schema([self.schema.field(name) for name in inside])
        self._writers: dict[str, Any] = {}
        self.sums: Sums = defaultdict(lambda: list(_NOTHING))

    def path(self, month: str) -> Path:
        return self._folder / f"{month or 'all'}.parquet"

    def add(self, batch: pa.RecordBatch) -> None:
        import pyarrow.compute as pc

        if self._one.conserves:
            self._sum(batch)
        if not self._one.by_month:
            self._writer(kept.WHOLE).write_batch(batch)
            return
        months = batch.column("yearmonth")
        for month in pc.unique(months).to_pylist():
            rows = batch.filter(pc.equal(months, month)).select(self._stored.names)
            self._writer(month).write_batch(rows)

    def _sum(self, batch: pa.RecordBatch) -> None:
        """Exact: a sum of 38 digits has room in 76."""
        import pyarrow as pa

        keys = [*KEYS, self._one.within] if self._one.within else [*KEYS]
        table = pa.table(
            {name: batch.column(name) for name in keys}
            | {name: batch.column(name).cast(pa.decimal256(76, 18)) for name in SUMS}
        )
        summed = table.group_by(keys).aggregate([(name, "sum") for name in SUMS])
        for row in summed.to_pylist():
            key = (*(row[name] for name in KEYS), row.get(self._one.within, ""))
            for place, name in enumerate(SUMS):
                value = row[f"{name}_sum"] or Decimal(0)
                self.sums[key][place] = EXACT.add(self.sums[key][place], value)

    def _writer(self, month: str) -> Any:
        import pyarrow.parquet as pq

        if month not in self._writers:
            self._writers[month] = pq.ParquetWriter(self.path(month), self._stored)
        return self._writers[month]

    def close(self, months: Iterable[str]) -> None:
        """Finish the files; a month without a row has an empty one."""
        for month in months:
            self._writer(month).close()


def _arrow(hive: str) -> pa.DataType:
    """The type of a kept column."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "double": pa.float64(),
        "timestamp": pa.timestamp("us"),
        "decimal(38,18)": pa.decimal128(38, 18),
        "decimal(38,6)": pa.decimal128(38, 6),
        "decimal(20,12)": pa.decimal128(20, 12),
    }
    return types[hive]


def lying_in(store: Store, one: Kept) -> dict[Any, datetime]:
    """Every revision that lies in the lake, with when it was written."""
    found = {}
    for entry in store.list(one.folder):
        parts = entry.path.removeprefix(f"{one.folder}/").split("/")
        values = dict(part.split("=", 1) for part in parts[:-1] if "=" in part)
        if parts[-1] == kept.FILE and values.keys() == set(one.key_type._fields):
            found[one.key_type(**values)] = entry.modified
    return found


def _in_pieces(items: list, size: int) -> Iterator[list]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
