"""The lake's scratch folder: one folder a run, apart from all tables, gone when the run ends.

What a crashed run left is removed by the next one. A run on the same machine is known to be
dead when its process is; of another machine's run nothing is known, so its folder is kept for a
day, which is longer than a run may take on Glue (the job's timeout).
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from focus_lake.log import Log
from focus_lake.storage.base import Entry, Store

FOLDER = "_scratch"
MARKER = "run.json"
KEPT = timedelta(days=1)


@contextmanager
def folder(lake: Store, log: Log) -> Iterator[str]:
    """A new scratch folder in the lake; dead runs' folders are removed first."""
    clean(lake, log)
    path = f"{FOLDER}/{log.run_id}"
    owner = {"host": socket.gethostname(), "pid": os.getpid()}
    try:
        lake.put_if(f"{path}/{MARKER}", json.dumps(owner).encode(), None)
        yield path
    finally:
        lake.delete(path)


def clean(lake: Store, log: Log) -> None:
    """Remove the scratch folders of runs that have ended."""
    newest: dict[str, datetime] = {}
    for entry in lake.list(FOLDER):
        run = _run_of(entry)
        newest[run] = max(newest.get(run, entry.modified), entry.modified)
    for run, changed in newest.items():
        if _is_dead(lake, run, changed):
            log.event("cleaned", scratch=run)
            lake.delete(f"{FOLDER}/{run}")


def _run_of(entry: Entry) -> str:
    return entry.path.split("/")[1]


def _is_dead(lake: Store, run: str, changed: datetime) -> bool:
    data, _ = lake.read(f"{FOLDER}/{run}/{MARKER}")
    try:
        owner = dict(json.loads(data or b"{}"))
    except (ValueError, TypeError):
        owner = {}
    if datetime.now(UTC) - changed > KEPT:
        return True
    return owner.get("host") == socket.gethostname() and not _runs(owner.get("pid"))


def _runs(pid: int | None) -> bool:
    if pid == os.getpid():  # a container's processes get the same numbers again
        return False
    try:
        os.kill(int(pid), 0)  # type: ignore[arg-type]  # None is not a process, see below
    except (ProcessLookupError, TypeError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
