"""The files of sql/: one object a file; folder number is deploy order, file name is its name."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import NamedTuple

from focus_lake import resources
from focus_lake.errors import CatalogError
from focus_lake.storage import Store

TABLES, PARTITIONS, PROVIDER_VIEWS = "1_tables", "2_partitions", "3_provider_views"
VIEWS_OF_A_PROVIDER = 3  # number of their folder; what reads several of them comes later
PER_PROVIDER = "{provider}"
PER_KIND = "{kind}"  # of reference data


class Field(NamedTuple):
    """A column of a table: name, Hive type, what it means."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Source:
    """One file of sql/; with {provider} or {kind} in its stem it makes an object for each."""

    folder: str
    stem: str
    text: str

    @property
    def order(self) -> int:
        """The folder's number: 10 is deployed after 9."""
        return int(self.folder.split("_")[0])

    @property
    def path(self) -> str:
        return f"sql/{self.folder}/{self.stem}.sql"

    def fill(self, values: dict[str, str]) -> str:
        """The SQL with every ${placeholder} replaced; CatalogError for one nobody knows."""
        try:
            return Template(self.text).substitute(values)
        except (KeyError, ValueError) as error:
            raise CatalogError(
                f"{self.path}: unknown placeholder {error}; there are {', '.join(sorted(values))}"
            ) from None


@cache
def tree() -> tuple[Source, ...]:
    """Every file of sql/ in deploy order: by folder, then by name."""
    found = [
        Source(folder.name, file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for folder in resources.sql().iterdir()
        if re.match(r"\d+_", folder.name)
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(sorted(found, key=lambda source: (source.order, source.stem)))


def provider_view(provider: str, extra: Store | None = None) -> Source:
    """The provider's view: sql/3_provider_views/focus_NAME.sql, or the user's DIR/focus_NAME.sql.

    Raises CatalogError if there is neither: a declared provider without a view would be missing
    from every total.
    """
    stem = f"focus_{provider}"
    content, _ = extra.read(f"{stem}.sql") if extra else (None, None)
    if content is not None:
        return Source(PROVIDER_VIEWS, stem, content.decode("utf-8"))
    for source in tree():
        if (source.folder, source.stem) == (PROVIDER_VIEWS, stem):
            return source
    beside = f", or {extra.url(stem)}.sql" if extra else ""
    raise CatalogError(
        f"provider {provider} has no view: write sql/{PROVIDER_VIEWS}/{stem}.sql{beside}"
    )


@cache
def fields(table: str) -> tuple[Field, ...]:
    """The columns of a table that is no provider's: focus_batches, rejected; and `partition`."""
    text = resources.data("catalog", "tables.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        Field(row["column"], row["type"], row["description"])
        for row in rows
        if row["table"] == table
    )
