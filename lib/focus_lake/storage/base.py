"""What a place with files offers, be it a folder or a bucket; paths in it are relative, with ``/``.

Stores pickle, so that Spark tasks can open them on the executors.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol


@dataclass(frozen=True)
class Entry:
    """One file: path relative to the store, bytes, version mark and time of change (UTC)."""

    path: str
    size: int
    etag: str
    modified: datetime


class Store(Protocol):
    """What the job needs of a place where files lie."""

    @property
    def root(self) -> str: ...
    def exists(self) -> bool: ...
    def under(self, folder: str) -> Store: ...
    def list(self, prefix: str = "") -> Iterator[Entry]: ...
    def open(self, path: str) -> BinaryIO: ...
    def read(self, path: str) -> tuple[bytes | None, str | None]: ...
    def put_if(self, path: str, data: bytes, version: str | None) -> str: ...
    def writer(self, path: str) -> AbstractContextManager[BinaryIO]: ...
    def delete(self, prefix: str) -> None: ...
    def move_file(self, source: str, target: str) -> None: ...
    def move_folder(self, source: str, target: str) -> None: ...
    def url(self, path: str) -> str: ...


class RangeReader(io.RawIOBase):
    """A seekable file over ``fetch(first, last) -> bytes``, for objects read in ranges."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]):
        self._size, self._fetch, self._at = size, fetch, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = self._fetch(self._at, self._at + wanted - 1)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
