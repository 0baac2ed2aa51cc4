"""LiteLLM's sample: a file holds the rows that changed in its window, with totals of the day.

Months before the last are daily Parquet; of the last the first day is hourly, and all is CSV. Each
daily file has a row of the day before again, with a total that has grown.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month, SampleOptions, account_months
from focus_lake.sample.tables import TableFile

_MICRO = 10**6
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample that has come by now."""
    files: list[Planned] = []
    for month in account_months(options, [1], catalogue("litellm")["percent"]):
        is_last = month.name == options.until
        for number in range(month.days):
            day = month.start + number * _DAY
            hours = range(catalogue("litellm")["hours"]) if is_last and number == 0 else (None,)
            for hour in hours:
                start = day if hour is None else day + hour * _HOUR
                end = start + (_DAY if hour is None else _HOUR)
                if options.has_come(end):
                    files.append(_file(month, day, start, end, is_last))
    return files


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith(f"{catalogue('litellm')['export']}/date=")


def _file(month: Month, day: datetime, start: datetime, end: datetime, is_last: bool) -> TableFile:
    export, format = catalogue("litellm")["export"], "csv" if is_last else "parquet"
    hour = f"hour={start:%H}/" if end - start == _HOUR else ""
    name = f"usage_{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}.{format}"
    late = day > month.start
    return TableFile(
        path=f"litellm/{export}/date={start:%Y-%m-%d}/{hour}{name}",
        rows=len(catalogue("litellm")["calls"]) + late,
        yearmonth=f"{start:%Y%m}",
        batch_ts=f"{end:%Y%m%d%H%M%S}",
        export=export,
        format=format,
        table=partial(_table, month, day, start.hour, late, format),
    )


def _table(month: Month, day: datetime, version: int, late: bool, format: str) -> pa.Table:
    calls = range(len(catalogue("litellm")["calls"]))
    rows = [_row(month, day, number, version) for number in calls]
    if late:  # what was still running at midnight
        rows.append(_row(month, day - _DAY, 0, 24))
    names = catalogue("litellm")["columns"]
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))
    if format == "csv":
        return table
    costs = [name for name in names if name.endswith("Cost") or name.endswith("Quantity")]
    for name in costs:
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].cast(pa.decimal128(18, 6)))
    return table


def _row(month: Month, day: datetime, number: int, version: int) -> dict[str, str | None]:
    call = catalogue("litellm")["calls"][number]
    picks = Picks(month.seed, month.name, day.day, number)
    total = picks.below(20 * _MICRO) + version * picks.below(_MICRO)
    cost, requests = f"{total // _MICRO}.{total % _MICRO:06}", str(1 + picks.below(500) + version)
    start, end = f"{day:%Y-%m-%dT00:00:00Z}", f"{day + _DAY:%Y-%m-%dT00:00:00Z}"
    tags = {"user_id": call["user"], "api_key_alias": call["alias"], "team_alias": call["team"]}
    row = dict.fromkeys(catalogue("litellm")["columns"])
    row |= dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost)
    row |= dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), requests)
    row |= dict.fromkeys(("ConsumedUnit", "PricingUnit"), "Requests")
    row |= dict.fromkeys(("BillingPeriodStart", "ChargePeriodStart"), start)
    row |= dict.fromkeys(("BillingPeriodEnd", "ChargePeriodEnd"), end)
    row |= dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), call["provider"])
    row |= dict.fromkeys(("ResourceId", "ResourceName", "ResourceType"), call["model"])
    row |= dict.fromkeys(("ServiceName", "ChargeDescription"), call["model"])
    row |= dict.fromkeys(("SubAccountId", "SubAccountName"), call["team"])
    return row | {
        "BillingAccountId": call["key"],
        "BillingAccountName": call["alias"],
        "BillingAccountType": "API Key",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "Tags": json.dumps(tags),
    }
