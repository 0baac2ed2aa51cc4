"""AI spend's sample exports: one row is one call of a model, as CSV and in the last month as JSON.

Names and notation are those that the vendor documents: ends of periods are
inclusive, tags are columns of their own, costs have six decimals and more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month, Push, SampleOptions, account_months, pushes
from focus_lake.sample.tables import TableFile

_HOUR = 7  # of the export, UTC
_PICO = 10**12
_LEAST_DECIMALS = 6
_SECOND = timedelta(seconds=1)


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample: each export is the month to date."""
    return [
        _export(month, push, options)
        for month in account_months(options, [1], catalogue("ai_spend")["percent"])
        for push in pushes(month, options)
    ]


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith(f"{catalogue('ai_spend')['export']}/")


def _export(month: Month, push: Push, options: SampleOptions) -> TableFile:
    words, at = catalogue("ai_spend"), push.at(_HOUR, 0)
    format = "json" if month.name == options.until else "csv"
    folder = f"ai_spend/{words['export']}/{month.name}/{at:%Y%m%d%H%M%S}"
    return TableFile(
        path=f"{folder}/focus-export.{format}",
        rows=push.rows,
        yearmonth=month.name,
        batch_ts=f"{at:%Y%m%d%H%M%S}",
        export=words["export"],
        format=format,
        table=partial(_table, month, push.rows),
        currency=words["currency"],
        bare=tuple(words["bare"]),
    )


def _table(month: Month, rows: int) -> pa.Table:
    calls = [_call(month, number) for number in range(rows)]
    return pa.Table.from_pylist(
        calls, pa.schema([(name, pa.string()) for name in catalogue("ai_spend")["columns"]])
    )


def _call(month: Month, number: int) -> dict[str, str | None]:
    words = catalogue("ai_spend")
    picks = Picks(month.seed, words["account"], month.name, number)
    model, department = picks.one(words["models"]), picks.one(words["departments"])
    tokens_in, tokens_out = 1 + picks.below(4_000), picks.below(1_500)
    is_cached = picks.below(5) == 0
    price = model["cached" if is_cached else "input"]
    cost = _dollars(tokens_in * price + tokens_out * model["output"])
    return {
        "BillingAccountId": words["account"],
        "BillingPeriodStart": _time(month.start),
        "BillingPeriodEnd": _time(month.end - _SECOND),
        "ProviderName": model["provider"],
        "ServiceName": model["name"],
        "SubAccountName": department or None,
        "ResourceId": f"call_{picks.hexadecimal(8)}",
        "BilledCost": cost,
        "UsageQuantity": str(tokens_in + tokens_out),
        "x-cog-InputTokenCount": str(tokens_in),
        "x-cog-OutputTokenCount": str(tokens_out),
        "x-cog-CacheHit": "true" if is_cached else "false",
        "Tags/x-cost-feature": picks.one(words["features"]),
        "Tags/x-cost-department": department or None,
        "Tags/x-cost-user": picks.one(words["users"]) or None,
        "Tags/x-cog-classification": picks.one(words["classifications"]),
    }


def _dollars(pico: int) -> str:
    """Decimal text with six decimals, or as many more as it has."""
    whole, rest = divmod(pico, _PICO)
    digits = f"{rest:012}"
    return f"{whole}.{digits[:_LEAST_DECIMALS]}{digits[_LEAST_DECIMALS:].rstrip('0')}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
