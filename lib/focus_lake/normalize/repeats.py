"""Rows that repeat others: within a batch of upserts, or in an increment that tells rows again.

Both are published, and told with the sum in question: a key that is too short hides rows, and an
exporter that sends totals again and again is not an increment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from focus_lake.declare.model import Declaration
from focus_lake.lake import publications
from focus_lake.lake.ledger import Ledger, Line
from focus_lake.storage.base import Store

COST, CURRENCY = "BilledCost", "BillingCurrency"
MOST = 128 * 1024 * 1024  # bytes of Parquet that earlier batches are looked through for
_PERIOD = ("ChargePeriodStart", "ChargePeriodEnd")
_NULL, _END = "\ufdd0", "\ufdd1"  # no characters of any text


@dataclass(frozen=True)
class Keyed:
    """Rows by what tells them apart, with what they cost."""

    keys: pa.Array
    costs: pa.Array
    currencies: pa.Array


def told(
    lake: Store, folder: str, line: Line, ledger: Ledger, declaration: Declaration
) -> Iterator[str]:
    """What to say of repeated rows of a batch whose files lie in folder, not yet published."""
    if declaration.delivery == "snapshot" or not line.data_files:
        return
    paths = [f"{folder}/{file['name']}" for file in line.data_files]
    new = _read(lake, paths, declaration)
    of = f"{line.provider}/{line.yearmonth}/{line.batch_ts}"
    if declaration.delivery == "upsert":
        if repeats := _within(new):
            yield (
                f"{of}: {_counted(new, repeats)} repeat a key within the batch, so the last of "
                f"each is live; if they are different charges, add a column to key: "
                f"{_example(new, repeats)}"
            )
        return
    earlier, is_all = _earlier(lake, ledger, line, sum(f["bytes"] for f in line.data_files))
    again = pc.is_in(new.keys, value_set=_keys_of(lake, earlier, declaration))
    if repeated := [n for n, one in enumerate(again.to_pylist()) if one]:
        some = "" if is_all else f" (of those only {len(earlier)} were looked at)"
        yield (
            f"{of}: {_counted(new, repeated)} repeat rows of earlier batches of the month{some}, "
            f'and all of them count; if they replace those, declare delivery = "upsert" with '
            f"its key: {_example(new, repeated)}"
        )


def _columns(declaration: Declaration) -> list[str]:
    """What tells rows apart: the key, else every column of text, and the period."""
    if declaration.key:
        return list(dict.fromkeys([*declaration.key, *_PERIOD, "x_Export"]))
    texts = [
        column.name
        for column in declaration.columns
        if column.stored == "string" and column.origin != "focus_lake"
    ]
    return [*texts, *_PERIOD, "x_Export"]


def _read(lake: Store, paths: Iterable[str], declaration: Declaration) -> Keyed:
    by = _columns(declaration)
    if declaration.delivery == "upsert":
        by = list(dict.fromkeys([*declaration.key, "x_Export"]))
    tables = []
    for path in paths:
        with lake.open(path) as file:
            tables.append(pq.read_table(file, columns=list(dict.fromkeys([*by, COST, CURRENCY]))))
    rows = pa.concat_tables(tables).combine_chunks()
    words = [pc.fill_null(pc.cast(rows[name], pa.string()), _NULL) for name in by]
    keys = pc.binary_join_element_wise(*words, _END)
    return Keyed(_whole(keys), _whole(rows[COST]), _whole(rows[CURRENCY]))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _keys_of(lake: Store, lines: Iterable[Line], declaration: Declaration) -> pa.Array:
    found = [
        pc.unique(_read(lake, [_path(line, file)], declaration).keys)
        for line in lines
        for file in line.data_files
    ]
    return pa.concat_arrays(found) if found else pa.array([], pa.string())


def _path(line: Line, file: dict) -> str:
    return f"{publications.folder(publications.NORMALIZED, line)}/{file['name']}"


def _earlier(lake: Store, ledger: Ledger, line: Line, size: int) -> tuple[list[Line], bool]:
    """The published batches of the month before this one, the newest first, up to MOST bytes."""
    others = [
        one
        for one in ledger.published(line.yearmonth)
        if one.batch_ts < line.batch_ts and set(one.exports) & set(line.exports)
    ]
    chosen: list[Line] = []
    for one in sorted(others, key=lambda one: one.batch_ts, reverse=True):
        size += sum(file["bytes"] for file in one.data_files)
        if size > MOST:
            return chosen, False
        chosen.append(one)
    return chosen, True


def _within(new: Keyed) -> list[int]:
    """The rows whose key a later row of the batch has, too."""
    encoded = new.keys.dictionary_encode().indices.to_pylist()
    last = {key: n for n, key in enumerate(encoded)}
    return [n for n, key in enumerate(encoded) if last[key] != n]


def _counted(new: Keyed, rows: list[int]) -> str:
    sums: dict[str, Decimal] = {}
    for n in rows:
        currency = new.currencies[n].as_py() or "no currency"
        sums[currency] = sums.get(currency, Decimal(0)) + (new.costs[n].as_py() or Decimal(0))
    money = ", ".join(f"{currency} {amount.normalize():,f}" for currency, amount in sums.items())
    return f"{len(rows):,} of {len(new.keys):,} rows, billed {money},"


def _example(new: Keyed, rows: list[int]) -> str:
    words = new.keys[rows[0]].as_py().split(_END)
    return "such as " + ", ".join("null" if word == _NULL else word for word in words)[:200]
