"""The checked copy: rows as Parquet under a digest, immutable; and which revisions count.

``checked/<kind>/revision=<digest>/part-00000.parquet`` holds the rows of one revision, and
``checked/_current/<set>.json`` the digest of each kind of a set. A revision that was once written
is never changed or removed, so that a closed month can show what it rested on.
"""

from __future__ import annotations

import hashlib
import io
import json
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake.errors import StorageError, VersionConflict
from focus_lake.reference import history
from focus_lake.reference.kinds import Kind, of_set, table
from focus_lake.reference.sheet import Sheet
from focus_lake.reference.types import TYPES
from focus_lake.storage.base import Store

NONE = "none"  # the revision of a kind without a row
PLACE = {"x_SourceFile": "string", "x_SourceLine": "bigint", "revision": "string"}
_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "decimal(38,18)": pa.decimal128(38, 18),
    "decimal(13,12)": pa.decimal128(13, 12),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
}

Revisions = dict[str, str]  # kind -> digest
Rows = list[dict[str, Any]]


def digest(sheet: Sheet) -> str:
    """The revision of a sheet: a mark of every value, in the files' order, and where it stands."""
    if not sheet.rows:
        return NONE
    lines = [
        [row.values[name] for name in sheet.kind.header] + [row.file, row.line]
        for row in sheet.rows
    ]
    text = json.dumps([sheet.kind.header, lines], ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rows_of(sheet: Sheet) -> Rows:
    """The rows as the checked copy has them."""
    revision = digest(sheet)
    return [
        {**row.values, "x_SourceFile": row.file, "x_SourceLine": row.line, "revision": revision}
        for row in sheet.rows
    ]


def write(store: Store, sheet: Sheet) -> str:
    """Write the sheet's revision if it is not there yet; its digest."""
    revision = digest(sheet)
    path = _path(sheet.kind, revision)
    if revision == NONE or store.read(path)[0] is not None:
        return revision
    buffer = io.BytesIO()
    pq.write_table(_table(sheet.kind, rows_of(sheet)), buffer)
    with suppress(VersionConflict):  # another run wrote the same rows a moment ago
        store.put_if(path, buffer.getvalue(), None)
    return revision


def load(store: Store, kind: Kind, revision: str) -> Rows:
    """The rows of a revision; StorageError if somebody removed it."""
    if revision == NONE:
        return []
    path = _path(kind, revision)
    data, _ = store.read(path)
    if data is None:
        raise StorageError(
            f"{store.url(path)} is missing: restore it from a backup, or correct the files "
            f"under {kind.folder} and run the refresh again"
        )
    return pq.read_table(io.BytesIO(data)).to_pylist()


def current(store: Store, name: str) -> Revisions:
    """The revisions of a set that count: those of its last refresh without a fault."""
    data, _ = store.read(_pointer(name))
    found = json.loads(data) if data else {}
    return {kind.name: found.get(kind.name, NONE) for kind in of_set(name)}


def set_current(store: Store, name: str, revisions: Revisions) -> None:
    """Make these revisions those that count."""
    data, version = store.read(_pointer(name))
    new = (json.dumps(revisions, indent=1, sort_keys=True) + "\n").encode()
    if data != new:
        store.put_if(_pointer(name), new, version)
        history.append(store, name, revisions)


def hive_columns(kind: Kind) -> dict[str, str]:
    """Column -> Hive type of the kind's table."""
    return {column.name: TYPES[column.type].hive for column in kind.columns} | PLACE


def everything(store: Store) -> dict[str, Rows]:
    """The rows that count of every kind, as views read them."""
    return {
        kind.name: load(store, kind, current(store, kind.set)[kind.name])
        for kind in table().values()
    }


def _table(kind: Kind, rows: Rows) -> pa.Table:
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], _ARROW[hive])
            for name, hive in hive_columns(kind).items()
        }
    )


def _path(kind: Kind, revision: str) -> str:
    return f"{kind.checked}/revision={revision}/part-00000.parquet"


def _pointer(name: str) -> str:
    return f"checked/_current/{name}.json"
