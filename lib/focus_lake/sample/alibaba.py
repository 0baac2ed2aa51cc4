"""Alibaba's sample export: which files lie where, for two accounts that push at their own times.

Layout, names and gaps are those of Alibaba's documentation of its FOCUS 1.0 export.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from focus_lake.sample.alibaba_rows import catalogue, rows_of
from focus_lake.sample.alibaba_texts import header
from focus_lake.sample.files import Chunk, Written, write_csv, write_zip
from focus_lake.sample.options import Month, Push, SampleOptions, account_months, pushes

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


def plan(options: SampleOptions) -> list[File]:
    """Every file of the sample, in the order of months, accounts and pushes."""
    shares = [account["share"] for account in catalogue()["accounts"]]
    files = [
        file
        for month in account_months(options, shares)
        for push in pushes(month, options)
        for file in _parts(month, push, _push_time(push, month, options), options)
    ]
    return sorted(files, key=lambda file: file.path)


def _push_time(push: Push, month: Month, options: SampleOptions) -> datetime:
    """Beijing time, before 18:00."""
    account = 0 if options.shared_folder else month.account
    return push.at(catalogue()["accounts"][account]["hour"], account)


def _parts(month: Month, push: Push, pushed: datetime, options: SampleOptions) -> Iterator[File]:
    account = catalogue()["accounts"][month.account]
    yearmonth, batch_ts = month.name, f"{pushed:%Y%m%d%H%M%S}"
    export = f"{account['uid']}_{account['site']}"
    count = -(-push.rows // options.parts)
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
            push=push.number,
            first=first,
            last=min(first + options.parts, push.rows),
            format=options.format,
            members=options.members,
        )


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    accounts = catalogue()["accounts"]
    return path.rsplit("/", 1)[-1].startswith(
        tuple(f"{a['uid']}_{a['site']}_{KIND}_" for a in accounts)
    )
