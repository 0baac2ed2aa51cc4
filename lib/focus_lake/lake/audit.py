"""What a batch holds, counted three times: while unzipping, while writing, and read back.

An Audit is what the writing pass saw of the rows; ``read_back`` makes another from the files as
they lie in the lake. Both must agree, and with the records counted in the text, before anything
is published.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.spec import columns
from focus_lake.storage.base import Store

CURRENCY = "BillingCurrency"
# The four costs of FOCUS: decimals that every version demands. (Prices are never summed.)
COSTS = tuple(
    column.name
    for column in columns.focus()
    if column.stored == "decimal"
    and set(column.level.values()) == {"Mandatory"}
    and column.name.endswith("Cost")
)
PERIOD_START, PERIOD_END = "ChargePeriodStart", "ChargePeriodEnd"
BILLING_START = "BillingPeriodStart"
_SAFE = Decimal(10) ** 20  # a sum below this cannot overflow decimal(38,18)
_ADD = Context(prec=100, traps=[Inexact]).add  # "+" would round to 28 digits


@dataclass
class Audit:
    """Counts and sums of some rows; audits of parts add up with ``merge``."""

    rows: int = 0
    sums: dict[str | None, dict[str, Decimal]] = field(default_factory=dict)
    nulls: Counter = field(default_factory=Counter)
    earliest: datetime | None = None  # ChargePeriodStart, UTC
    latest: datetime | None = None  # ChargePeriodEnd, UTC
    billing_starts: Counter = field(default_factory=Counter)  # BillingPeriodStart -> rows
    exports: Counter = field(default_factory=Counter)
    days_of: dict[str, set] = field(
        default_factory=dict
    )  # export -> days with charges, in the zone
    zone: str = "UTC"  # the provider's time zone

    def observe(self, rows: pa.Table) -> None:
        """Add rows that are about to be written."""
        self.rows += len(rows)
        self.add_sums(rows)
        self.nulls.update({name: rows[name].null_count for name in rows.column_names})
        self._add_period(pc.min(rows[PERIOD_START]).as_py(), pc.max(rows[PERIOD_END]).as_py())
        for pair in pc.value_counts(rows[BILLING_START]).to_pylist():
            self.billing_starts[pair["values"]] += pair["counts"]
        for pair in pc.value_counts(rows["x_Export"]).to_pylist():
            self.exports[pair["values"]] += pair["counts"]
        for export, starts in _by_export(rows):
            local = pc.unique(starts).cast(pa.timestamp("us", self.zone))
            days = pc.unique(pc.floor_temporal(local, unit="day")).to_pylist()
            found = self.days_of.setdefault(export, set())
            found.update(day.date() for day in days if day is not None)

    @property
    def days(self) -> set:
        """Days with charges of any export."""
        return set().union(*self.days_of.values())

    def _add_period(self, start: datetime | None, end: datetime | None) -> None:
        self.earliest = min(filter(None, (self.earliest, start)), default=None)
        self.latest = max(filter(None, (self.latest, end)), default=None)

    def add_sums(self, rows: pa.Table) -> None:
        """Add the costs of rows that need have no other columns than currency and costs."""
        for currency, part in _by_currency(rows):
            found = {cost: exact_sum(part[cost]) for cost in COSTS}
            self._add_costs(currency, {c: total for c, total in found.items() if total is not None})

    def _add_costs(self, currency: str | None, costs: dict[str, Decimal]) -> None:
        totals = self.sums.setdefault(currency, {})
        for cost, total in costs.items():
            totals[cost] = _ADD(totals.get(cost, Decimal(0)), total)

    def merge(self, other: Audit) -> None:
        self.rows += other.rows
        for currency, costs in other.sums.items():
            self._add_costs(currency, costs)
        for name in ("nulls", "billing_starts", "exports"):
            getattr(self, name).update(getattr(other, name))
        self._add_period(other.earliest, other.latest)
        for export, days in other.days_of.items():
            self.days_of.setdefault(export, set()).update(days)

    def billing_months(self, zone: str, otherwise: str) -> dict[str, int]:
        """Rows by the month of BillingPeriodStart in the zone; where it is null, by `otherwise`."""
        months: Counter[str] = Counter()
        for start, rows in self.billing_starts.items():
            local = None if start is None else start.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            months[otherwise if local is None else f"{local:%Y%m}"] += rows
        return dict(sorted(months.items()))

    def cost_sums(self) -> list[dict]:
        """The sums as the ledger has them: decimal text, null where every value is null."""
        ordered = sorted(self.sums.items(), key=lambda item: item[0] or "")
        return [
            {CURRENCY: currency, **{cost: _plain(costs.get(cost)) for cost in COSTS}}
            for currency, costs in ordered
        ]


def _by_export(rows: pa.Table) -> Iterable[tuple[str, pa.ChunkedArray]]:
    """Starts of the charges of each export; a text has one export, a rebuilt file can have more."""
    exports, starts = rows["x_Export"], rows[PERIOD_START]
    names = pc.unique(exports).to_pylist()
    if len(names) == 1:
        return [(names[0], starts)]
    return [(name, starts.filter(_is(exports, name))) for name in names]


def _by_currency(rows: pa.Table) -> Iterable[tuple[str | None, pa.Table]]:
    wanted = rows.select([CURRENCY, *COSTS])
    currencies = pc.unique(rows[CURRENCY]).to_pylist()
    if len(currencies) == 1:
        return [(currencies[0], wanted)]
    return [(currency, wanted.filter(_is(wanted[CURRENCY], currency))) for currency in currencies]


def _is(values: pa.ChunkedArray, value: str | None) -> pa.ChunkedArray:
    return pc.is_null(values) if value is None else pc.equal(values, value)


def exact_sum(values: pa.ChunkedArray) -> Decimal | None:
    """The exact sum; Arrow's own where it cannot overflow, else Python's."""
    ends = pc.min_max(values).as_py()
    if ends["max"] is None:
        return None
    if max(abs(ends["min"]), abs(ends["max"])) * len(values) < _SAFE:
        return pc.sum(values).as_py()
    return functools.reduce(_ADD, (value for value in values.to_pylist() if value is not None))


def plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The exact sum of two amounts, either of which may be absent."""
    if one is None or other is None:
        return other if one is None else one
    return _ADD(one, other)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def read_back(store: Store, path: str) -> tuple[Audit, int]:
    """(audit of a Parquet file as it lies in the store, its bytes).

    Rows, nulls and the charge period come from the footer, as query engines will read them;
    sums from the cost columns.
    """
    found = Audit()
    with store.open(path) as file:
        size = file.seek(0, 2)
        parquet = pq.ParquetFile(file)
        found.rows = parquet.metadata.num_rows
        for number in range(parquet.metadata.num_row_groups):
            group = parquet.metadata.row_group(number)
            _add_footer(found, group)
            found.add_sums(parquet.read_row_group(number, [CURRENCY, *COSTS], use_threads=False))
    return found, size


def _add_footer(found: Audit, group: pq.RowGroupMetaData) -> None:
    for index in range(group.num_columns):
        column = group.column(index)
        name, _, inside = column.path_in_schema.partition(".")
        if column.statistics is None or inside:  # maps have no count of their own
            continue
        found.nulls[name] += column.statistics.null_count
        if column.statistics.has_min_max and name == PERIOD_START:
            found._add_period(column.statistics.min, None)
        if column.statistics.has_min_max and name == PERIOD_END:
            found._add_period(None, column.statistics.max)


def differences(written: Audit, lying: Audit) -> list[str]:
    """What is not the same in the rows as written and as read back, in words."""
    pairs = {
        "rows": (written.rows, lying.rows),
        "cost sums": (written.sums, lying.sums),
        f"first {PERIOD_START}": (written.earliest, lying.earliest),
        f"last {PERIOD_END}": (written.latest, lying.latest),
    }
    pairs |= {f"nulls of {n}": (written.nulls[n], found) for n, found in lying.nulls.items()}
    return [f"{what}: {a} written, {b} read back" for what, (a, b) in pairs.items() if a != b]
