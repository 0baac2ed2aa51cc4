"""Sample exports for tests, and reading raw files back without our own readers."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from focus_lake import options
from focus_lake.sample.__main__ import main
from focus_lake.sample.options import SampleOptions

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def make(out: Path, provider: str, **given) -> Path:
    """The folder of a provider's sample, made by the command; its truth lies beside it."""
    given = {"providers": provider, "truth": out / "truth.json", "workers": 1} | given
    given = {"until": "202601"} | given
    assert (
        main(options.parse(SampleOptions, [f"--{n}={v}" for n, v in {"out": out, **given}.items()]))
        == 0
    )
    return out / provider


def paths(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def digests(folder: Path) -> dict[str, tuple]:
    """path -> hash of the bytes."""
    return {
        path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in paths(folder)
    }


def rows_of(path: Path) -> list[dict]:
    """The rows of one raw file: texts of a CSV, JSON's numbers as Decimal, Parquet's own types."""
    if path.name.endswith(".parquet"):
        return pq.read_table(path, partitioning=None).to_pylist()
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.name.endswith(".gz") else data).decode("utf-8")
    if path.name.endswith(".json"):
        return json.loads(text, parse_float=Decimal)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def decimal_of(value) -> Decimal | None:
    """Money of any type; of a double the shortest text; None for what stands for nothing."""
    if value is None or value == "":
        return None
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def sums(rows: list[dict], currency: str | None = None) -> dict[str, dict[str, Decimal | None]]:
    """currency -> cost -> sum, None where all of it is null; currency: where no column says it."""
    found: dict = defaultdict(lambda: dict.fromkeys(COSTS))
    for row in rows:
        kept = found[currency or row["BillingCurrency"]]
        for cost in COSTS:
            if (value := decimal_of(row.get(cost))) is not None:
                kept[cost] = (kept[cost] or Decimal(0)) + value
    return dict(found)


def truth(out: Path) -> dict[tuple[str, str, str], dict]:
    """(yearmonth, batch_ts, export) -> what the sample says of a batch, sums as Decimal."""
    found = {}
    for line in json.loads((out / "truth.json").read_text(encoding="utf-8")):
        for columns in line["sums"].values():
            columns.update({name: text and Decimal(text) for name, text in columns.items()})
        found[line["yearmonth"], line["batch_ts"], line["export"]] = line
    return found
