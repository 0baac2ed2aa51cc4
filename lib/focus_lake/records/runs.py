"""Run history: one line for each run of each job, in ``<lake>/runs/<job>/<YYYYMM>.jsonl``.

The line is written when the run begins and completed when it ends, so a run that was killed is
there too: without an end and without an exit code.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from focus_lake import __version__
from focus_lake.errors import OptionsError, StorageError, VersionConflict
from focus_lake.log import Author, Log, local_user, utc_now
from focus_lake.storage.base import Store

ATTEMPTS = 20  # other runs of the job that may write to the month's file in between
REFUSALS = 100  # that a line names; the count is always whole
_LIBRARIES = ("pyspark", "pyarrow", "duckdb", "pyathena", "trino")


@dataclasses.dataclass
class Run:
    """One run; the job fills in what it counted, what it refused and how it ended."""

    job: str
    run_id: str
    who: str
    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    refusals: list[str] = dataclasses.field(default_factory=list)

    @property
    def author(self) -> Author:
        return Author(self.who, self.run_id)

    @property
    def path(self) -> str:
        return f"runs/{self.job}/{self.started_at[:7].replace('-', '')}.jsonl"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, separators=(",", ":"))


@contextmanager
def recorded(
    lake: Store, job: str, options: object, log: Log, only_reads: bool = False
) -> Iterator[Run]:
    """The run of a job, from the block's beginning to its end, as one line of the history.

    The block sets exit_code; an error that leaves it is noted and raised on. A line that cannot
    be written is a StorageError: a run that leaves no trace must not pass unseen. only_reads: a
    job that is worth its while on a lake that it may only read; the log says then that the run is
    not in the history.
    """
    run = Run(job, log.run_id, who(lake), utc_now(), None, None, versions(), texts(options))
    try:
        _write(lake, run)
    except StorageError as error:
        if not only_reads:
            raise
        log.event("run not noted", "warning", error=str(error))
        yield run
        return
    try:
        yield run
    except BaseException as error:
        run.exit_code = 2 if isinstance(error, OptionsError) else 1
        run.refusals.append(str(error) or type(error).__name__)
        raise
    finally:
        run.ended_at = utc_now()
        run.refusals = run.refusals[:REFUSALS]
        _write(lake, run)


def _write(lake: Store, run: Run) -> None:
    """Put the run's line at the end of its month's file, in the place of its earlier form."""
    for attempt in range(1, ATTEMPTS + 1):
        data, read = lake.read(run.path)
        lines = (data or b"").decode("utf-8", "replace").split("\n")
        kept = [line for line in lines if line and f'"run_id":"{run.run_id}"' not in line]
        try:
            lake.put_if(run.path, "".join(f"{x}\n" for x in [*kept, run.to_json()]).encode(), read)
            return
        except VersionConflict:
            if attempt == ATTEMPTS:
                raise


def versions() -> dict[str, str]:
    """focus_lake, Python and the libraries that are installed here."""
    found = {"focus_lake": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # not needed by this job, or part of Glue without metadata
    return found


def texts(options: Any) -> dict[str, str]:
    """Options that are not empty, as they would be written on the command line."""
    values = {item.name: getattr(options, item.name) for item in dataclasses.fields(options)}
    return {name: _text(value) for name, value in values.items() if value not in ("", (), None)}


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def who(lake: Store) -> str:
    """The role or user at AWS where the lake is on S3 proper, else the user of this machine."""
    if not lake.root.startswith("s3://") or getattr(lake, "endpoint", None):
        return local_user()
    import boto3  # slow to load, and not there where a lake is a folder
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    short = Config(connect_timeout=3, read_timeout=3, retries={"max_attempts": 1})
    try:
        return boto3.client("sts", config=short).get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError) as error:
        return f"{local_user()} (AWS does not say who: {error})"


def refused(provider: str, key: tuple[str, ...], reasons: list[dict]) -> str:
    """A refused batch as a line of the history."""
    told = "; ".join(f"{reason.get('code')}: {reason.get('message')}" for reason in reasons)
    return f"{'/'.join((provider, *key))}: {told}"
