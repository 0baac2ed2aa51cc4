"""The DuckDB engine: sqlglot turns sql/ into views in <database>.duckdb in the lake's folder.

The new catalog is built on a copy and put in the old one's place in one step, so nobody who has
it open is disturbed and nobody sees half of it. Tables are views over the lake's files. They name
the files by absolute path: after moving a lake, refresh it. A provider's view names each live file
instead of its table: DuckDB opens every file of a table to learn its columns, and would fail at one
that expires at that moment.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from focus_lake.catalog.engines import ddl
from focus_lake.catalog.engines.base import AT_ONCE, refusal
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.catalog.engines.shadows import Shadows
from focus_lake.catalog.sources import Field
from focus_lake.catalog.statements import CatalogPlace, Statement
from focus_lake.errors import CatalogError, VersionConflict
from focus_lake.lake.publications import DAILY, Key
from focus_lake.storage.base import Store

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LINE = 256 * 1024 * 1024  # bytes of one ledger line; it grows with the batch's raw files


class DuckDB:
    """The catalog file of one lake; see engine.Engine."""

    def __init__(self, store: Store, place: CatalogPlace):
        import duckdb  # needed by this engine alone

        self._errors = duckdb.Error
        self._store, self._place = store, place
        self._spelled: dict[str, str] = {}
        self._tables: dict[str, ddl.Table] = {}
        self._columns: dict[str, dict[str, str]] | None = None
        self._file = f"{place.database}.duckdb"
        if store.read(f"{self._file}.wal")[0] is not None:
            raise CatalogError(
                f"{store.url(self._file)} is being written to by another program "
                f"({self._file}.wal is there); close it and run again"
            )
        old, self._version = store.read(self._file)
        self._scratch = tempfile.TemporaryDirectory()
        self._path = Path(self._scratch.name, self._file)
        if old is not None:
            self._path.write_bytes(old)
        self._connection = self._open(duckdb)
        self._shadows = Shadows(self._connection)

    def _open(self, duckdb: Any) -> Any:
        try:
            connection = duckdb.connect(str(self._path))
        except self._errors as error:
            raise CatalogError(
                f"{self._store.url(self._file)} is not a DuckDB file this version can read; "
                f"delete it and run again: {error}"
            ) from error
        if self._place.lake.startswith("s3://"):
            self._reach_s3(connection)
        return connection

    def _reach_s3(self, connection: Any) -> None:
        if self._store.root.rstrip("/") == self._place.lake.rstrip("/"):
            from focus_lake.catalog.engines import s3_files  # needs fsspec, which nothing else does

            return s3_files.register(connection, self._store)
        try:
            connection.execute("LOAD httpfs")
        except self._errors as error:
            raise CatalogError(
                "DuckDB reads s3:// with its extension httpfs, which is not installed: run "
                "INSTALL httpfs in DuckDB once with network access, or use --engine athena "
                f"or trino: {error}"
            ) from error

    def names(self) -> set[str]:
        found = self._query("SELECT view_name FROM duckdb_views() WHERE NOT internal")
        return {name.lower() for (name,) in found}

    def column_types(self, table: str) -> dict[str, str] | None:
        if self._columns is None:  # one look at the catalog is as slow for one table as for all
            self._columns = {}
            for name, column, type_ in self._query(
                "SELECT lower(table_name), lower(column_name), data_type FROM duckdb_columns() "
                "WHERE schema_name = 'main' AND NOT internal"
            ):
                self._columns.setdefault(name, {})[column] = type_
        return self._columns.get(table.lower())

    def spell(self, hive_type: str) -> str:
        if hive_type not in self._spelled:
            ours = ddl.spell(hive_type, "duckdb")
            ((theirs,),) = self._query(f"SELECT typeof(CAST(NULL AS {ours}))")
            self._spelled[hive_type] = theirs
        return self._spelled[hive_type]

    def partitions(self, table: str, of: Any = Key) -> set:
        return set()  # DuckDB looks at the folders when it is asked

    def prepare(self) -> list[str]:
        return []

    def create_table(self, table: Statement) -> list[str]:
        parsed = self._tables[table.name] = ddl.table(table.sql, "duckdb")
        source = _files(parsed) if self._paths(parsed) else None
        if source and table.data.startswith(f"{DAILY}/") and not self._opens(source):
            # A damaged summary is told where views are made, which read whole ones alone.
            whole = [path for path in self._paths(parsed) if self._opens(self._one(path))]
            source = _parquet(parsed, [self._literal(path) for path in whole]) if whole else None
        return [f"CREATE OR REPLACE VIEW {parsed.name} AS {_typed(parsed, source)}"]

    def _opens(self, source: str) -> bool:
        cursor = self._connection.cursor()  # an error would break off the open transaction
        try:
            cursor.execute(f"SELECT 1 FROM {source} LIMIT 0")
        except self._errors:
            return False
        finally:
            cursor.close()
        return True

    def _one(self, path: str) -> str:
        return f"read_parquet({self._literal(path)})"

    def _literal(self, path: str) -> str:
        """A file of the lake as DuckDB finds it."""
        return _literal(_escaped(f"{self._place.lake.rstrip('/')}/{path}"))

    def _paths(self, table: ddl.Table) -> list[str]:
        """The files of a table, relative to the lake."""
        kind = {"PARQUET": ".parquet", "JSON": ".jsonl", "CSV": ".csv"}[table.format]
        folder = table.location.removeprefix(self._place.lake).strip("/")
        return [entry.path for entry in self._store.list(folder) if entry.path.endswith(kind)]

    def definition(self, view: str) -> str:
        found = self._query(
            f"SELECT sql FROM duckdb_views() WHERE view_name = {_literal(view.lower())}"
        )
        return found[0][0] if found else ""

    def drop_table(self, table: str) -> list[str]:
        return []  # it is a view, and replaced

    def add_columns(self, table: Statement, missing: Sequence[Field]) -> list[str]:
        return []

    def add_partitions(self, table: str, folder: str, batches: Sequence) -> list[str]:
        return []

    def drop_partitions(self, table: str, batches: Sequence) -> list[str]:
        return []

    def repair(self, statement: Statement) -> list[str]:
        return []

    def replace_view(self, view: Statement) -> list[str]:
        sources = {}
        for name, folders in view.reads.items():
            table, read = self._tables[name], set(folders)
            paths = [path for path in self._paths(table) if path.rpartition("/")[0] in read]
            root = self._place.lake.rstrip("/")
            source = _parquet(table, [_literal(_escaped(f"{root}/{path}")) for path in paths])
            sources[name.lower()] = _typed(table, source if paths else None)
        return [translate(view.sql, self._place.database, sources)]

    def run(self, sql: str) -> None:
        try:
            self._connection.execute(sql)
            made = self._shadows.cast(sql)
        except self._errors as error:
            raise refusal("DuckDB", error, sql) from error
        if made and self._columns is not None:
            name, columns = made
            self._columns[name.lower()] = {column.lower(): type_ for column, type_ in columns}

    def query(self, sql: str) -> list[tuple]:
        self._shadows.drop()
        return self._query(translate(sql, self._place.database))

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        self._shadows.drop()
        try:
            rows = self._connection.sql(translate(sql, self._place.database))
            for batch in rows.to_arrow_reader(AT_ONCE):
                yield batch.cast(schema)
        except self._errors as error:
            raise refusal("DuckDB", error, sql) from error

    def _query(self, sql: str) -> list[tuple]:
        try:
            return self._connection.execute(sql).fetchall()
        except self._errors as error:
            raise refusal("DuckDB", error, sql) from error

    @contextmanager
    def unit(self) -> Iterator[None]:
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self._columns = None
            self.run("ROLLBACK")  # takes back what it made of shadows, too
            raise
        self.run("COMMIT")

    def finish(self) -> None:
        self._connection.close()
        try:
            self._store.put_if(self._file, self._path.read_bytes(), self._version)
        except VersionConflict as error:
            raise CatalogError(
                f"{self._store.url(self._file)} was changed by another run meanwhile; run again"
            ) from error

    def close(self) -> None:
        self._connection.close()
        self._scratch.cleanup()


def _typed(table: ddl.Table, source: str | None) -> str:
    """SELECT from source with all columns; those that no file has come from a typed empty part."""
    columns = (*table.columns, *table.partitions)
    empty = ", ".join(f"CAST(NULL AS {type_}) AS {name}" for name, type_ in columns)
    files = f" UNION ALL BY NAME SELECT * FROM {source}" if source else ""
    return f"SELECT {empty} WHERE FALSE{files}"


def _parquet(table: ddl.Table, literals: Sequence[str]) -> str:
    """read_parquet of files or patterns, which come as SQL literals."""
    types = ", ".join(f"{name}: {type_}" for name, type_ in table.partitions)
    return (
        f"read_parquet([{', '.join(literals)}], union_by_name = true, hive_partitioning = true, "
        f"hive_types = {{{types}}})"
    )


def _escaped(path: str) -> str:
    return "".join(f"[{x}]" if x in "*?[" else x for x in path)


def _files(table: ddl.Table) -> str:
    folder = _literal(_escaped(table.location))
    columns = ", ".join(f"{_literal(name)}: {_literal(type_)}" for name, type_ in table.columns)
    if table.format == "CSV":
        # As lenient as OpenCSVSerde, for a view must not fail for a line: what is missing is null,
        # what is too much is left out; what is not UTF-8 is passed over.
        return (
            f"read_csv({folder[:-1]}/**/*.csv', auto_detect = false, header = false, delim = ',', "
            f"quote = '\"', escape = '\"', strict_mode = false, null_padding = true, "
            f"ignore_errors = true, columns = {{{columns}}})"
        )
    if table.format == "JSON":
        return (
            f"read_json({folder[:-1]}/*/*.jsonl', format = 'newline_delimited', "
            f"maximum_object_size = {MAX_LINE}, columns = {{{columns}}})"
        )
    if not table.partitions:  # files may lie in folders, as they may on Athena and Trino
        return (
            f"read_parquet({folder[:-1]}/**/*.parquet', union_by_name = true, "
            "hive_partitioning = false)"
        )
    levels = "/*" * len(table.partitions)
    return _parquet(table, [f"{folder[:-1]}{levels}/*.parquet'"])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
