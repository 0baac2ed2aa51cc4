"""The Athena engine, through PyAthena: sql/ as it is, one statement a call."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from focus_lake.catalog.engines import unloaded
from focus_lake.catalog.engines.base import refusal
from focus_lake.catalog.sources import Field
from focus_lake.catalog.statements import ATHENA_LIMIT, CatalogPlace, Statement
from focus_lake.errors import CatalogError
from focus_lake.lake.publications import Key, partition
from focus_lake.log import Log
from focus_lake.storage.base import Store

if TYPE_CHECKING:
    import pyarrow as pa

# Reasons of a failed query that pass: quotas of Athena, Glue and S3, and MSCK broken off by them.
PASSING = re.compile(
    r"throttl|rate exceeded|toomanyrequests|slow ?down|concurrentmodification|internal error",
    re.IGNORECASE,
)
ATTEMPTS = 5
POLL_SECONDS = 0.5  # between two looks at a running query; DDL takes about a second


class Athena:
    """One workgroup and database; see engine.Engine. Credentials come from boto3's usual chain.

    store: the lake, which is read for what UNLOAD wrote there.
    """

    def __init__(
        self,
        store: Store,
        place: CatalogPlace,
        workgroup: str,
        output: str,
        region: str,
        log: Log,
    ):
        import pyathena  # needed by this engine alone
        from botocore.exceptions import BotoCoreError, ClientError
        from pyathena.util import RetryConfig

        self._errors = (pyathena.Error, BotoCoreError, ClientError)
        self._store, self._place, self._log = store, place, log
        self._where = f"Athena, workgroup {workgroup}"
        self._known: set[str] = set()
        settings: dict[str, Any] = {"s3_staging_dir": output or None, "region_name": region or None}
        try:
            self._connection = pyathena.connect(
                work_group=workgroup,
                schema_name=place.database,
                poll_interval=POLL_SECONDS,
                # Back-off for the requests themselves; _execute does it for failed queries.
                retry_config=RetryConfig(attempt=ATTEMPTS, multiplier=1, max_delay=30),
                **{key: value for key, value in settings.items() if value},
            )
        except (*self._errors, AssertionError) as error:
            raise CatalogError(
                f"{self._where}: cannot connect: {error}; --workgroup with a result location or "
                "--output_location s3://..., and --region or AWS_DEFAULT_REGION are needed"
            ) from error
        self._cursor = self._connection.cursor()

    def prepare(self) -> list[str]:
        """Nothing to run: the database is made with the other resources, not by a refresh."""
        return []

    def names(self) -> set[str]:
        try:
            found = self._cursor.list_table_metadata(schema_name=self._place.database)
        except self._errors as error:
            raise CatalogError(
                f"{self._where}: cannot list database {self._place.database}: {_cause(error)}; "
                f"make it with CREATE DATABASE {self._place.database}, or correct --database"
            ) from error
        self._known = {table.name.lower() for table in found}
        return self._known

    def _is_there(self, table: str) -> bool:
        return table.lower() in self._known or table.lower() in self.names()

    def column_types(self, table: str) -> dict[str, str] | None:
        if not self._is_there(table):
            return None
        try:
            found = self._cursor.get_table_metadata(table.lower(), schema_name=self._place.database)
        except self._errors as error:
            raise CatalogError(f"{self._where}: cannot read {table}: {_cause(error)}") from error
        columns = (*found.columns, *found.partition_keys)
        return {column.name.lower(): self.spell(column.type) for column in columns}

    def spell(self, hive_type: str) -> str:
        """As the Glue catalog writes it: lower case, no spaces, no back quotes."""
        return re.sub(r"[`\s]", "", hive_type.lower())

    def partitions(self, table: str, of: Any = Key) -> set:
        if not self._is_there(table):
            return set()
        rows = self._execute(f"SHOW PARTITIONS {self._name(table)}").fetchall()
        values = (dict(part.split("=", 1) for part in row[0].split("/")) for row in rows)
        return {of(**value) for value in values if value.keys() == set(of._fields)}

    def definition(self, view: str) -> str:
        if not self._is_there(view):
            return ""
        rows = self._execute(f"SHOW CREATE VIEW {self._name(view)}").fetchall()
        return "\n".join(row[0] for row in rows)

    def create_table(self, table: Statement) -> list[str]:
        return [_without_comments(table.sql)]

    def drop_table(self, table: str) -> list[str]:
        return [f"DROP TABLE IF EXISTS {self._name(table)}"]

    def add_columns(self, table: Statement, missing: Sequence[Field]) -> list[str]:
        listed = ", ".join(f"{item.name} {item.type}" for item in missing)
        return [f"ALTER TABLE {self._name(table.name)} ADD COLUMNS ({listed})"]

    def add_partitions(self, table: str, folder: str, batches: Sequence) -> list[str]:
        parts = "\n".join(
            f"PARTITION {_keys(batch)} LOCATION '{folder}/{partition(batch)}/'" for batch in batches
        )
        return [f"ALTER TABLE {self._name(table)} ADD IF NOT EXISTS\n{parts}"]

    def drop_partitions(self, table: str, batches: Sequence) -> list[str]:
        name, at_once = self._name(table), 50
        return [
            f"ALTER TABLE {name} DROP IF EXISTS "
            + ", ".join(f"PARTITION {_keys(batch)}" for batch in batches[at : at + at_once])
            for at in range(0, len(batches), at_once)
        ]

    def repair(self, statement: Statement) -> list[str]:
        return [_without_comments(statement.sql)]

    def replace_view(self, view: Statement) -> list[str]:
        return [_without_comments(view.sql)]

    def run(self, sql: str) -> None:
        self._execute(sql)

    def query(self, sql: str) -> list[tuple]:
        return [tuple(row) for row in self._execute(sql).fetchall()]

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        tried: list[str] = []

        def unload() -> str:
            tried.append(unloaded.new_folder())
            return unloaded.statement(sql, f"{self._place.lake.rstrip('/')}/{tried[-1]}")

        self._execute(unload)
        yield from unloaded.batches(self._store, tried[-1], schema)

    def _execute(self, statement: str | Callable[[], str]) -> Any:
        """Run a statement; one that is made gets made anew for each attempt."""
        for attempt in range(1, ATTEMPTS + 1):
            sql = statement if isinstance(statement, str) else statement()
            if len(sql.encode()) > ATHENA_LIMIT:
                raise CatalogError(f"a statement of {len(sql.encode()):,} bytes: {sql[:100]} ...")
            try:
                self._cursor.execute(sql)
                self._log.event("athena query", query_id=self._cursor.query_id, sql=_head(sql))
                return self._cursor
            except self._errors as error:
                passing = bool(PASSING.search(str(error)))
                self._log.event(
                    "athena query failed",
                    "warning" if passing and attempt < ATTEMPTS else "error",
                    query_id=self._cursor.query_id,
                    reason=_cause(error),
                    sql=_head(sql),
                )
                if not passing or attempt == ATTEMPTS:
                    where = f"{self._where}, query {self._cursor.query_id},"
                    raise refusal(where, _cause(error), sql) from error
                time.sleep(2 ** (attempt - 1))
        raise AssertionError("not reached")

    def _name(self, table: str) -> str:
        return f"{self._place.database}.{table}"

    @contextmanager
    def unit(self) -> Iterator[None]:
        yield  # Athena changes its catalog one statement at a time

    def finish(self) -> None:
        """Every statement was visible as it ran."""

    def close(self) -> None:
        self._connection.close()


def _keys(batch: Any) -> str:
    values = (f"{name} = '{value}'" for name, value in zip(batch._fields, batch, strict=True))
    return f"({', '.join(values)})"


def _without_comments(sql: str) -> str:
    """Without the lines of comment at the top, which not every DDL statement takes."""
    return re.sub(r"\A(\s*--[^\n]*\n)+", "", sql).strip()


def _head(sql: str) -> str:
    return " ".join(sql.split())[:120]


def _cause(error: Exception) -> str:
    """PyAthena wraps the service's own message, which is the one worth reading."""
    return str(error.__cause__ or error)
