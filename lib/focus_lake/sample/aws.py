"""AWS's sample exports: FOCUS 1.2 overwritten in place, FOCUS 1.0 with a folder for each refresh.

Parquet with doubles and maps, as Data Exports delivers it, or gzip'd CSV; a manifest, which is
written last, names the files of a delivery.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pyarrow as pa

from focus_lake.sample.bill import COSTS, bill_of, of_version
from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month, Push, SampleOptions, account_months, pushes, spans
from focus_lake.sample.tables import ManifestFile, TableFile, mapped, with_times
from focus_lake.spec import columns

_TEXTS = pa.map_(pa.string(), pa.string())
_DOUBLES = pa.map_(pa.string(), pa.float64())
_CSV_TIME = "%Y-%m-%dT%H:%M:%S.000Z"


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample: for each delivery its parts and then its manifest."""
    accounts = catalogue("aws")["accounts"]
    shares = [account["share"] for account in accounts]
    files: list[Planned] = []
    for month in account_months(options, shares, catalogue("aws")["percent"]):
        deliveries = list(pushes(month, options))
        if not accounts[month.account]["create_new"]:
            deliveries = deliveries[-1:]  # each overwrites the one before it
        for push in deliveries:
            files += _delivery(month, push, options)
    return files


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    exports = [account["export"] for account in catalogue("aws")["accounts"]]
    return path.startswith(tuple(f"{e}/{kind}/" for e in exports for kind in ("data", "metadata")))


def _delivery(month: Month, push: Push, options: SampleOptions) -> Iterator[Planned]:
    account = catalogue("aws")["accounts"][month.account]
    at = push.at(account["hour"], month.account).replace(tzinfo=UTC)
    export, name = account["export"], account["export"].split("/")[-1]
    folder = f"BILLING_PERIOD={month.start:%Y-%m}/"
    if account["create_new"]:
        folder += f"{at:%Y-%m-%dT%H:%M:%S}.000Z-{Picks(export, month.name, at).guid()}/"
    is_csv = account["csv"] and month.name != options.until
    format, extension = ("csv.gz", ".csv.gz") if is_csv else ("parquet", ".snappy.parquet")
    batch = {"yearmonth": month.name, "batch_ts": f"{at:%Y%m%d%H%M%S}", "export": export}
    paths: list[str] = []
    for first, last in spans(push.rows, options.parts, catalogue("aws")["part_count"]):
        paths.append(f"aws/{export}/data/{folder}{name}-{len(paths) + 1:05}{extension}")
        make = partial(_table, month, push.number, first, last, format)
        # The manifest comes last, and its time is that of the delivery.
        written = at - timedelta(minutes=5) + timedelta(seconds=len(paths))
        yield TableFile(
            path=paths[-1],
            rows=last - first,
            format=format,
            table=make,
            **batch,
            modified=written,
        )
    content = partial(_manifest, month, at, tuple(paths))
    path = f"aws/{export}/metadata/{folder}{name}-Manifest.json"
    yield ManifestFile(path, **batch, names=tuple(paths), content=content, modified=at)


def _manifest(month: Month, at: datetime, paths: tuple[str, ...], sizes: list[int]) -> dict:
    """Only that it lists the files is documented."""
    bucket = catalogue("aws")["bucket"]
    return {
        "billingPeriod": f"{month.start:%Y-%m}",
        "executionTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "dataFiles": [f"{bucket}/{path.removeprefix('aws/')}" for path in paths],
    }


def _table(month: Month, push: int, first: int, last: int, format: str) -> pa.Table:
    version = catalogue("aws")["accounts"][month.account]["version"]
    bill = bill_of("aws", month).table(first, last, push)
    categories = mapped(bill["Tags"], _categories, pa.string())
    bill = bill.append_column("x_CostCategories", categories)
    bill = bill.append_column("x_Discounts", _discounts(bill))
    table = of_version(bill, version, also=catalogue("aws")["own_columns"][version])
    return with_times(table, _CSV_TIME) if format == "csv.gz" else _typed(table)


def _categories(tags: str) -> str | None:
    """Cost categories are rules of the account's own; this one goes by a tag."""
    cost_center = json.loads(tags).get("CostCenter")
    return json.dumps({"Department": cost_center}) if cost_center else None


def _discounts(bill: pa.Table) -> pa.Array:
    """By kind of discount the amount, negative, that a cost is below the list price."""
    texts = []
    for listed, contracted in zip(*(bill[c].to_pylist() for c in COSTS[2:]), strict=True):
        less = Decimal(contracted) - Decimal(listed)
        texts.append(f'{{"x_Negotiated":{less:f}}}' if less else None)
    return pa.array(texts, pa.string())


def _typed(table: pa.Table) -> pa.Table:
    """Money and quantities as doubles, Tags and such as maps."""
    found = {}
    for name in table.column_names:
        values = table[name]
        known = next((column for column in columns.focus() if column.name == name), None)
        if known is not None and known.stored == "decimal":
            values = values.cast(pa.float64())
            values = _summed(values) if name in COSTS else values
        elif pa.types.is_timestamp(values.type):
            values = values.cast(pa.timestamp("ms", "UTC"))
        elif name in ("Tags", "x_CostCategories"):
            values = mapped(values, _items, _TEXTS)
        elif name == "x_Discounts":
            values = mapped(values, _items, _DOUBLES)
        found[name] = values
    return pa.table(found)


def _summed(values: pa.ChunkedArray) -> pa.Array:
    """Doubles added up from parts, as bills have them: 0.30000000000000004 rather than 0.3.

    Only amounts of 1 and more, so that no shortest text has more than 18 decimals to be rounded
    away, and the sums of these texts are the sums of the bill.
    """
    whole = values.to_numpy()
    summed = whole / 10 * 3 + whole / 10 * 7
    return pa.array(np.where(np.abs(whole) < 1, whole, summed))


def _items(text: str) -> list[tuple]:
    return list(json.loads(text).items())
