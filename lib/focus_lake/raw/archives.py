"""Archives: what is in them, and when to refuse them. Nothing is held in memory."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from focus_lake.errors import BatchRejected
from focus_lake.raw.junk import why_junk
from focus_lake.storage.base import Store

Opener = Callable[[], AbstractContextManager[BinaryIO]]  # opens a text
ALLOWED_BEFORE_RATIO = 64 * 1024 * 1024  # small members may be as dense as they like


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to before it is taken for a zip bomb."""

    ratio: int = 250  # unpacked bytes for each packed byte; real bills stay below 60
    member_bytes: int = 200 * 1024**3


@contextmanager
def gunzipped(raw: Store, path: str, limits: Limits) -> Iterator[BinaryIO]:
    with raw.open(path) as packed:
        size = packed.seek(0, io.SEEK_END)
        packed.seek(0)
        with gzip.open(packed) as text:
            yield cast(BinaryIO, _Measured(text, size, limits))


def members(
    raw: Store, path: str, limits: Limits, junk: list[tuple[str, str]]
) -> Iterator[tuple[str, Opener]]:
    """(source, function that opens its text) for each member; known junk goes to `junk`, each with
    the reason."""
    with raw.open(path) as file, open_zip(file, path) as archive:
        for member in archive.infolist():
            source = f"{path}/{member.filename}"
            if member.is_dir():
                continue
            if why := why_junk(member.filename):
                junk.append((source, why))
                continue
            check_member(member, path)
            yield source, _member_opener(archive, member, limits)


def open_zip(file: BinaryIO, path: str) -> zipfile.ZipFile:
    """The archive, once its directory could be read and holds anything."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BatchRejected("broken_zip", f"cannot read the archive: {error}", path) from error
    names = [member.filename for member in archive.infolist() if not member.is_dir()]
    if not any(not why_junk(name) for name in names):
        none = "holds no file" if not names else f"holds no bill, but {', '.join(names)[:100]}"
        raise BatchRejected("empty_zip", f"the archive {none}", path)
    return archive


def check_member(member: zipfile.ZipInfo, path: str) -> None:
    """Refuse what no bill export contains."""
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/"):
        raise BatchRejected("unsafe_name", f"the archive has a member named {name!r}", path)
    if member.flag_bits & 0x1:
        raise BatchRejected("encrypted", f"member {name} is encrypted", path)


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> Opener:
    def opener() -> BinaryIO:
        opened = _Measured(archive.open(member), member.compress_size, limits)
        return cast(BinaryIO, opened)

    return opener


class _Measured(io.RawIOBase):
    """An unpacked text that stops when it grows larger than the limits allow.

    packed: bytes of it in the archive.
    """

    def __init__(self, text: IO[bytes] | gzip.GzipFile, packed: int, limits: Limits):
        self._text, self._bytes = text, 0
        by_ratio = max(ALLOWED_BEFORE_RATIO, packed * limits.ratio)
        self._most = min(by_ratio, limits.member_bytes)

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._text.read(size)
        except gzip.BadGzipFile as error:  # an OSError, which would look like a fault of the lake
            raise zlib.error(str(error)) from error
        self._bytes += len(data)
        if self._bytes > self._most:
            raise BatchRejected(
                "zip_bomb",
                f"unpacks to more than {self._most:,} bytes; if it is a real bill, raise "
                "--max_unzip_ratio or --max_unzip_gb",
            )
        return data

    def close(self) -> None:
        self._text.close()
        super().close()
