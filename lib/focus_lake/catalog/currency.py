"""Exchange rates: what the views in the reporting currency are made of, and what is wrong in the
user's own rates."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from focus_lake.errors import OptionsError
from focus_lake.spec import columns
from focus_lake.storage.base import Store

FOLDER = "reference/fx_rates"
HEADER = ["from", "to", "valid_from", "rate"]
CODE = re.compile(r"[A-Z]{3}")  # ISO 4217
# As in focus_exchange_rates: what fits into decimal(20,12), so that no rate is ever rounded.
RATE = re.compile(r"[0-9]{1,8}(\.[0-9]{1,12})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SHOWN = 5  # wrong lines in one message


class Rate(NamedTuple):
    """One line: how many units of `target` one unit of `source` is from a day on."""

    source: str
    target: str
    valid_from: str
    rate: Decimal
    line: str


def check_code(currency: str) -> None:
    """OptionsError unless it is a currency's code."""
    if not CODE.fullmatch(currency):
        raise OptionsError(
            f"--reporting_currency {currency!r}: use the three capital letters of ISO 4217, "
            "such as USD"
        )


def values(reporting: str) -> dict[str, str]:
    """The placeholders of the views with converted costs."""
    return {
        "reporting_currency": reporting,
        "converted_costs": ",\n".join(map(_converted, costs())),
    }


def costs() -> list[str]:
    """The columns that are amounts in BillingCurrency, in the column table's order."""
    return [column.name for column in columns.focus() if column.unit == "BillingCurrency"]


def _converted(cost: str) -> str:
    whole = f"CAST(TRUNCATE({cost}) AS decimal(20, 0))"
    rest = f"CAST({cost} - TRUNCATE({cost}) AS decimal(18, 18))"
    return (
        f"    CAST({whole} * x_FxRate AS decimal(38, 18))\n"
        f"    + CAST({rest} * x_FxRate AS decimal(38, 18)) AS x_{cost}Converted"
    )


def problems(store: Store) -> list[str]:
    """What is wrong with the rates in the lake, by file and line; such lines give no rate."""
    found: list[str] = []
    first: dict[tuple, Rate] = {}
    for entry in store.list(FOLDER):
        name = entry.path.rsplit("/", 1)[-1]
        if name.startswith((".", "_")):
            continue  # no engine reads it
        if not name.endswith(".csv"):
            found.append(f"{entry.path}: not a .csv file, yet Athena takes it for rates; move it")
            continue
        for rate in _read(store, entry.path, found):
            other = first.setdefault(rate[:3], rate)
            if other.rate != rate.rate:
                found.append(
                    f"{rate.line}: {rate.source} to {rate.target} from {rate.valid_from} is "
                    f"{rate.rate} here and {other.rate} in {other.line}; neither is used"
                )
    return found


def told(found: list[str]) -> str:
    """The problems as the reason of a failure."""
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"{'; '.join(found[:SHOWN])}{more}. What such a line would convert is null meanwhile, and "
        "counted in focus_missing_rates"
    )


def _read(store: Store, path: str, found: list[str]) -> Iterator[Rate]:
    """The good lines of one file; the others go into `found`."""
    try:
        text = (store.read(path)[0] or b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.append(f"{path}: not UTF-8: {error}; save it as UTF-8")
        return
    rows = csv.reader(text.splitlines())
    header = next(rows, [])
    if header != HEADER:
        found.append(
            f"{path} line 1: the header must be {','.join(HEADER)}, it is {','.join(header)!r}"
        )
    for row in rows:
        line = f"{path} line {rows.line_num}"
        values = [value.strip() for value in row]
        if not any(values):
            continue
        if wrong := _wrong(values):
            found.append(f"{line}: {wrong}")
        else:
            source, target, valid_from, rate = values
            yield Rate(source.upper(), target.upper(), valid_from, Decimal(rate), line)


def _wrong(row: list[str]) -> str | None:
    """Why a line gives no rate."""
    if len(row) != len(HEADER):
        return f"{len(row)} fields, there must be 4; decimals are written with a point"
    source, target, valid_from, rate = row
    for currency in (source, target):
        if not CODE.fullmatch(currency.upper()):
            return f"{currency!r} is not a currency code of three letters"
    if source.upper() == target.upper():
        return f"{source} to {target}: a currency against itself is always 1; remove the line"
    if not _is_day(valid_from):
        return f"valid_from {valid_from!r} is not a day, such as 2026-01-31"
    if not RATE.fullmatch(rate) or not Decimal(rate):
        return (
            f"rate {rate!r} must be a number above 0 with at most 8 digits before the point and "
            "12 after it"
        )
    return None


def _is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
