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
OTHER_TOOLS = "23_other_tools"  # views for programs that are not ours, deployed when asked for
PER_PROVIDER = "{provider}"
PER_KIND = "{kind}"  # of reference data
PER_KEPT = "{kept}"  # view that is kept


class Field(NamedTuple):
    """A column of a table: name, Hive type, what it means."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Source:
    """One file of sql/; with {provider} or {kind} in its stem it makes an object for each.

    file: where the text was read, if that is not sql/FOLDER/STEM.sql.
    """

    folder: str
    stem: str
    text: str
    file: str = ""

    @property
    def order(self) -> int:
        """The folder's number: 10 is deployed after 9."""
        return int(self.folder.split("_")[0])

    @property
    def kind(self) -> str:
        """What a provider has of it: normalized, rejected ...; "" for what is no provider's."""
        start, provider, kind = self.stem.partition(f"{PER_PROVIDER}_")
        return kind if provider else ""

    @property
    def path(self) -> str:
        return self.file or f"sql/{self.folder}/{self.stem}.sql"

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


def provider_views(provider: str, extra: Store | None = None) -> list[Source]:
    """The provider's own views: sql/3_provider_views/focus_{provider}.sql and its like.

    Such a template serves every provider. A file with the provider's own name takes its place:
    one in the user's folder of declarations, or one that lies beside the template.
    """
    views = {source.stem: source for source in tree() if source.folder == PROVIDER_VIEWS}
    found = []
    for stem, template in views.items():
        if PER_PROVIDER in stem:
            name = stem.replace(PER_PROVIDER, provider)
            users = _users_view(name, extra) if extra is not None else None
            one = users or views.get(name, template)
            found.append(Source(PROVIDER_VIEWS, name, one.text, one.path))
    return found


def _users_view(stem: str, extra: Store) -> Source | None:
    content, _ = extra.read(f"{stem}.sql")
    if content is None:
        return None
    file = extra.url(f"{stem}.sql")
    try:
        return Source(PROVIDER_VIEWS, stem, content.decode("utf-8"), file)
    except UnicodeDecodeError as error:
        raise CatalogError(f"{file}: not UTF-8: {error}; save it as UTF-8") from error


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
