"""A folder on a local disk as a store."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from focus_lake.errors import StorageError, VersionConflict
from focus_lake.storage.base import Entry


@dataclass(frozen=True)
class LocalStore:
    """A folder on a local disk. A file's version is the hash of its content."""

    root: str

    def _full(self, path: str) -> Path:
        return Path(self.root, path) if path else Path(self.root)

    def exists(self) -> bool:
        return Path(self.root).is_dir()

    def under(self, folder: str) -> LocalStore:
        """The store of a folder of this one."""
        return LocalStore(str(self._full(folder)))

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every file below prefix, sorted by path; nothing if the folder is not there."""
        with _naming(self.root, "list"):
            yield from sorted(_walk(self.root, prefix), key=lambda entry: entry.path)

    def open(self, path: str) -> BinaryIO:
        with _naming(self.url(path), "read"):
            return open(self._full(path), "rb")

    def read(self, path: str) -> tuple[bytes | None, str | None]:
        """(content, version), or (None, None) if the file is not there."""
        full = self._full(path)
        with _naming(str(full), "read"):
            if not full.exists():
                return None, None
            data = full.read_bytes()
            return data, _fingerprint(data)

    def put_if(self, path: str, data: bytes, version: str | None) -> str:
        """Write data in one step if the file still has this version (None: is not there)."""
        import fcntl  # POSIX only, as Spark on a laptop practically is

        full = self._full(path)
        with _naming(str(full), "write"):
            full.parent.mkdir(parents=True, exist_ok=True)
            with open(full.parent / f".{full.name}.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it when a process dies
                if self.read(path)[1] != version:
                    raise VersionConflict(f"{full}: changed by another run; start this one again")
                _write_in_one_step(full, data)
        return _fingerprint(data)

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """A file to write to; parent folders are made."""
        full = self._full(path)
        with _naming(str(full), "write"):
            full.parent.mkdir(parents=True, exist_ok=True)
            with open(full, "wb") as file:
                yield file

    def delete(self, prefix: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing if it is not there."""
        full = self._full(prefix)
        with _naming(str(full), "delete"):
            while full.is_dir():
                with suppress(FileNotFoundError):  # another run removes the same
                    shutil.rmtree(full)
            full.unlink(missing_ok=True)

    def move_file(self, source: str, target: str) -> None:
        """Give a file the name target, in one step; parent folders are made."""
        new = self._full(target)
        with _naming(str(new), "write"):
            new.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._full(source), new)

    def move_folder(self, source: str, target: str) -> None:
        """Give folder source the name target, in one step; nothing if source is not there.

        A target that has files already is an error: no folder is ever written twice.
        """
        old, new = self._full(source), self._full(target)
        with _naming(str(new), "write"):
            if old.exists():
                new.parent.mkdir(parents=True, exist_ok=True)
                os.rename(old, new)

    def url(self, path: str) -> str:
        return str(self._full(path))


def _walk(root: str, prefix: str) -> Iterator[Entry]:
    pending = [prefix.rstrip("/")]
    while pending:
        folder = pending.pop()
        full = os.path.join(root, folder) if folder else root
        for item in _items(full):
            path = f"{folder}/{item.name}" if folder else item.name
            if item.is_dir():
                pending.append(path)
                continue
            if not item.is_file():  # a pipe would block its reader for ever
                continue
            with suppress(FileNotFoundError):
                stat = item.stat()
                changed = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Entry(path, stat.st_size, f"mtime:{stat.st_mtime_ns}", changed)


def _items(folder: str) -> list[os.DirEntry]:
    """What is in a folder; another run may remove it at any moment."""
    try:
        return list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _fingerprint(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _write_in_one_step(full: Path, data: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=full.parent, prefix=f".{full.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o644)
        os.replace(draft, full)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


@contextmanager
def _naming(path: str, verb: str) -> Iterator[None]:
    """Turn the system's errors into ours, with the path and what was tried."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: cannot {verb}: {error.strerror or error}") from error
