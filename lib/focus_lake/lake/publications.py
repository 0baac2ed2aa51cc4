"""Where the files of a batch lie: every publication has a folder of its own, which never changes.

``<table>/<provider>/yearmonth=YYYYMM/batch_ts=YYYYMMDDHHMMSS/publication=<id>/*.parquet`` in the
lake. A batch that is published again (a late part, a replay) gets a new folder; the ledger's line
names the one that counts, and views name it as a literal. A folder that was published is never
written to again, so whoever reads it reads all of it until it expires.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from focus_lake.errors import LedgerError
from focus_lake.storage.base import Store

if TYPE_CHECKING:
    from focus_lake.lake.ledger import Head, Line

NORMALIZED, DAILY, REJECTED = "normalized", "daily", "rejected"
TABLES = (NORMALIZED, DAILY, REJECTED)  # of each provider; partitioned alike
_FOLDER = re.compile(
    r"[^/]+/[^/]+/yearmonth=(?P<yearmonth>[^/]+)/batch_ts=(?P<batch_ts>[^/]+)"
    r"/publication=(?P<publication>[^/]+)/[^/]+"
)
_FORMER = re.compile(r"[^/]+/[^/]+/yearmonth=([^/]+)/batch_ts=([^/]+)/[^/=]+")


class Key(NamedTuple):
    """The partition of one publication; the order is that of the partition columns."""

    yearmonth: str
    batch_ts: str
    publication: str


def new_id() -> str:
    """A name that no other publication has: when it was made (UTC), and a random part.

    Letters, digits and a dash only: it is a folder's name, and no engine takes it for a number.
    """
    return f"{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex[:8]}"


def key(line: Line | Head) -> Key:
    """The partition of a ledger line's publication.

    Raises LedgerError for a line of the former layout, in which folders had no publication.
    """
    if not line.publication:
        raise LedgerError(
            f"ledger/{line.provider}/{line.yearmonth}.jsonl: batch {line.batch_ts} lies in a "
            "folder of the former layout, without a publication: run make move LAKE=.. once "
            "(docs/operations.md, 'Move a lake')"
        )
    return Key(line.yearmonth, line.batch_ts, line.publication)


def daily_key(line: Line) -> Key:
    """The partition of a batch's daily summary: the rows' own, or one that was made after them."""
    rows = key(line)
    return rows._replace(publication=line.daily_publication or rows.publication)


def folder(table: str, line: Line) -> str:
    """The folder with a ledger line's files in a table (one of TABLES), relative to the lake."""
    return folder_of(table, line.provider, key(line))


def folder_of(table: str, provider: str, of: Key) -> str:
    """The same from the partition."""
    return f"{table}/{provider}/{partition(of)}"


def partition(of: Any) -> str:
    """The partition as path; of: a Key, or a named tuple of the columns of another table."""
    return "/".join(f"{name}={value}" for name, value in zip(of._fields, of, strict=True))


def parse(path: str) -> Key | None:
    """The partition that a file's path in the lake tells; None for any other file."""
    found = _FOLDER.fullmatch(path)
    return Key(**found.groupdict()) if found else None


def lying(lake: Store, table: str, provider: str) -> set[Key]:
    """Every publication of a provider that has files in a table."""
    return set(filter(None, (parse(entry.path) for entry in lake.list(f"{table}/{provider}"))))


def former(paths: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """(yearmonth, batch_ts, path) of the files that lie as they did before publications."""
    for path in paths:
        if found := _FORMER.fullmatch(path):
            yield found[1], found[2], path
