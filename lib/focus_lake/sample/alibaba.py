"""Alibaba's sample export: which files lie where, for two accounts that push at their own times.

Layout, names and gaps are those of Alibaba's documentation of its FOCUS 1.0 export.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from focus_lake.sample.alibaba_rows import catalogue, rows_of
from focus_lake.sample.alibaba_texts import Month, header
from focus_lake.sample.files import Chunk, Written, write_csv, write_zip
from focus_lake.sample.options import Options, months

KIND = "FocusBill"  # the bill type of a FOCUS file is not published
EXTENSIONS = {"zip": ".zip", "csv": ".csv", "bare": "", "bare_zip": ""}


@dataclass(frozen=True)
class File:
    """One file of one push; see files.Planned. push is 0 for the final one."""

    path: str
    yearmonth: str
    batch_ts: str
    export: str
    month: Month
    push: int
    first: int
    last: int
    format: str
    members: int

    @property
    def rows(self) -> int:
        return self.last - self.first

    def write(self, target: Path, with_sums: bool) -> Written:
        if "zip" not in self.format:
            return write_csv(target, _header(), self._chunks(self.first, self.last), with_sums)
        pushed = datetime.strptime(self.batch_ts, "%Y%m%d%H%M%S")
        return write_zip(target, self._members(), pushed, with_sums)

    def _chunks(self, first: int, last: int) -> Iterator[Chunk]:
        return rows_of(self.month).chunks(first, last, self.push)

    def _members(self) -> Iterator[tuple[str, str, Iterator[Chunk]]]:
        stem = Path(self.path).name.removesuffix(".zip")
        for at, (first, last) in enumerate(_split(self.first, self.last, self.members), 1):
            name = f"{stem}.csv" if self.members == 1 else f"{stem}_{at}.csv"
            yield name, _header(), self._chunks(first, last)


def _header() -> str:
    return ",".join(header()) + "\n"


def _split(first: int, last: int, pieces: int) -> Iterator[tuple[int, int]]:
    edges = [first + (last - first) * piece // pieces for piece in range(pieces + 1)]
    return zip(edges, edges[1:], strict=False)


def plan(options: Options) -> list[File]:
    """Every file of the sample, in the order of months, accounts and pushes."""
    shares = [account["share"] for account in catalogue()["accounts"]]
    files = []
    for start, end in months(options):
        left = options.rows
        for account in reversed(range(len(shares))):
            rows = left if account == 0 else options.rows * shares[account] // sum(shares)
            left -= rows
            month = Month(options.seed, account, start, end, rows, options.line_breaks)
            files += _pushes(month, options)
    return sorted(files, key=lambda file: file.path)


def _pushes(month: Month, options: Options) -> Iterator[File]:
    """Each push is the month to date: what is charged until the evening before."""
    is_last = f"{month.start:%Y%m}" == options.until
    arrived = options.arrived if is_last and options.arrived else options.pushes
    for push in range(1, arrived + 1):
        final = push == options.pushes
        day = -(-month.days * push // options.pushes)
        date = month.end + timedelta(days=3) if final else month.start + timedelta(days=day)
        rows = month.rows if final else month.rows_until(day)
        if rows:
            pushed = _push_time(date, month, options.shared_folder)
            yield from _parts(month, 0 if final else push, rows, pushed, options)


def _push_time(date: datetime, month: Month, shared: bool) -> datetime:
    """Beijing time, before 18:00; a second that looks like chance and is the same every run."""
    account = 0 if shared else month.account
    second = (date.toordinal() * 7919 + account * 1543) % 3600
    return date + timedelta(hours=catalogue()["accounts"][account]["hour"], seconds=second)


def _parts(month: Month, push: int, rows: int, pushed: datetime, options: Options):
    account = catalogue()["accounts"][month.account]
    yearmonth, batch_ts = f"{month.start:%Y%m}", f"{pushed:%Y%m%d%H%M%S}"
    export = f"{account['uid']}_{account['site']}"
    count = -(-rows // options.parts)
    for part in range(count):
        number = f"_part_{part + 1:03d}" if count > 1 else ""
        name = f"{export}_{KIND}_{yearmonth}{number}{EXTENSIONS[options.format]}"
        first = part * options.parts
        yield File(
            path=f"alibaba/{yearmonth}/{batch_ts}/{name}",
            yearmonth=yearmonth,
            batch_ts=batch_ts,
            export=export,
            month=month,
            push=push,
            first=first,
            last=min(first + options.parts, rows),
            format=options.format,
            members=options.members,
        )


def is_ours(name: str) -> bool:
    """Whether a file name is one that this sample could have made, with whatever options."""
    accounts = catalogue()["accounts"]
    return name.startswith(tuple(f"{a['uid']}_{a['site']}_{KIND}_" for a in accounts))
