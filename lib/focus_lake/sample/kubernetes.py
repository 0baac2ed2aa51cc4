"""Kubernetes' sample: a Parquet file a day, as OpenCost's exporter writes it, idle cost a row."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.numbers import Picks
from focus_lake.sample.options import SampleOptions, months
from focus_lake.sample.tables import TableFile

_DAY = timedelta(days=1)
_TEXTS = ("name", "window.start", "window.end", "properties.cluster", "properties.namespace")
_OF_PODS = ("properties.controller", "properties.controllerKind", "label.team")
_COSTS = ("cpuCost", "ramCost", "totalCost")


def plan(options: SampleOptions) -> list[Planned]:
    """A file for each day that is over."""
    days = [
        start + number * _DAY
        for start, end in months(options)
        for number in range((end - start).days)
    ]
    return [_file(day, options.seed) for day in days if options.has_come(day + _DAY)]


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith(f"{catalogue('kubernetes')['cluster']}/year=")


def _file(day: datetime, seed: int) -> TableFile:
    words = catalogue("kubernetes")
    folder = f"{words['cluster']}/year={day.year}/month={day.month}/day={day.day}"
    return TableFile(
        path=f"kubernetes/{folder}/{words['file']}",
        rows=len(words["workloads"]),
        yearmonth=f"{day:%Y%m}",
        batch_ts=f"{day:%Y%m%d}000000",
        export=words["cluster"],
        format="parquet",
        table=partial(_table, day, seed),
        currency="USD",
    )


def _table(day: datetime, seed: int) -> pa.Table:
    words = catalogue("kubernetes")
    rows = []
    for number, workload in enumerate(words["workloads"]):
        picks = Picks(seed, f"{day:%Y%m%d}", number)
        cpu, ram = picks.below(1_000_000) / 100_000, picks.below(500_000) / 100_000
        rows.append(
            {
                "name": f"{words['cluster']}/{workload['namespace']}/{number}",
                "window.start": f"{day:%Y-%m-%dT00:00:00Z}",
                "window.end": f"{day + _DAY:%Y-%m-%dT00:00:00Z}",
                "properties.cluster": words["cluster"],
                "properties.namespace": workload["namespace"],
                "properties.controller": workload.get("controller"),
                "properties.controllerKind": workload.get("kind"),
                "label.team": workload.get("team"),
                "cpuCost": cpu,
                "ramCost": ram,
                "totalCost": cpu + ram,  # the exporter's are doubles, too, and no money is billed
            }
        )
    fields = [(name, pa.string()) for name in (*_TEXTS, *_OF_PODS)]
    return pa.Table.from_pylist(
        rows, pa.schema([*fields, *((name, pa.float64()) for name in _COSTS)])
    )
