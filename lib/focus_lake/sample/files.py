"""Raw files of a sample: what is to be written, and writing it as zip, CSV or without extension."""

from __future__ import annotations

import filecmp
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Protocol

LEVEL = 1  # of zlib: most of its gain on bills, at a third of the time of the usual 6
_EXACT = Context(prec=100)  # sums of money lose no digit

Sums = dict[str, dict[str, Decimal | None]]  # currency -> column -> sum, None where all is null


@dataclass
class Chunk:
    """Some rows of a file: their text, each with its line end, and the money that stands in it."""

    data: bytes
    rows: int
    currency: str
    costs: dict[str, list[str]]  # cost column -> decimal texts as written, nulls left out


@dataclass
class Written:
    """What became of one planned file; sums only where they were asked for."""

    rows: int = 0
    text_bytes: int = 0
    sums: Sums = field(default_factory=lambda: defaultdict(dict))

    def add(self, chunk: Chunk, with_sums: bool) -> bytes:
        """Count the chunk and give its bytes."""
        self.rows += chunk.rows
        self.text_bytes += len(chunk.data)
        if with_sums:
            self._sum(chunk)
        return chunk.data

    def _sum(self, chunk: Chunk) -> None:
        sums = self.sums[chunk.currency]
        for column, texts in chunk.costs.items():
            total = sums.get(column)
            for text in texts:
                total = _plus(total, Decimal(text))
            sums[column] = total


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return _EXACT.add(one, other)


def add_sums(total: Sums, more: Sums) -> None:
    """Add the sums of one file to those of its batch."""
    for currency, columns in more.items():
        for column, value in columns.items():
            kept = total.setdefault(currency, {})
            kept[column] = _plus(kept.get(column), value)


class Planned(Protocol):
    """One raw file to be made, perhaps in another process; what every provider's plan consists of.

    path: relative to the folder of all raw data, with the provider's folder in front;
    rows: how many it will hold, 0 for a manifest; yearmonth, batch_ts, export: the batch that it
    belongs to; modified, where it has one: the time, UTC, that the file shall have.
    """

    @property
    def path(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def yearmonth(self) -> str: ...
    @property
    def batch_ts(self) -> str: ...
    @property
    def export(self) -> str: ...

    def write(self, target: Path, with_sums: bool) -> Written:
        """Write it to target, which lies in the folder of all raw data itself."""


def write_csv(target: Path, header: str, chunks: Iterable[Chunk], with_sums: bool) -> Written:
    """One CSV text as it is."""
    done = Written()
    with target.open("wb") as file:
        file.write(header.encode())
        for chunk in chunks:
            file.write(done.add(chunk, with_sums))
    return done


def write_zip(
    target: Path, members: Iterable[tuple[str, str, Iterator[Chunk]]], at: datetime, with_sums: bool
) -> Written:
    """A zip of members (name, header, chunks), streamed; at is the time its entries carry."""
    done = Written()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, header, chunks in members:
            with archive.open(_entry(name, at), "w", force_zip64=True) as member:
                member.write(header.encode())
                for chunk in chunks:
                    member.write(done.add(chunk, with_sums))
    return done


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    """An entry that says the same whenever and wherever it is written."""
    entry = zipfile.ZipInfo(name, at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = LEVEL  # type: ignore[attr-defined]  # its public name came with Python 3.13
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def make(planned: Planned, out: Path, with_sums: bool) -> Written:
    """Write one planned file, whole or not at all; a file that is there already is left alone.

    So a second run with the same options changes no file's time and brings the job nothing new.
    """
    target = out / planned.path
    aside = out / f".sample-{os.getpid()}-{target.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.callback(aside.unlink, missing_ok=True)
        done = planned.write(aside, with_sums)
        if not (target.exists() and filecmp.cmp(aside, target, shallow=False)):
            aside.replace(target)
    if modified := getattr(planned, "modified", None):
        os.utime(target, (modified.timestamp(), modified.timestamp()))
    return done
