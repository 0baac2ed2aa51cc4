"""Where a job works: each place is opened once, by its name, and handed down as a store."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Places:
    """The lake; where a job has them the raw files of all providers and the user's declarations."""

    lake: Store
    raw: Store | None = None
    declarations: Store | None = None

    @classmethod
    def open(
        cls, lake: str, raw: str = "", declarations: str = "", endpoint: str = "", new: bool = False
    ) -> Places:
        """Open what the options --lake, --raw and --declarations name; "" is none.

        new: the lake need not be there yet. Raises OptionsError for a place that cannot be meant.
        """
        end = endpoint or None
        places = cls(
            at(lake, end),
            at(raw, end) if raw else None,
            at(declarations, end) if declarations else None,
        )
        there = {"raw": (raw, places.raw), "declarations": (declarations, places.declarations)}
        for name, (given, place) in there.items():
            if place is not None and not place.exists():
                raise OptionsError(f"--{name} {given}: there is no such folder")
        if Path(places.lake.root).is_file():
            raise OptionsError(f"--lake {lake}: is a file; name a folder")
        if not new and not places.lake.exists():
            raise OptionsError(f"--lake {lake}: there is no such folder")
        return places

    def raw_of(self, provider: str) -> Store:
        """The raw files of one provider."""
        if self.raw is None:
            raise OptionsError("--raw is missing: the folder that holds one folder a provider")
        return self.raw.under(provider)
