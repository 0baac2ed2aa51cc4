"""A datacenter's sample bill: monthly allocations, in the few columns a finance system knows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import Month, SampleOptions, account_months, pushes
from focus_lake.sample.tables import TableFile

_CLOSED, _CORRECTED = timedelta(days=2, hours=8), timedelta(days=7, hours=8)  # after the month


def plan(options: SampleOptions) -> list[Planned]:
    """Two bills a month: when the books are closed, and again when they are corrected."""
    sites = catalogue("datacenter")["sites"]
    shares = [site["share"] for site in sites]
    files: list[Planned] = []
    for month in account_months(options, shares, catalogue("datacenter")["percent"]):
        delivered = list(pushes(month, options))
        is_all = bool(delivered) and delivered[-1].number == 0
        for after, is_first in ((_CLOSED, True), (_CORRECTED, False)):
            come = is_all and options.has_come(month.end + after)
            if come and (options.pushes > 1 or not is_first):
                files.append(_bill(month, month.end + after, is_first))
    return files


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    exports = [site["export"] for site in catalogue("datacenter")["sites"]]
    return path.startswith(tuple(f"{export}/" for export in exports))


def _bill(month: Month, at: datetime, is_first: bool) -> TableFile:
    export = catalogue("datacenter")["sites"][month.account]["export"]
    return TableFile(
        path=f"datacenter/{export}/{month.name}/{at:%Y%m%d%H%M%S}/allocation.csv",
        rows=month.rows,
        yearmonth=month.name,
        batch_ts=f"{at:%Y%m%d%H%M%S}",
        export=export,
        format="csv",
        table=partial(_table, month, is_first),
    )


def _table(month: Month, is_first: bool) -> pa.Table:
    rows = [_row(month, number, is_first) for number in range(month.rows)]
    return pa.Table.from_pylist(
        rows, pa.schema([(name, pa.string()) for name in catalogue("datacenter")["columns"]])
    )


def _row(month: Month, number: int, is_first: bool) -> dict[str, str]:
    """One application's part of one pool's cost."""
    words, shared = catalogue("datacenter"), catalogue("bill")["tags"]["values"]
    site, pool = words["sites"][month.account], words["pools"][number % len(words["pools"])]
    picks = Picks(month.seed, site["account"], month.name, number)
    cents = pool["weight"] * (100 + picks.below(90_000))
    estimate = picks.below(5_000)  # until the books are corrected
    if is_first and number % 10 == 0:
        cents += estimate
    tags = {
        "CostCenter": picks.one(shared[3]),
        "Environment": picks.one(words["environments"]),
        "Application": picks.one(shared[5]),
    }
    start, end = f"{month.start:%Y-%m-%d}", f"{month.end:%Y-%m-%d}"
    cost = f"{cents // 100}.{cents % 100:02}"
    return words["names"] | {
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{pool['service']}, {tags['Application']}",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "BillingCurrency": words["currency"],
        "BillingAccountId": site["account"],
        "ServiceName": pool["service"],
        "ServiceCategory": pool["category"] or None,
        "RegionId": site["export"],
        "Tags": json.dumps(tags) if number % 9 else None,
    }
