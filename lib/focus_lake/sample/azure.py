"""Azure's sample exports: each run is the month to date, in a folder of its own with a manifest.

One export comes as gzip'd CSV, of dataset 1.0 and in the last month of 1.2; one as Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from focus_lake.sample.bill import COSTS, bill_of, declared, of_version, own_columns
from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month, Push, SampleOptions, account_months, pushes, spans
from focus_lake.sample.tables import ManifestFile, TableFile, with_times
from focus_lake.spec import columns

_EXTENSIONS = {"csv.gz": ".csv.gz", "parquet": ".snappy.parquet"}


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample: for each run its parts and its manifest."""
    accounts = catalogue("azure")["accounts"]
    shares = [account["share"] for account in accounts]
    return [
        file
        for month in account_months(options, shares, catalogue("azure")["percent"])
        for push in pushes(month, options)
        for file in _run(month, push, options)
    ]


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith(tuple(f"{a['export']}/" for a in catalogue("azure")["accounts"]))


def _run(month: Month, push: Push, options: SampleOptions) -> Iterator[Planned]:
    account = catalogue("azure")["accounts"][month.account]
    at = push.at(account["hour"], month.account)
    run = Picks(account["export"], month.name, push.date).guid()
    last_day = month.end - timedelta(days=1)
    folder = f"azure/{account['export']}/{month.start:%Y%m%d}-{last_day:%Y%m%d}/{run}"
    version = account["versions"][month.name == options.until]
    batch = {
        "yearmonth": month.name,
        "batch_ts": f"{at:%Y%m%d%H%M%S}",
        "export": account["export"],
    }
    files = [
        TableFile(
            path=f"{folder}/part_0_{part:04}{_EXTENSIONS[account['format']]}",
            rows=last - first,
            format=account["format"],
            table=partial(_table, month, version, push.number, first, last),
            **batch,
        )
        for part, (first, last) in enumerate(spans(push.rows, options.parts), 1)
    ]
    yield from files
    names = tuple(file.path for file in files)
    blobs = [(file.path.removeprefix("azure/"), file.rows) for file in files]
    content = partial(_manifest, month, at, version, blobs)
    yield ManifestFile(f"{folder}/manifest.json", **batch, names=names, content=content)


def _manifest(month: Month, at: datetime, version: str, blobs: list, sizes: list[int]) -> dict:
    """As documented for exports with partitioned files, format 2024-04-01."""
    account = catalogue("azure")["accounts"][month.account]
    root, export = account["export"].split("/")
    is_csv = account["format"] == "csv.gz"
    return {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(sizes),
        "blobCount": len(blobs),
        "dataRowCount": sum(rows for _, rows in blobs),
        "exportConfig": {
            "exportName": export,
            "dataVersion": version,
            "type": "FocusCost",
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv" if is_csv else "Parquet",
            "compressionMode": "Gzip" if is_csv else "Snappy",
            "rootFolderPath": root,
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z",
            "runId": blobs[0][0].split("/")[-2],
            "startDate": f"{month.start:%Y-%m-%dT%H:%M:%S}",
            "endDate": f"{month.end - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
        },
        "blobs": [
            {"blobName": name, "byteCount": size, "dataRowCount": rows}
            for (name, rows), size in zip(blobs, sizes, strict=True)
        ],
    }


def _table(month: Month, version: str, push: int, first: int, last: int) -> pa.Table:
    bill = _with_own(bill_of("azure", month).table(first, last, push), month)
    own = own_columns("azure")
    if version == "1.0":
        own = [name for name in own if name not in catalogue("azure")["since_1_2"]]
        own += declared("azure").renames
    table = of_version(bill, version.removesuffix("-preview"), also=own)
    if catalogue("azure")["accounts"][month.account]["format"] == "csv.gz":
        return with_times(table, catalogue("azure")["times"][version])
    return _typed(table)


def _with_own(bill: pa.Table, month: Month) -> pa.Table:
    """With columns of Azure's own that follow from the others."""
    own = {"x_ServicePeriodStart": "ChargePeriodStart", "x_ServicePeriodEnd": "ChargePeriodEnd"}
    own |= {"x_BilledUnitPrice": "ContractedUnitPrice", "x_SkuMeterId": "SkuId"}
    own |= declared("azure").renames  # the older names of the same columns
    if catalogue("azure")["accounts"][month.account]["currency"] == "USD":
        own |= {f"x_{cost}InUsd": cost for cost in COSTS}
    for name, like in own.items():
        bill = bill.append_column(name, bill[like])
    # The rate of the month's first day; 1, since prices are in the billing currency here.
    for name, text in (
        ("x_BillingExchangeRate", "1"),
        ("x_BillingExchangeRateDate", f"{month.start:%m/%d/%Y}"),
    ):
        bill = bill.append_column(name, pa.array([text] * bill.num_rows, pa.string()))
    return bill


def _typed(table: pa.Table) -> pa.Table:
    """Decimals and timestamps by the FOCUS columns' types; Tags stay JSON text."""
    kinds = {column.name: columns.arrow_type(column.stored) for column in columns.focus()}
    for at, field in enumerate(table.schema):
        kind = kinds.get(field.name, field.type)
        if pa.types.is_decimal(kind) or pa.types.is_timestamp(field.type):
            kind = kind if pa.types.is_decimal(kind) else pa.timestamp("us")
            table = table.set_column(at, field.name, table.column(at).cast(kind))
    return table
