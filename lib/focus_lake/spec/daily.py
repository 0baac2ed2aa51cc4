"""The columns of the daily summaries: what charges are grouped by, and what is added up.

They stand in daily.csv. A row without a type is a column of the column table; the others are made
for the summary, and its makers (Arrow while rows are written, SQL for batches without a summary)
say how.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from focus_lake.resources import data
from focus_lake.spec import columns

MAKER = 1  # to be raised when the values of a column are worked out in another way
Role = Literal["key", "sum", "count"]


@dataclass(frozen=True)
class Column:
    """One column; type is Hive's. role: part of the key, a sum of its column, or the row count."""

    name: str
    role: Role
    type: str
    description: str
    is_own: bool  # made for the summary, no column of the rows


@cache
def table() -> tuple[Column, ...]:
    """The columns in their order: keys, sums, count."""
    text = data("spec", "daily.csv").read_text(encoding="utf-8")
    return tuple(_column(row) for row in csv.DictReader(text.splitlines()))


def _column(row: dict[str, str]) -> Column:
    role = cast(Role, row["role"])
    if row["type"]:
        return Column(row["column"], role, row["type"], row["description"], True)
    found = columns.find(row["column"])
    type_ = columns.spell("hive", found.stored)
    return Column(found.name, role, type_, found.description, False)


@cache
def allocated() -> dict[str, str]:
    """Columns told by AllocatedTags -> the attribute whose tag keys they take: x_Owner."""
    names = [column.name for column in table() if column.name.startswith("x_Allocated")]
    return {name: name.replace("x_Allocated", "x_") for name in names}


def allocated_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """Keys that AllocatedTags may say an attribute by: as declared, then in lower case, and the
    first in upper case. Engines look JSON up by exact keys alone."""
    lower = [key.lower() for key in keys]
    return tuple(dict.fromkeys([*keys, *lower, *(key.upper() for key in keys[:1])]))


@cache
def version() -> str:
    """Changes with the columns, their types and roles, and with how they are worked out."""
    shape = [(column.name, column.role, column.type) for column in table()]
    return hashlib.sha256(f"{MAKER}{shape}".encode()).hexdigest()[:12]


def of_role(role: str) -> tuple[Column, ...]:
    """The columns of one role: key, sum or count."""
    return tuple(column for column in table() if column.role == role)
