"""The column table: every column of the lake, read from columns.csv, and each engine's types."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from focus_lake.errors import UnknownColumn
from focus_lake.resources import data

if TYPE_CHECKING:
    import pyarrow as pa

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")

# decimal(38,18) is the widest decimal that all of these engines have. Timestamps carry no zone:
# they are UTC by promise. Trino's precision is Athena's, milliseconds.
_SPELLINGS = {
    "string": {"spark": "string", "hive": "string", "trino": "varchar", "duckdb": "VARCHAR"},
    "decimal": {
        "spark": "decimal(38,18)",
        "hive": "decimal(38,18)",
        "trino": "decimal(38,18)",
        "duckdb": "DECIMAL(38,18)",
    },
    "timestamp": {
        "spark": "timestamp",
        "hive": "timestamp",
        "trino": "timestamp(3)",
        "duckdb": "TIMESTAMP",
    },
    "map": {
        "spark": "map<string,string>",
        "hive": "map<string,string>",
        "trino": "map(varchar,varchar)",
        "duckdb": "MAP(VARCHAR,VARCHAR)",
    },
}
STORED_TYPES = tuple(_SPELLINGS)
ENGINES = tuple(_SPELLINGS["string"])


@dataclass(frozen=True)
class Column:
    """One column of a normalized table.

    origin: ``focus``, ``focus_lake``, or the name of the provider whose own column it is;
    data_type: the specification's type (string, decimal, datetime, json; ours also map);
    stored: the lake's type, one of STORED_TYPES;
    introduced, removed: FOCUS versions, removed being the first one without it; "" if none;
    level, nulls: by FOCUS version that has the column, how binding it is and whether the
    specification's table lets it be null;
    number_range: empty wherever the specification names none;
    unit: what a number counts, often the name of the column that says so; "UTC" for times.

    Source: the FOCUS specification 1.0 to 1.4; descriptions are this project's.
    """

    name: str
    origin: str
    data_type: str
    stored: str
    introduced: str = ""
    removed: str = ""
    level: dict[str, str] = field(default_factory=dict, hash=False)
    nulls: dict[str, bool] = field(default_factory=dict, hash=False)
    allowed_values: tuple[str, ...] = ()
    value_format: str = ""
    number_range: str = ""
    unit: str = ""
    description: str = ""

    def is_in(self, version: str) -> bool:
        """Whether this FOCUS version has the column; never true of a column that is not FOCUS."""
        at = VERSIONS.index(version)
        since = bool(self.introduced) and VERSIONS.index(self.introduced) <= at
        return since and not (self.removed and VERSIONS.index(self.removed) <= at)


@cache
def table() -> tuple[Column, ...]:
    """Every column common to all providers, in the order of the normalized tables."""
    text = data("spec", "columns.csv").read_text(encoding="utf-8")
    return tuple(_column(row) for row in csv.DictReader(text.splitlines()))


def _column(row: dict[str, str]) -> Column:
    return Column(
        name=row["column"],
        origin=row["origin"],
        data_type=row["data_type"],
        stored=row["stored"],
        introduced=row["introduced"],
        removed=row["removed"],
        level={v: row[f"level_{v}"] for v in VERSIONS if row[f"level_{v}"]},
        nulls={v: row[f"nulls_{v}"] == "True" for v in VERSIONS if row[f"nulls_{v}"]},
        allowed_values=tuple(filter(None, row["allowed_values"].split("|"))),
        value_format=row["value_format"],
        number_range=row["number_range"],
        unit=row["unit"],
        description=row["description"],
    )


def version_in(text: str | None) -> str | None:
    """The FOCUS version that a provider's own text names: 1.0 of "1.0r2" or "v1.0-preview".

    None where it names none that is known.
    """
    found = re.match(r"v?(\d+\.\d+)", text or "")
    return found[1] if found and found[1] in VERSIONS else None


def focus() -> tuple[Column, ...]:
    """The columns of the FOCUS specification, all versions together."""
    return tuple(column for column in table() if column.origin == "focus")


def attributes() -> tuple[Column, ...]:
    """Our columns that are filled from a resource's tags."""
    return tuple(column for column in table() if column.value_format == "Tag value")


@cache
def of_version(version: str) -> tuple[Column, ...]:
    """The columns of one FOCUS version, such as "1.0"; ValueError for a version not known."""
    if version not in VERSIONS:
        raise ValueError(f"FOCUS version {version!r} is not known: use one of {VERSIONS}")
    return tuple(column for column in table() if column.is_in(version))


@cache
def _by_folded_name() -> dict[str, Column]:
    return {column.name.casefold(): column for column in table()}


def find(name: str) -> Column:
    """The column of this name, whatever its case; UnknownColumn names the nearest right one."""
    column = _by_folded_name().get(name.casefold())
    if column is None:
        names = (column.name for column in table())
        raise UnknownColumn(f"no column is named {name!r}{did_you_mean(name, names)}")
    return column


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """The end of an error message: the known name nearest to a misspelt one, or "" if none is."""
    folded = {name.casefold(): name for name in right}
    near = difflib.get_close_matches(wrong.casefold(), folded, n=1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def spell(engine: str, stored: str) -> str:
    """How an engine (spark, hive, trino, duckdb) writes a stored type; KeyError if unknown."""
    return _SPELLINGS[stored][engine]


def arrow_type(stored: str) -> pa.DataType:
    """The pyarrow type of a stored type; a timestamp is in microseconds and without a zone."""
    import pyarrow as pa  # slow to load, and most users of this table never need it

    types = {
        "string": pa.string(),
        "decimal": pa.decimal128(38, 18),
        "timestamp": pa.timestamp("us"),
        "map": pa.map_(pa.string(), pa.string()),
    }
    return types[stored]
