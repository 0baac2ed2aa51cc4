"""Raw bills of every provider read again, by other means than the job: rows of what is live.

csv, json and pyarrow alone; which delivery is live is told here from paths and manifests, as their
documentation says.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext
from pathlib import Path

import pyarrow.parquet as pq

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
READ = ("BillingCurrency", *COSTS)
NULLS = {None, "", "-", "null", "NULL", "\\N"}
STEP = Decimal("1e-18")
# Below each provider's folder: groups month (or year and mm), export, and time of the delivery.
PATHS = {
    "alibaba": r"(?P<month>\d{6})/(?P<time>\d{14})/(?P<export>\d+_\d+)_.*",
    "aws": r"(?P<export>.+)/data/BILLING_PERIOD=(?P<month>[^/]+)/(?:(?P<time>[^/]+)/)?[^/]+",
    "azure": r"(?P<export>.+)/(?P<month>\d{6})01-\d{8}/(?P<run>[^/]+)/part[^/]*",
    "gcp": r"(?P<export>.+)/(?P<month>\d{6})/(?P<time>\w+)/[^/]+",
    "datacenter": r"(?P<export>.+)/(?P<month>\d{6})/(?P<time>\w+)/[^/]+",
    "ai_spend": r"(?P<export>.+)/(?P<month>\d{6})/(?P<time>\w+)/[^/]+",
    "oci": r"(?:(?P<export>.+)/)?FOCUS Reports/(?P<year>\d{4})/(?P<mm>\d\d)/\d\d/[^/]+",
}
DEFAULTS = {"ai_spend": {"BillingCurrency": "USD"}}
FILLED = {"ai_spend": {"EffectiveCost": "BilledCost"}}  # from the other where it has none


def deliveries(raw: Path, provider: str) -> tuple[dict, int]:
    """({(month, export): files of the live delivery}, how many deliveries are superseded)."""
    found: dict = defaultdict(lambda: defaultdict(list))
    folder = raw / provider
    for path in (path for path in sorted(folder.rglob("*")) if path.is_file()):
        match = re.fullmatch(PATHS[provider], path.relative_to(folder).as_posix())
        if match is None:
            continue
        groups = match.groupdict()
        month = (groups.get("month") or groups["year"] + groups["mm"]).replace("-", "")
        found[month, groups["export"]][_time(path, groups)].append(path)
    live = {key: times[max(times)] for key, times in found.items()}
    return live, sum(len(times) for times in found.values()) - len(live)


def _time(path: Path, groups: dict) -> str:
    if "run" in groups:
        about = json.loads((path.parent / "manifest.json").read_text())
        return about["runInfo"]["submittedTime"]
    return groups.get("time") or ""


def live_rows(raw: Path, provider: str) -> Iterator[tuple[str, dict]]:
    """(month, currency and costs as Decimal or None) of each live charge."""
    for (month, _), files in deliveries(raw, provider)[0].items():
        for path in files:
            for row in _rows(path):
                given = {name: row.get(name) for name in READ}
                chosen = {k: None if v in NULLS else v for k, v in given.items()}
                for column, other in FILLED.get(provider, {}).items():
                    chosen[column] = chosen[column] or chosen[other]
                yield month, _exact({**DEFAULTS.get(provider, {}), **_present(chosen)})


def _present(row: dict) -> dict:
    return {name: value for name, value in row.items() if value is not None}


def _exact(row: dict) -> dict:
    """Costs as Decimal; a double is the number that its shortest text says."""
    with localcontext(prec=60):
        amounts = {name: Decimal(str(row[name])) for name in COSTS if name in row}
        costs = {name: value.quantize(STEP) for name, value in amounts.items()}
    return {"BillingCurrency": row.get("BillingCurrency"), **costs}


def _rows(path: Path) -> Iterable[dict]:
    if path.suffix == ".parquet":
        names = set(pq.read_schema(path).names)
        return pq.ParquetFile(path).read([n for n in READ if n in names]).to_pylist()
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)
    return [row for text in _texts(path) for row in csv.DictReader(io.StringIO(text, newline=""))]


def _texts(path: Path) -> list[str]:
    data = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(name).decode("utf-8-sig") for name in archive.namelist()]
    return [(gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")]


def sums(raw: Path, providers: Iterable[str]) -> dict[tuple, Decimal]:
    """(provider, month, currency, cost) -> exact sum, where any row has that cost."""
    found: dict[tuple, Decimal] = defaultdict(Decimal)
    with localcontext(prec=60):
        for provider in providers:
            for month, row in live_rows(raw, provider):
                for cost in set(COSTS) & row.keys():
                    found[provider, month, row["BillingCurrency"], cost] += row[cost]
    return dict(found)
