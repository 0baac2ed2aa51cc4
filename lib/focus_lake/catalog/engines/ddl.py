"""A CREATE EXTERNAL TABLE of sql/ taken apart, for the engines that do not speak Hive's DDL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlglot import exp, parse_one

from focus_lake.errors import CatalogError


@dataclass(frozen=True)
class Table:
    """columns and partitions: (name, type spelled for the engine), in order; format: PARQUET, JSON
    (JSON lines) or CSV; location: the folder, without a slash at the end."""

    name: str
    columns: tuple[tuple[str, str], ...]
    partitions: tuple[tuple[str, str], ...]
    format: str
    location: str


def table(sql: str, dialect: str) -> Table:
    """The table of a CREATE EXTERNAL TABLE, its types in sqlglot's dialect trino or duckdb."""
    create = parse_one(sql, read="athena")
    if not isinstance(create, exp.Create) or create.kind != "TABLE":
        raise CatalogError(f"not a CREATE EXTERNAL TABLE: {sql[:80]}")
    properties = {type(item): item for item in create.args["properties"].expressions}
    partitioned = properties.get(exp.PartitionedByProperty)
    return Table(
        name=create.this.this.name,
        columns=_columns(create.this.expressions, dialect),
        partitions=_columns(partitioned.this.expressions, dialect) if partitioned else (),
        format=_format(properties),
        location=properties[exp.LocationProperty].this.name.rstrip("/"),
    )


def _format(properties: dict) -> str:
    """Text is told apart by its SerDe."""
    stored = properties[exp.FileFormatProperty].this.name.upper()
    if stored != "TEXTFILE":
        return stored
    serde = properties[exp.RowFormatSerdeProperty].this.name.rsplit(".", 1)[1]
    return {"JsonSerDe": "JSON", "OpenCSVSerde": "CSV"}[serde]


def _columns(definitions: list, dialect: str) -> tuple[tuple[str, str], ...]:
    return tuple((item.name, item.kind.sql(dialect)) for item in definitions)


@cache
def spell(hive_type: str, dialect: str) -> str:
    """A Hive type, nested ones too, as the dialect writes it."""
    return exp.DataType.build(hive_type, dialect="hive").sql(dialect)
