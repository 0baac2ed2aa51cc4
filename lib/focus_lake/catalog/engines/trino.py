"""The Trino engine: Hive connector, with sql/'s tables in Trino's own DDL and its views as written.

A view of Athena's is Trino SQL, so it runs unchanged. MSCK REPAIR TABLE is the connector's
procedure sync_partition_metadata, which adds what the folders have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from focus_lake.catalog.engines import ddl
from focus_lake.catalog.engines.base import AT_ONCE, refusal
from focus_lake.catalog.sources import Field
from focus_lake.catalog.statements import CatalogPlace, Statement
from focus_lake.lake.publications import Key

if TYPE_CHECKING:
    import pyarrow as pa


class Trino:
    """One catalog of a Trino server; see engine.Engine."""

    def __init__(self, host: str, port: int, catalog: str, user: str, place: CatalogPlace):
        import trino  # needed by this engine alone

        self._errors = (trino.exceptions.Error, OSError)
        self._place, self._where = place, f"Trino at {host}:{port}, catalog {catalog}"
        self._connection = trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host=host, port=port, user=user, catalog=catalog
        )

    def query(self, sql: str) -> list[tuple]:
        """Rows of one statement; CatalogError with Trino's reason."""
        try:
            cursor = self._connection.cursor()
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
        except self._errors as error:
            raise refusal(self._where, error, sql) from error

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            # Numbers and dates as the texts that were sent: Arrow reads them in a fraction of the
            # time that the client takes to make Python's objects of them.
            cursor = self._connection.cursor(legacy_primitive_types=True)
            cursor.execute(sql)
            for rows in iter(lambda: cursor.fetchmany(AT_ONCE), []):
                yield _arrow(rows, schema)
        except self._errors as error:
            raise refusal(self._where, error, sql) from error

    def run(self, sql: str) -> None:
        self.query(sql)

    def prepare(self) -> list[str]:
        return [f"CREATE SCHEMA IF NOT EXISTS {self._place.database}"]

    def names(self) -> set[str]:
        found = self.query(
            "SELECT table_name FROM information_schema.tables "
            f"WHERE table_schema = '{self._place.database}'"
        )
        return {name for (name,) in found}

    def column_types(self, table: str) -> dict[str, str] | None:
        found = self.query(
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = '{self._place.database}' AND table_name = '{table.lower()}'"
        )
        return {name: _bare(type_) for name, type_ in found} or None

    def spell(self, hive_type: str) -> str:
        spelled = re.sub(r"\btimestamp\b", "timestamp(3)", _bare(ddl.spell(hive_type, "trino")))
        return re.sub(r"decimal\((\d+), (\d+)\)", r"decimal(\1,\2)", spelled)

    def partitions(self, table: str, of: Any = Key) -> set:
        if not set(of._fields) <= set(self.column_types(table) or ()):
            return set()
        columns, name = ", ".join(of._fields), f'"{table.lower()}$partitions"'
        found = self.query(f"SELECT {columns} FROM {self._place.database}.{name}")
        return {of(*row) for row in found}

    def definition(self, view: str) -> str:
        if view.lower() not in self.names():
            return ""
        ((text,),) = self.query(f"SHOW CREATE VIEW {self._place.database}.{view}")
        return text

    def create_table(self, table: Statement) -> list[str]:
        parsed = ddl.table(table.sql, "trino")
        columns = ",\n".join(
            f'    "{name.lower()}" {type_}' for name, type_ in (*parsed.columns, *parsed.partitions)
        )
        settings = [f"format = '{parsed.format}'"]
        settings.append(f"external_location = '{parsed.location}/'")
        if parsed.partitions:
            keys = ", ".join(f"'{name}'" for name, _ in parsed.partitions)
            settings.append(f"partitioned_by = ARRAY[{keys}]")
        return [
            f"CREATE TABLE IF NOT EXISTS {self._place.database}.{parsed.name} (\n{columns}\n)\n"
            f"WITH (\n    " + ",\n    ".join(settings) + "\n)"
        ]

    def drop_table(self, table: str) -> list[str]:
        return [f"DROP TABLE IF EXISTS {self._place.database}.{table}"]

    def add_columns(self, table: Statement, missing: Sequence[Field]) -> list[str]:
        return [
            f"ALTER TABLE {self._place.database}.{table.name} "
            f'ADD COLUMN "{item.name.lower()}" {ddl.spell(item.type, "trino")}'
            for item in missing
        ]

    def add_partitions(self, table: str, folder: str, batches: Sequence) -> list[str]:
        return []  # the repair does it in one call

    def drop_partitions(self, table: str, batches: Sequence) -> list[str]:
        where = f"'{self._place.database}', '{table.lower()}'"
        return [
            f"CALL system.unregister_partition({where}, {_array(batch._fields)}, {_array(batch)})"
            for batch in batches
        ]

    def repair(self, statement: Statement) -> list[str]:
        where = f"'{self._place.database}', '{statement.name}'"
        return [f"CALL system.sync_partition_metadata({where}, 'ADD')"]

    def replace_view(self, view: Statement) -> list[str]:
        return [view.sql]

    @contextmanager
    def unit(self) -> Iterator[None]:
        yield  # Trino's Hive connector changes its catalog one statement at a time

    def finish(self) -> None:
        """Every statement was visible as it ran."""

    def close(self) -> None:
        self._connection.close()


def _arrow(rows: Sequence[Sequence], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of JSON values in the schema's types."""
    import pyarrow as pa

    columns = []
    for values, field in zip(zip(*rows, strict=True), schema, strict=True):
        kinds = pa.types.is_integer, pa.types.is_boolean, pa.types.is_floating
        sent = field.type if any(kind(field.type) for kind in kinds) else pa.string()
        columns.append(pa.array(values, sent).cast(field.type))
    return pa.record_batch(columns, schema)


def _array(texts: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(repr, texts))}]"


def _bare(type_: str) -> str:
    """A type without case and quotes: Trino quotes a field's name when it is read, not back."""
    return type_.lower().replace('"', "")
