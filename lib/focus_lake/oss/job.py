"""What Function Compute calls: copy the objects of OSS events, or all that S3 does not have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote, unquote_plus

import oss2
from botocore.exceptions import ClientError
from oss2.exceptions import OssError

from focus_lake.errors import FocusLakeError, StorageError
from focus_lake.log import Log
from focus_lake.oss.copy import Copier, Held, is_copy, listed
from focus_lake.oss.settings import CopySettings, oss_bucket, s3_client


def copy_events(event: bytes | str, environ: Mapping[str, str], log: Log) -> dict[str, int]:
    """Copy every object that an OSS trigger names; returns how many had which outcome.

    event: ``{"events": [{"eventName": "ObjectCreated:PutObject", "oss": {"bucket": {"name": ..},
    "object": {"key": .., "eTag": ..}}}]}``. An object that fails does not stop the others;
    FocusLakeError at the end tells of them all, and Function Compute repeats the call.
    """
    settings = CopySettings.read(environ)
    s3 = s3_client(settings, environ)
    outcome = CopyOutcome(log)
    warned: set[str] = set()
    for record in read_events(event):
        outcome.take(partial(_copy_event, record, settings, environ, s3, log, warned))
    return outcome.end()


def copy_missing(environ: Mapping[str, str], log: Log) -> dict[str, int]:
    """List both sides and copy what S3 does not have, or has in another size or older.

    Needs OSS_BUCKET, oss:ListObjects and s3:ListBucket below the target folder. Returns how
    many had which outcome; errors as with copy_events.
    """
    settings = CopySettings.read(environ, also=("OSS_BUCKET",))
    oss = oss_bucket(settings, environ, settings.oss_bucket)
    s3 = s3_client(settings, environ)
    copier = Copier(settings, oss, s3, log)
    held = list_s3(settings, s3)
    outcome = CopyOutcome(log)
    for key, source in list_oss(settings, oss):
        if is_copy(source, held.get(settings.target(key))):
            outcome.counts["already_there"] += 1  # no line each: there are thousands
        else:
            outcome.take(partial(copier.copy, key))
    return outcome.end()


class CopyOutcome:
    """Counts what became of the objects; failures wait until every object had its turn."""

    def __init__(self, log: Log):
        self.log = log
        self.counts: Counter[str] = Counter()
        self.failures: list[FocusLakeError] = []

    def take(self, step: Callable[[], str]) -> None:
        """Do one object's step, which returns its outcome."""
        try:
            self.counts[step()] += 1
        except FocusLakeError as error:
            self.failures.append(error)
            self.log.event("failed", "error", error=str(error))

    def end(self) -> dict[str, int]:
        """Log the totals; StorageError if anything failed."""
        level = "error" if self.failures else "info"
        self.log.event("done", level, **self.counts, failed=len(self.failures))
        if self.failures:
            what = "; ".join(map(str, self.failures[:5]))
            raise StorageError(f"{len(self.failures)} objects failed: {what}")
        return dict(self.counts)


def read_events(event: bytes | str) -> list[dict]:
    """The records of an OSS trigger's event; FocusLakeError if it is not such an event."""
    try:
        records = json.loads(event)["events"]
        for record in records:
            record["oss"]["bucket"]["name"], record["oss"]["object"]["key"]
        return list(records)
    except (ValueError, TypeError, KeyError) as error:
        raise FocusLakeError(
            f"this is not an event of a native OSS trigger ({type(error).__name__}: {error}): "
            f"{event[:200]!r}: look at the trigger's type, and at the function's handler"
        ) from error


def _copy_event(
    record: dict,
    settings: CopySettings,
    environ: Mapping[str, str],
    s3: Any,
    log: Log,
    warned: set[str],
) -> str:
    bucket, found = record["oss"]["bucket"]["name"], record["oss"]["object"]
    if settings.oss_bucket and bucket != settings.oss_bucket:
        raise FocusLakeError(
            f"oss://{bucket}/{found['key']}: OSS_BUCKET is {settings.oss_bucket}: "
            "correct the trigger or the variable"
        )
    copier = Copier(settings, oss_bucket(settings, environ, bucket), s3, log, warned)
    key = find_name(copier, found["key"], found.get("eTag", ""))
    event_name = record.get("eventName", "")
    why_not = settings.why_not(key)
    if "ObjectCreated" not in event_name:
        why_not = f"the event is {event_name or 'without a name'}, not ObjectCreated"
    if why_not:
        log.event("ignored", source=f"oss://{bucket}/{key}", reason=why_not)
        return "ignored"
    return copier.copy(key)


def find_name(copier: Copier, key: str, etag: str) -> str:
    """The object that an event means.

    Alibaba's pages do not say whether an event's key is URL-encoded. So it is taken as it
    stands if there is such an object, else decoded; the event's ETag decides if there are both.
    """
    names = dict.fromkeys((key, unquote(key), unquote_plus(key)))
    if len(names) == 1:
        return key
    found = {}
    for name in names:
        try:
            found[name] = copier.head(name).etag
        except (OssError, OSError) as error:
            if getattr(error, "status", 0) not in (403, 404):  # 403: not below our folder
                raise StorageError(f"oss://{copier.oss.bucket_name}/{name}: {error}") from error
    same = [name for name, its in found.items() if (its or "").upper() == etag.upper()]
    return [*same, *found, key][0]


def list_s3(settings: CopySettings, s3: Any) -> dict[str, Held]:
    """Every object below the target folder, by key."""
    folder = settings.target(settings.oss_prefix)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.s3_bucket, Prefix=folder)
    try:
        return {item["Key"]: listed(item) for page in pages for item in page.get("Contents", ())}
    except ClientError as error:
        raise StorageError(
            f"s3://{settings.s3_bucket}/{folder} cannot be listed: {error}: the AWS user of the "
            "timer needs s3:ListBucket for this prefix (docs/oss_to_s3.md)"
        ) from error


def list_oss(settings: CopySettings, oss: oss2.Bucket) -> list[tuple[str, Held]]:
    """Every object to be copied, by key: what OSS's listing says of it."""
    found = oss2.ObjectIteratorV2(oss, prefix=settings.oss_prefix, max_keys=1000)
    try:
        return [
            (item.key, Held(item.size, item.last_modified, item.etag))
            for item in found
            if not settings.why_not(item.key)
        ]
    except OssError as error:
        raise StorageError(
            f"oss://{oss.bucket_name}/{settings.oss_prefix} cannot be listed: {error}: the "
            "function's RAM role needs oss:ListObjects on the bucket (docs/oss_to_s3.md)"
        ) from error
