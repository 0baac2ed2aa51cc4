"""What the refresh needs of an engine; athena.py, trino.py and duckdb.py are the three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from focus_lake.catalog.sources import Field
from focus_lake.catalog.statements import Statement
from focus_lake.errors import CatalogError
from focus_lake.lake.publications import Key

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 50_000  # rows of a stream in one piece
SHOWN = 300  # characters of a failing statement in an error; the whole stands in build/sql


class Engine(Protocol):
    """Reads say what is there; the others give the SQL that `run` then runs, or a plan prints.

    Every read and `run` raise CatalogError with the statement and the engine's own reason.
    """

    def names(self) -> set[str]:
        """Tables and views of the database, in lower case."""

    def column_types(self, table: str) -> dict[str, str] | None:
        """Column in lower case -> type as `spell` writes it, partition columns too; None if there
        is no such table."""

    def spell(self, hive_type: str) -> str:
        """A Hive type in the engine's own spelling."""

    def partitions(self, table: str, of: Any = Key) -> set:
        """The partitions the catalog knows, as named tuples `of`; none of a table that has other
        partition columns."""

    def definition(self, view: str) -> str:
        """The text of a view as the catalog has it; empty if there is none."""

    def create_table(self, table: Statement) -> list[str]: ...

    def drop_table(self, table: str) -> list[str]:
        """Forget a table; its files stay."""

    def add_columns(self, table: Statement, missing: Sequence[Field]) -> list[str]: ...

    def add_partitions(self, table: str, folder: str, batches: Sequence) -> list[str]: ...

    def drop_partitions(self, table: str, batches: Sequence) -> list[str]:
        """Forget partitions; their files stay."""

    def repair(self, statement: Statement) -> list[str]:
        """The engine's MSCK REPAIR TABLE."""

    def replace_view(self, view: Statement) -> list[str]: ...

    def prepare(self) -> list[str]:
        """What comes first, e.g. making the database."""

    def run(self, sql: str) -> None: ...

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query in Athena's SQL."""

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of a query in Athena's SQL, some at a time, in these columns and types."""

    def unit(self) -> AbstractContextManager[None]:
        """Statements that belong together: undone together where the engine can do that."""

    def finish(self) -> None:
        """Make the changes visible where they are not yet."""

    def close(self) -> None: ...


def refusal(engine: str, reason: object, sql: str) -> CatalogError:
    """The error of a statement that an engine refused: its own reason, and the statement."""
    text = " ".join(sql.split())
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."
    return CatalogError(f"{engine} refuses: {reason} | statement: {shown}")
