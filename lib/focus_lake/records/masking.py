"""Masked views: columns that can name a person, as a keyed hash or not at all.

The same value gets the same hash in every row, month and view, so that groups stay groups. Without
the key, which only the refresh reads, nobody can try names out. The key lies in
``<lake>/private/masking_key``; a new one makes all hashes new.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from focus_lake import resources
from focus_lake.errors import StorageError, VersionConflict
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.spec import columns, daily
from focus_lake.spec.columns import did_you_mean
from focus_lake.storage.base import Store

KEY = "private/masking_key"
UNKNOWN_KEY = "0" * 64  # of a plan, which makes no key
DIGITS = 16  # hexadecimal digits of a hash that are shown: no two of a billion names meet
HASH, DROP, SHOW = "hash", "drop", "show"


def key(store: Store, make: bool = True) -> str:
    """The lake's key, 64 hexadecimal digits; made where there is none, unless told otherwise."""
    found = store.read(KEY)[0]
    if found is None and make:
        with suppress(VersionConflict):  # another run has just made it
            store.put_if(KEY, secrets.token_hex(32).encode(), None)
        found = store.read(KEY)[0]
    text = (found or UNKNOWN_KEY.encode()).decode("ascii", "replace").strip()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise StorageError(
            f"{store.url(KEY)}: must be 64 hexadecimal digits; restore it, or remove it for a new "
            "key, which makes all hashes new"
        )
    return text


def rules(sheet: Sheet, sheets: Mapping[str, Sheet]) -> Iterator[tuple[Row, str, str]]:
    """(row, what is wrong, column): columns that no view has, hashes of what is not text."""
    stored = _stored()
    for row in sheet.rows:
        name, treatment = row["column"], row["treatment"]
        if name not in stored:
            hint = did_you_mean(name, stored)
            yield row, f"{name!r} is not a column of focus_unified or focus_daily{hint}", "column"
        elif treatment == HASH and stored[name] != "string":
            yield row, f"{name} is not text, it can be dropped or shown only", "treatment"
        elif treatment == DROP and stored[name].startswith("decimal"):
            yield row, f"{name} is a number that views add up; it can be shown only", "treatment"


def values(given: Sequence[Mapping[str, Any]], secret: str, keys: Iterable[str]) -> dict[str, str]:
    """The placeholders of the masked views.

    given: rows of the kind masking; keys: the columns of both views after their tables' own.
    """
    text = resources.data("records", "personal.csv").read_text(encoding="utf-8")
    treated = {row["column"]: row["treatment"] for row in csv.DictReader(text.splitlines())}
    treated |= {row["column"]: row["treatment"] for row in given}
    charges = [column.name for column in columns.table()]
    days = [column.name for column in daily.table()]
    last = list(keys)
    month = [] if "x_BillingMonth" in charges else ["x_BillingMonth"]
    return {
        "masked_columns": _listed([*charges, *last, *month], treated, secret),
        "masked_daily_columns": _listed([*days, *last], treated, secret),
    }


def _listed(names: list[str], treated: Mapping[str, str], secret: str) -> str:
    stored = _stored()
    return ",\n".join(
        f"    {_shown(name, treated.get(name, SHOW), stored.get(name, 'string'), secret)}"
        for name in names
    )


def _shown(name: str, treatment: str, stored: str, secret: str) -> str:
    if treatment == HASH:
        digest = f"LOWER(TO_HEX(HMAC_SHA256(TO_UTF8({name}), FROM_HEX('{secret}'))))"
        return f"CONCAT('masked-', SUBSTR({digest}, 1, {DIGITS})) AS {name}"
    if treatment == DROP:
        kind = {"map<string,string>": "map(varchar, varchar)", "string": "varchar"}
        return f"CAST(NULL AS {kind.get(stored, stored)}) AS {name}"
    return name


def _stored() -> dict[str, str]:
    """Every column of the two views -> its Hive type."""
    types = {column.name: columns.spell("hive", column.stored) for column in columns.table()}
    return types | {column.name: column.type for column in daily.table()}
