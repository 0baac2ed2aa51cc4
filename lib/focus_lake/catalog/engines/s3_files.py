"""s3:// for a DuckDB connection that has no httpfs: an fsspec filesystem over a lake's store.

DuckDB takes extensions from its own server alone, which many networks do not let through. Reading
by way of Python is slower; what a catalog asks of the lake while it is made is little.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

from focus_lake.storage.base import Store


def register(connection: Any, store: Store) -> None:
    """Let the connection read what lies in the store, by its s3:// address."""
    connection.register_filesystem(StoreFiles(store))


class StoreFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files of one store, to be read only."""

    protocol = "s3"
    cachable = False

    def __init__(self, store: Store):
        super().__init__()
        self._store = store
        self._root = store.root.removeprefix("s3://").rstrip("/") + "/"

    def _inside(self, path: str) -> str:
        """A path as the store knows it."""
        return str(self._strip_protocol(path)).removeprefix(self._root)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size and time of change (UTC) of a file; FileNotFoundError if it is not there."""
        wanted = self._inside(path)
        # The listing of its folder: a store has no other way to tell of one file.
        for entry in self._store.list(wanted.rpartition("/")[0]):
            if entry.path == wanted:
                name = f"{self._root}{entry.path}"
                return {"name": name, "size": entry.size, "type": "file", "at": entry.modified}
        raise FileNotFoundError(path)

    def modified(self, path: str) -> datetime:
        found: datetime = self.info(path)["at"]
        return found.astimezone(UTC)

    def glob(self, path: str, **_: Any) -> list[str]:
        """Files of a pattern with *, ** and one character in brackets, as the catalog writes it."""
        wanted = self._inside(path)
        fixed = re.split(r"[*?\[]", wanted)[0].rpartition("/")[0]
        parts = re.split(r"(\*\*/|\*|\[.\])", wanted)
        translated = {"**/": "(?:.*/)?", "*": "[^/]*"}
        pattern = "".join(
            translated.get(part) or re.escape(part[1] if re.fullmatch(r"\[.\]", part) else part)
            for part in parts
        )
        return [
            f"{self._root}{entry.path}"
            for entry in self._store.list(fixed)
            if re.fullmatch(pattern, entry.path)
        ]

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if mode != "rb":
            raise PermissionError(f"{path}: the lake is only read here")
        return self._store.open(self._inside(path))
