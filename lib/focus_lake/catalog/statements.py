"""One object of the catalog: what is deployed, from which source, under which name.

A statement is Athena SQL, whichever engine runs it; the texts that stand in it are made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from string import Template

from focus_lake.catalog import sources
from focus_lake.catalog.live_views import PARTITION_KEYS
from focus_lake.catalog.sources import Field, Source
from focus_lake.errors import CatalogError, OptionsError
from focus_lake.records import masking

ATHENA_LIMIT = 262_144  # bytes of one statement, Athena's service quota
COMMENT_LIMIT = 255  # characters of a column comment in the Glue catalog


@dataclass(frozen=True)
class CatalogPlace:
    """Where the catalog goes: database name, and the lake's root as the engine spells it; and the
    currency that costs are converted to, the key of the masked views; other_tools: whether the
    views for other programs are deployed."""

    database: str
    lake: str
    reporting_currency: str = "USD"
    masking_key: str = masking.UNKNOWN_KEY
    other_tools: bool = False

    def __post_init__(self) -> None:
        check_database(self.database)


def check_database(name: str) -> None:
    """Raise OptionsError for a name that a database cannot have."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise OptionsError(
            f"--database {name}: use lower-case letters, digits and _ (Athena's rule)"
        )


@dataclass(frozen=True)
class Statement:
    """One object to deploy: Athena SQL; of a table also its columns, the names of its partition
    columns, and the folder of its data, relative to the lake; of a provider's view, by table, the
    folders that it reads. provider, kind: whose it is and what of it (normalized, rejected ...), ""
    for what is no provider's."""

    folder: str
    name: str
    sql: str
    columns: tuple[Field, ...] = ()
    partitions: tuple[str, ...] = ()
    data: str = ""
    provider: str = ""
    kind: str = ""
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}.sql"


def statement(source: Source, of: str, values: dict, fields: tuple) -> Statement:
    """The object of a source; of: the provider, kind or kept view in whose name the mark stands."""
    name = source.stem
    for mark in (sources.PER_PROVIDER, sources.PER_KIND, sources.PER_KEPT):
        name = name.replace(mark, of)
    sql = checked(name, source.fill(values))
    provider, kind = (of, source.kind) if source.kind else ("", "")
    if source.folder != sources.TABLES:
        return Statement(source.folder, name, sql, provider=provider, kind=kind)
    data = re.search(r"LOCATION '\$\{lake\}/(.*)/'", source.text)
    if data is None:
        raise CatalogError(f"{source.path}: LOCATION must be '${{lake}}/folder/'")
    folder = Template(data[1]).substitute(values)
    keys = PARTITION_KEYS if "${partition_columns}" in source.text else ()
    return Statement(source.folder, name, sql, fields, keys, folder, provider, kind)


def checked(name: str, sql: str) -> str:
    size = len(sql.encode())
    if size > ATHENA_LIMIT:
        raise CatalogError(f"{name}: {size:,} bytes of SQL, Athena takes {ATHENA_LIMIT:,}")
    return sql


def definitions(fields: Iterable[Field]) -> str:
    lines = (
        f"    {field.name} {field.type} COMMENT '{quotable(_short(field.description))}'"
        for field in fields
    )
    return ",\n".join(lines)


def _short(description: str) -> str:
    """The description cut at the end of a word to what a Glue column comment holds."""
    if len(description) <= COMMENT_LIMIT:
        return description
    return description[: COMMENT_LIMIT - 4].rsplit(" ", 1)[0] + " ..."


def quotable(value: str) -> str:
    """For the inside of a quoted Hive text."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def listed(names: Iterable[str], indent: str = "    ") -> str:
    return ",\n".join(f"{indent}{name}" for name in names)
