"""Typed empty tables that stand before DuckDB's views while further views are made over them.

DuckDB binds a new view down to the Parquet files, through every view below it, and a chain of ten
costs more than all the rest of a refresh. A temporary table of the same name and columns comes
first in its search path, so each view is bound against its neighbours alone. Queries need the views
themselves: drop the tables before one; the few views that come after it are bound in full.
"""

from __future__ import annotations

import re
from typing import Any

_MAKES_VIEW = re.compile(r"\bCREATE OR REPLACE VIEW (\w+) AS\b")
_UNTYPED = '"NULL"'  # the type of a column that is NULL and no more; a table cannot have it


class Shadows:
    """The temporary tables of one connection."""

    def __init__(self, connection: Any):
        self._connection = connection
        self._names: set[str] = set()
        self._wanted = True

    def cast(self, sql: str) -> tuple[str, list[tuple[str, str]]] | None:
        """Put a table before the view that this statement made; its name and columns, if so."""
        made = _MAKES_VIEW.search(sql)
        if not made:
            return None
        (name,) = made.groups()
        info = self._connection.execute(f"PRAGMA table_info('main.{name}')").fetchall()
        columns = [(column, type_) for _, column, type_, *_ in info]
        if not self._wanted or any(type_ == _UNTYPED for _, type_ in columns):
            return name, columns
        listed = ", ".join(f'"{column}" {type_}' for column, type_ in columns)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({listed})")
        self._names.add(name)
        return name, columns

    def drop(self) -> None:
        """Let the views be seen again, from now on."""
        self._wanted = False
        for name in self._names:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
        self._names.clear()
