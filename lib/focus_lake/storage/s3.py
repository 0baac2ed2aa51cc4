"""An S3 prefix as a store: the one file that calls S3's API (Spark reads through S3A)."""

from __future__ import annotations

import functools
import io
import tempfile
import uuid
from collections.abc import Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from focus_lake.errors import StorageError, VersionConflict
from focus_lake.storage.base import Entry, RangeReader

READ_AHEAD = 8 * 1024 * 1024  # bytes a ranged GET: few requests, little memory
WRITE_MARK = "focus-lake-write"  # metadata: which conditional write made the object
LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
MISSING = {"NoSuchKey", "404", "NotFound"}


@functools.lru_cache(maxsize=4)
def client(endpoint: str | None) -> Any:
    """One S3 client a process and endpoint; credentials come from boto3's usual chain."""
    import boto3
    from botocore.config import Config

    style = {"addressing_style": "path"} if endpoint else {}
    config = Config(retries={"mode": "standard", "max_attempts": 5}, s3=style)
    return boto3.client("s3", endpoint_url=endpoint, config=config)


def signing_client(endpoint: str | None, region: str) -> Any:
    """A client whose links open in every region and for objects under a customer's key: signature
    version 4, with the region in the host's name."""
    import boto3
    from botocore.config import Config

    style = {"addressing_style": "path" if endpoint else "virtual"}
    config = Config(signature_version="s3v4", s3=style)
    return boto3.client("s3", endpoint_url=endpoint, region_name=region or None, config=config)


@dataclass(frozen=True)
class S3Store:
    """An S3 prefix. A file's version is its ETag."""

    root: str
    bucket: str
    prefix: str
    endpoint: str | None = None

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def exists(self) -> bool:
        """Whether the bucket is there; a prefix without objects is an empty folder."""
        from botocore.exceptions import ClientError

        with _naming(self.root, "list"):
            try:
                client(self.endpoint).head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if _code(error) in MISSING:
                    return False
                raise
        return True

    def under(self, folder: str) -> S3Store:
        """The store of a folder of this one."""
        key = self._key(folder)
        return S3Store(f"s3://{self.bucket}/{key}", self.bucket, key, self.endpoint)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object below prefix, in S3's order (by key)."""
        start = self._key(prefix)
        start = f"{start.rstrip('/')}/" if start else ""
        skip = len(self.prefix) + 1 if self.prefix else 0
        with _naming(f"s3://{self.bucket}/{start}", "list"):
            pages = client(self.endpoint).get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=start):
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):  # console-made folder markers
                        etag = item["ETag"].strip('"')
                        path = item["Key"][skip:]
                        yield Entry(path, item["Size"], etag, item["LastModified"])

    def open(self, path: str) -> BinaryIO:
        """The object as a seekable file, read in ranges of its present version."""
        where, s3 = {"Bucket": self.bucket, "Key": self._key(path)}, client(self.endpoint)
        with _naming(self.url(path), "read"):
            head = s3.head_object(**where)

        def fetch(first: int, last: int) -> bytes:
            with _naming(self.url(path), "read"):
                span = {"Range": f"bytes={first}-{last}", "IfMatch": head["ETag"]}
                return s3.get_object(**where, **span)["Body"].read()

        return io.BufferedReader(RangeReader(head["ContentLength"], fetch), READ_AHEAD)

    def read(self, path: str) -> tuple[bytes | None, str | None]:
        """(content, version), or (None, None) if the object is not there."""
        from botocore.exceptions import ClientError

        with _naming(self.url(path), "read"):
            try:
                answer = client(self.endpoint).get_object(Bucket=self.bucket, Key=self._key(path))
            except ClientError as error:
                if _code(error) in MISSING:
                    return None, None
                raise
            return answer["Body"].read(), answer["ETag"]

    def put_if(self, path: str, data: bytes, version: str | None) -> str:
        """Write data if the object still has this version (None: is not there).

        A conditional PUT: of two runs one wins, the other gets VersionConflict. Needs boto3
        1.36 or newer, which knows If-Match on PutObject. boto3 repeats a request whose answer got
        lost, and the repetition is refused because of the first: what lies there is therefore
        looked at before a conflict is believed.
        """
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        where = {"Bucket": self.bucket, "Key": self._key(path)}
        mark = {WRITE_MARK: uuid.uuid4().hex}
        try:
            with _naming(self.url(path), "write", MISSING if version else frozenset()):
                answer = client(self.endpoint).put_object(
                    **where, Body=data, Metadata=mark, **condition
                )
        except VersionConflict:
            if (found := self._written(where, mark)) is None:
                raise
            return found
        return answer["ETag"]

    def _written(self, where: dict, mark: dict[str, str]) -> str | None:
        """The version of the object if it carries this mark; None if it is another's."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            head = client(self.endpoint).head_object(**where)
        except (BotoCoreError, ClientError):
            return None  # it cannot be told: the conflict stands
        return head["ETag"] if head.get("Metadata") == mark else None

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """A file to write to, uploaded (in parts where large) when it is closed without error."""
        with tempfile.TemporaryFile() as draft:
            try:
                yield draft
                draft.seek(0)
            except OSError as error:
                where = tempfile.gettempdir()
                raise StorageError(f"{where}: cannot write: {error.strerror or error}") from error
            with _naming(self.url(path), "write"):
                client(self.endpoint).upload_fileobj(
                    draft, self.bucket, self._key(path), ExtraArgs=_shown_as(path)
                )

    def delete(self, prefix: str) -> None:
        """Remove an object, and all below it; nothing if there is none."""
        paths = [*filter(None, [prefix]), *(entry.path for entry in self.list(prefix))]
        keys = [{"Key": self._key(path)} for path in paths]
        with _naming(self.url(prefix), "delete"):
            for start in range(0, len(keys), 1000):
                wanted = {"Objects": keys[start : start + 1000], "Quiet": True}
                answer = client(self.endpoint).delete_objects(Bucket=self.bucket, Delete=wanted)
                for failed in answer.get("Errors", ()):
                    raise StorageError(f"{failed['Key']}: cannot delete: {failed.get('Message')}")

    def move_file(self, source: str, target: str) -> None:
        """Copy an object to target, then remove the source."""
        self._copy(source, target)
        self.delete(source)

    def move_folder(self, source: str, target: str) -> None:
        """Copy the objects below source to target, which has none; then remove those of source."""
        moves = [(entry.path, target + entry.path[len(source) :]) for entry in self.list(source)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda move: self._copy(*move), moves))
        self.delete(source)

    def _copy(self, source: str, target: str) -> None:
        origin = {"Bucket": self.bucket, "Key": self._key(source)}
        with _naming(self.url(target), "write"):
            client(self.endpoint).copy(origin, self.bucket, self._key(target))

    def url(self, path: str) -> str:
        return f"s3://{self.bucket}/{self._key(path)}"

    def link(self, path: str, seconds: int, region: str = "") -> str:
        """An address that opens a file for whoever has it, until then or until the credentials that
        signed it end (those of a role: within hours)."""
        where = {"Bucket": self.bucket, "Key": self._key(path)}
        with _naming(self.url(path), "sign a link to"):
            signed = signing_client(self.endpoint, region).generate_presigned_url(
                "get_object", Params=where, ExpiresIn=seconds
            )
        return str(signed)


def _shown_as(path: str) -> dict[str, str]:
    """What a browser needs to show a page instead of saving it."""
    kinds = {".html": "text/html; charset=utf-8", ".pdf": "application/pdf"}
    found = kinds.get(path[path.rfind(".") :])
    return {"ContentType": found} if found else {}


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _naming(url: str, verb: str, lost: Set[str] = frozenset()) -> Iterator[None]:
    """Turn boto3's errors into ours, with the object and what was tried.

    lost: codes that mean here, too, that another run was faster.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if verb == "write" and _code(error) in LOST_RACE | lost:
            raise VersionConflict(f"{url}: changed by another run; start this one again") from error
        raise StorageError(f"{url}: cannot {verb}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageError(f"{url}: cannot {verb}: {error}") from error
