"""What the delivered columns of a raw_frame are: which column a header fills, and which none."""

from __future__ import annotations

import json

from pyspark.sql.types import StructType

from focus_lake.declare.model import Declaration
from focus_lake.frames.sql import text
from focus_lake.spec.columns import VERSIONS, focus

# Columns of a raw_frame that no file delivers.
FILE, MEMBER, RECORD, LINE = "_file", "_member", "_record", "_line"
FAULT, FORMAT, HEADER, EXPORT, VERSION = "_fault", "_format", "_header", "_export", "_version"
PLACE = ("yearmonth", "batch_ts")
PROVENANCE = (*PLACE, EXPORT, FILE, MEMBER, RECORD, LINE, FAULT, FORMAT, HEADER, VERSION)
# What the schema's metadata say: of a delivered column its header, of _header all headers.
HEAD, HEADS = "head", "heads"


class Heads:
    """The delivered fields of a raw_frame by what they are to the provider's declaration.

    sources: column -> fields that fill it, more than one where files spell a header differently;
    unknown: header -> field that has no column; tag_heads: tag key -> field with its values;
    tag_columns: fields whose maps make up Tags, in the order of the declaration;
    combined: numbers of the headers that have tags in columns of their own.
    """

    def __init__(self, schema: StructType, declaration: Declaration):
        self.declaration = declaration
        self.headers: list[list[str]] = json.loads(schema[HEADER].metadata[HEADS])
        self.sources: dict[str, list[str]] = {}
        self.unknown: dict[str, str] = {}
        self.tag_heads: dict[str, str] = {}
        self._order = [one.casefold() for one in declaration.tags.columns]
        columns_of_tags: list[tuple[int, str]] = []
        for field in schema.fields:
            head = field.metadata.get(HEAD)
            if head is None:
                continue
            folded = head.strip().casefold()
            column = declaration.headers.get(folded)
            if folded in self._order:
                columns_of_tags.append((self._order.index(folded), field.name))
            key = declaration.tags.key_of(head)
            if key is not None:
                self.tag_heads[key] = field.name
            elif column is not None:
                self.sources.setdefault(column, []).append(field.name)
            elif folded not in self._order:
                self.unknown[head] = field.name
        self.tag_columns = [one for _, one in sorted(columns_of_tags)]
        self.combined = [n for n, heads in enumerate(self.headers) if self._has_tag_columns(heads)]

    def _has_tag_columns(self, heads: list[str]) -> bool:
        tags = self.declaration.tags
        return any(
            tags.key_of(one) is not None or one.strip().casefold() in self._order for one in heads
        )

    def focus_version(self) -> str:
        """SQL: the declared FOCUS version of a row's file, or the first that has its columns."""
        introduced = {column.name: column.introduced for column in focus()}
        ways = []
        for number, heads in enumerate(self.headers):
            named = (self.declaration.headers.get(head.strip().casefold()) for head in heads)
            since = [introduced[column] for column in named if column in introduced]
            newest = max([self.declaration.focus_version, *since], key=VERSIONS.index)
            ways.append(f"WHEN {number} THEN {text(newest)}")
        return f"CASE {HEADER} {' '.join(ways)} END" if ways else "CAST(NULL AS STRING)"
