"""Open a place by its name: a folder, or ``s3://bucket/prefix``."""

from __future__ import annotations

from pathlib import Path

from focus_lake.errors import OptionsError
from focus_lake.storage.base import Store
from focus_lake.storage.local import LocalStore


def at(root: str, endpoint: str | None = None) -> Store:
    """The store at a folder or ``s3://bucket/prefix``; endpoint is for S3-compatible servers."""
    if root.startswith(("s3://", "s3a://")):
        from focus_lake.storage.s3 import S3Store  # boto3 is slow to load

        bucket, _, prefix = root.split("://", 1)[1].partition("/")
        if not bucket:
            raise OptionsError(f"{root}: no bucket name; write s3://bucket/prefix")
        return S3Store(f"s3://{bucket}/{prefix}".rstrip("/"), bucket, prefix.strip("/"), endpoint)
    if "://" in root:
        raise OptionsError(f"{root}: only s3:// and local folders are supported")
    return LocalStore(str(Path(root).absolute()))
