"""Daily summaries: charges grouped in Arrow while they are in memory, written beside the rows.

Columns and their meaning: spec/daily.csv. A summary lies in ``daily/`` as its batch does in
``normalized/``; sums by any of its keys equal those of the rows to the last digit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.declare.model import Declaration
from focus_lake.lake.audit import COSTS, CURRENCY, Audit
from focus_lake.lake.groups import COUNT, encoded, group, one_chunk, plain
from focus_lake.spec import columns, daily, source_changes
from focus_lake.spec.columns import arrow_type
from focus_lake.storage.base import Store
from focus_lake.transform import tags

STRING, DAY = arrow_type("string"), pa.date32()
FILLED = source_changes.by_catalogue("ServiceCategory")
TAG = "tag:"  # before the name of a further tag key, as long as each is a column of its own
KEPT = 200_000  # groups held in memory; what is more goes into a file of its own
ORDER = ("x_ChargeDay", "ServiceName")  # so that readers can skip row groups
SIGNS = np.array(["+", "0", "-", "?"])
_KEYS = [column.name for column in daily.of_role("key")]
_SUMS = [column.name for column in daily.of_role("sum")]
_YEAR_2038 = 2**31 * 1_000_000  # Arrow forgets summer time from there on


def sources() -> dict[str, str]:
    """The columns of the rows that a summary is made of, and their stored types."""
    names = [column.name for column in daily.table() if not column.is_own]
    names += ["ChargePeriodStart", "BillingPeriodStart", "AllocatedTags", "Tags", "x_SourceChanges"]
    return {name: columns.find(name).stored for name in names}


def version(declaration: Declaration) -> str:
    """Changes with whatever decides what a summary holds for given rows."""
    keys = _allocated(declaration), declaration.tags.summary_keys
    text = f"{daily.version()}{declaration.time.zone}{keys}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _allocated(declaration: Declaration) -> dict[str, tuple[str, ...]]:
    """The tag keys that tell each of the columns told by AllocatedTags."""
    attributes = declaration.tags.attributes
    return {
        name: daily.allocated_keys(attributes.get(of, ())) for name, of in daily.allocated().items()
    }


@dataclass
class Written:
    """The files of a summary (name, rows, bytes), and where they do not add up to the rows."""

    files: list[dict] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


class Summary:
    """Groups rows, and writes the groups to ``<folder>/part-<number>-<n>.parquet``.

    yearmonth: the batch's, taken where a charge names no billing period.
    """

    def __init__(
        self, declaration: Declaration, yearmonth: str, store: Store, folder: str, number: int
    ):
        self._zone, self._yearmonth = declaration.time.zone, yearmonth
        self._allocated = _allocated(declaration)
        self._tag_keys = declaration.tags.summary_keys
        self._store, self._path = store, f"{folder}/part-{number:05d}"
        self._groups: list[pa.Table] = []
        self._held = 0
        self.files: list[str] = []

    def add(self, rows: pa.Table) -> None:
        """Group some rows of the normalized table."""
        if not len(rows):
            return
        self._groups.append(group(self._keys(rows), {name: rows[name] for name in _SUMS}, None))
        self._held += len(self._groups[-1])
        if self._held > KEPT:
            self._groups = [self._grouped()]
            self._held = len(self._groups[0])
            if self._held > KEPT / 2:
                self._write()

    def close(self, rows: Audit) -> Written:
        """Write what is left, read it all back and compare it with the audit of the rows."""
        self._write()
        written, lying = Written(), Audit()
        for path in self.files:
            found, groups, size = read_back(self._store, path)
            lying.merge(found)
            name = path.rsplit("/", 1)[1]
            written.files.append({"name": name, "rows": groups, "bytes": size})
        written.differences = differences(rows, lying)
        return written

    def _write(self) -> None:
        if not self._groups:
            return
        found = self._grouped()
        found = found.append_column("x_Tags", self._tags(found))
        found = found.select([column.name for column in daily.table()])
        order = pa.table({name: plain(found[name]) for name in ORDER})
        found = found.take(pc.sort_indices(order, [(name, "ascending") for name in ORDER]))
        self.files.append(f"{self._path}-{len(self.files)}.parquet")
        with self._store.writer(self.files[-1]) as file:
            pq.write_table(found, file, compression="snappy", store_schema=False)
        self._groups, self._held = [], 0

    def _grouped(self) -> pa.Table:
        if len(self._groups) == 1:
            return self._groups[0]
        both = pa.concat_tables(self._groups).unify_dictionaries().combine_chunks()
        keys = {name: both[name] for name in both.column_names if name not in (*_SUMS, COUNT)}
        return group(keys, {name: both[name] for name in _SUMS}, both[COUNT])

    def _keys(self, rows: pa.Table) -> dict[str, pa.ChunkedArray | pa.Array]:
        starts = encoded(rows["ChargePeriodStart"])
        periods = encoded(rows["BillingPeriodStart"])
        made = {
            "x_BillingMonth": _months(periods, self._zone, self._yearmonth),
            "x_ChargeDay": _taken(_days(starts.dictionary, self._zone), starts),
            "x_ChargeDate": _taken(_days(starts.dictionary, "UTC"), starts),
            **self._split(rows["AllocatedTags"]),
            "x_CategoryFilled": _filled(rows["x_SourceChanges"]),
            "x_CostSigns": _signs(rows),
        }
        named = [name for name in _KEYS if name != "x_Tags"]
        keys = {name: made[name] if name in made else rows[name] for name in named}
        texts = one_chunk(rows["Tags"])
        return keys | {TAG + key: pc.map_lookup(texts, key, "first") for key in self._tag_keys}

    def _split(self, texts: pa.ChunkedArray) -> dict[str, pa.Array]:
        """Who AllocatedTags names: of each column's tag keys the first that has a value."""
        if texts.null_count == len(texts):
            return {name: pa.nulls(len(texts), STRING) for name in self._allocated}
        words = encoded(texts)
        named = [(text and tags.parse_one(text)) or {} for text in words.dictionary.to_pylist()]
        return {
            name: _taken(pa.array([_first(one, keys) for one in named], STRING), words)
            for name, keys in self._allocated.items()
        }

    def _tags(self, found: pa.Table) -> pa.Array:
        kind, count = pa.map_(STRING, STRING), len(self._tag_keys)
        if not count:
            return pa.nulls(len(found), kind)
        values = pa.concat_arrays([plain(found[TAG + key]) for key in self._tag_keys])
        by_row = np.arange(count * len(found)).reshape(count, len(found)).T.ravel()
        offsets = pa.array(np.arange(0, count * len(found) + 1, count, dtype=np.int32))
        keys = pa.array(list(self._tag_keys) * len(found), STRING)
        return pa.MapArray.from_arrays(offsets, keys, values.take(pa.array(by_row)))


def _first(named: dict[str, str | None], keys: tuple[str, ...]) -> str | None:
    return next((named[key] for key in keys if named.get(key)), None)


def _taken(values: pa.Array, of: pa.DictionaryArray) -> pa.Array:
    return values.take(of.indices)


def _days(times: pa.Array, zone: str) -> pa.Array:
    """The zone's date of each UTC time."""
    if zone == "UTC":
        return pc.floor_temporal(times, unit="day").cast(DAY)
    late = pc.greater_equal(times.cast(pa.int64()), pa.scalar(_YEAR_2038, pa.int64()))
    if pc.any(late).as_py():
        return pa.array([_local(time, zone) for time in times.to_pylist()], DAY)
    local = pc.local_timestamp(times.cast(pa.timestamp("us", zone)))
    return pc.floor_temporal(local, unit="day").cast(DAY)


def _local(time: datetime | None, zone: str) -> date | None:
    return time and time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _months(periods: pa.DictionaryArray, zone: str, yearmonth: str) -> pa.Array:
    days = _days(periods.dictionary, zone).to_pylist()
    months = [yearmonth if day is None else f"{day:%Y%m}" for day in days]
    return _taken(pa.array(months, STRING), periods)


def _filled(changes: pa.ChunkedArray) -> pa.Array:
    if changes.null_count == len(changes):
        return pa.repeat(pa.scalar(False), len(changes))
    texts = encoded(changes)  # a few texts, each of many rows
    return _taken(pc.fill_null(pc.match_substring(texts.dictionary, FILLED), False), texts)


def _signs(rows: pa.Table) -> pa.Array:
    """The signs of the four costs, a text of four characters a row."""
    code = np.zeros(len(rows), np.int64)
    for cost in COSTS:
        values, zero = one_chunk(rows[cost]), pa.scalar(Decimal(0), rows[cost].type)
        sign = np.where(_true(pc.less(values, zero)), 2, 1)
        sign[_true(pc.greater(values, zero))] = 0
        sign[_true(pc.is_null(values))] = 3
        code = code * len(SIGNS) + sign
    texts = [
        "".join(SIGNS[number // 4**place % 4] for place in reversed(range(len(COSTS))))
        for number in range(4 ** len(COSTS))
    ]
    return pa.array(texts, STRING).take(pa.array(code))


def _true(flags: pa.Array) -> np.ndarray:
    return pc.fill_null(flags, False).to_numpy(zero_copy_only=False)


def read_back(store: Store, path: str) -> tuple[Audit, int, int]:
    """(rows and cost sums behind a file of a summary, its groups, its bytes)."""
    found = Audit()
    with store.open(path) as file:
        size = file.seek(0, 2)
        table = pq.ParquetFile(file).read([CURRENCY, *COSTS, COUNT], use_threads=False)
    found.add_sums(table)
    found.rows = pc.sum(table[COUNT]).as_py() or 0
    return found, len(table), size


def differences(rows: Audit, summary: Audit) -> list[str]:
    """Where a summary does not add up to its rows, in words."""
    pairs = {"rows": (rows.rows, summary.rows), "cost sums": (rows.sums, summary.sums)}
    return [
        f"daily summary: {what}: {ours} in the rows, {theirs} in the summary"
        for what, (ours, theirs) in pairs.items()
        if ours != theirs
    ]
