"""One object from OSS to S3: streamed, counted, repeated when broken off, safe to do twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import oss2
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from oss2.exceptions import OssError
from urllib3.exceptions import HTTPError

from focus_lake.errors import StorageError
from focus_lake.log import Log
from focus_lake.oss import crc64
from focus_lake.oss.settings import CopySettings

TRIES = 3  # of one object within a call; Function Compute repeats the whole call besides
PAUSE_SECONDS = 2.0  # before the second try, twice that before the third
PART_BYTES = 8 * 1024 * 1024
PARTS_IN_MEMORY = 4
MOST_PARTS = 10_000  # S3's limit for one upload
READ_BYTES = 1024 * 1024
ETAG_NAME = "oss-etag"  # metadata of the S3 object: the ETag that its source had
AGAIN = {408, 412, 429}  # answers below 500 that another try can change


class Interrupted(StorageError):
    """The copy is not what it should be; another try may be."""


TROUBLE = (Interrupted, OssError, ClientError, BotoCoreError, Boto3Error, HTTPError, OSError)


@dataclass(frozen=True)
class Held:
    """An object as one side tells it; modified in whole seconds since 1970 UTC.

    etag is OSS's on both sides, because S3's own differs after a multipart upload; None where
    S3 gave only a listing.
    """

    size: int
    modified: int
    etag: str | None = None


HIDDEN = Held(-1, 0)  # S3 does not say: our AWS user may put, but neither read nor list


def is_copy(source: Held, held: Held | None) -> bool:
    """Whether S3 already holds this very source.

    By size and ETag; by size and the copy being the younger one where S3 does not tell the
    ETag. False in doubt: a copy too many changes no byte.
    """
    if held is None or held.size != source.size:
        return False
    return held.etag == source.etag if held.etag else held.modified > source.modified


class CheckedBody:
    """The bytes of an OSS answer as they come over the wire, for boto3 to read.

    An early end looks like the end of the file to a reader, and S3 would store a short object.
    So the end is an error (Interrupted) unless count and CRC-64 are right; boto3 then aborts
    the upload. The SDK's reader would unpack objects stored with Content-Encoding: gzip.
    unchecked: why the CRC-64 cannot be checked, or "".
    """

    def __init__(self, answer: Any, size: int):
        self.raw, self.size, self.count = answer.resp.response.raw, size, 0
        self.expected_crc = answer.server_crc
        told = "" if self.expected_crc is not None else "OSS told none"
        self.unchecked = crc64.MISSING or told
        self.crc = None if self.unchecked else crc64.Crc64Check()

    def read(self, amount: int | None = -1) -> bytes:
        """Exactly ``amount`` bytes, or what is left: S3 refuses small parts but the last."""
        wanted = self.size - self.count if amount is None or amount < 0 else amount
        pieces, got = [], 0
        while got < wanted:
            piece = self.raw.read(min(READ_BYTES, wanted - got), decode_content=False)
            if not piece:
                break
            pieces.append(piece)
            got += len(piece)
            if self.crc:
                self.crc.update(piece)
        self.count += got
        if got < wanted or self.count >= self.size:
            self._check()
        return b"".join(pieces)

    def _check(self) -> None:
        if self.count != self.size:
            raise Interrupted(f"OSS sent {self.count} bytes of {self.size}")
        if self.crc and not self.crc.is_right(self.expected_crc):
            raise Interrupted(f"OSS sent {self.size} bytes with the wrong CRC-64")
        self.crc = None  # checked; a reader may ask again at the end


@dataclass
class Copier:
    """Copies objects of one OSS bucket to their S3 keys."""

    settings: CopySettings
    oss: oss2.Bucket
    s3: Any
    log: Log
    warned: set[str] = field(default_factory=set)  # shared by the copiers of one call

    def copy(self, key: str) -> str:
        """Copy one object unless S3 has it; returns "copied" or "already_there".

        StorageError after TRIES tries or a refusal: S3 then holds what it held before or the
        whole object, never a part of one.
        """
        target = self.settings.target(key)
        names = {
            "source": f"oss://{self.oss.bucket_name}/{key}",
            "target": f"s3://{self.settings.s3_bucket}/{target}",
        }
        for attempt in range(1, TRIES + 1):
            started = time.perf_counter()
            try:
                event, told = self._once(key, target)
            except TROUBLE as error:
                if _refused(error) or attempt == TRIES:
                    raise StorageError(f"{names['source']}: not copied: {_say(error)}") from error
                self.log.event("retry", "warning", **names, attempt=attempt, error=_say(error))
                time.sleep(PAUSE_SECONDS * attempt)
            else:
                seconds = round(time.perf_counter() - started, 3)
                self.log.event(event, **names, **told, attempt=attempt, seconds=seconds)
                return event
        raise AssertionError("the last try returns or raises")

    def _once(self, key: str, target: str) -> tuple[str, dict]:
        source = self.head(key)
        held = self._held(target)
        told = {"bytes": source.size, "oss_etag": source.etag}
        if held is not None and is_copy(source, held):
            return "already_there", {**told, "known_by": "etag" if held.etag else "time"}
        self._send(key, target, source)
        return "copied", {**told, "verified_by": self._verify(key, target, source)}

    def head(self, key: str) -> Held:
        """Size, time and ETag of the object in OSS."""
        found = self.oss.head_object(key)
        return Held(found.content_length, found.last_modified, found.etag)

    def _held(self, target: str) -> Held | None:
        """What S3 has under the key: an object, None, or HIDDEN where we may not know."""
        bucket = self.settings.s3_bucket
        try:
            head = self.s3.head_object(Bucket=bucket, Key=target)
        except ClientError as error:
            if _status(error) == 404:
                return None
            if _status(error) != 403:
                raise
        else:
            modified = int(head["LastModified"].timestamp())
            return Held(head["ContentLength"], modified, head["Metadata"].get(ETAG_NAME))
        try:  # a HEAD needs s3:GetObject; s3:ListBucket alone still tells size and time
            answer = self.s3.list_objects_v2(Bucket=bucket, Prefix=target, MaxKeys=1)
        except ClientError as error:
            if _status(error) != 403:
                raise
            return HIDDEN
        same = [item for item in answer.get("Contents", ()) if item["Key"] == target]
        return listed(same[0]) if same else None

    def _send(self, key: str, target: str, source: Held) -> None:
        # Part bounds depend on the size only: the same bytes give the same S3 ETag every time.
        part = max(PART_BYTES, -(-source.size // MOST_PARTS))
        config = TransferConfig(part, PARTS_IN_MEMORY, part)
        config.max_in_memory_upload_chunks = PARTS_IN_MEMORY
        answer = self.oss.get_object(key)
        try:
            if answer.etag != source.etag:
                raise Interrupted("the source was replaced before it was read")
            body = CheckedBody(answer, source.size)
            self._warn_once(body.unchecked)
            self.s3.upload_fileobj(
                body,
                self.settings.s3_bucket,
                target,
                ExtraArgs={"Metadata": {ETAG_NAME: source.etag}},
                Config=config,
            )
        finally:
            answer.close()

    def _warn_once(self, unchecked: str) -> None:
        if unchecked and unchecked not in self.warned:
            self.warned.add(unchecked)
            self.log.event(
                "not checked", "warning", what="CRC-64; the number of bytes is", why=unchecked
            )

    def _verify(self, key: str, target: str, source: Held) -> str:
        """After a copy: is it whole, and is the source still what was copied?

        The second question settles two copies at once, one of an older state: whoever ends last
        finds the newer source and copies again.
        """
        held = self._held(target)
        if held is None or (held != HIDDEN and held.size != source.size):
            size = held.size if held else "no"
            raise Interrupted(f"S3 has {size} bytes after a copy of {source.size} bytes")
        if self.head(key) != source:
            raise Interrupted("the source was replaced while it was copied")
        return "sent bytes" if held == HIDDEN else "size in S3"


def listed(item: dict) -> Held:
    """An object of an S3 listing, which has no metadata."""
    return Held(item["Size"], int(item["LastModified"].timestamp()))


def _status(error: BaseException) -> int:
    if isinstance(error, ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return getattr(error, "status", 0)


def _refused(error: BaseException) -> bool:
    return 400 <= _status(error) < 500 and _status(error) not in AGAIN


def _say(error: BaseException) -> str:
    if isinstance(error, OssError) and error.status > 0:
        answer = f"{error.status} {error.code} {error.message}".rstrip()
        return f"OSS answered {answer} (request {error.request_id})"
    return str(error) if isinstance(error, Interrupted) else f"{type(error).__name__}: {error}"
