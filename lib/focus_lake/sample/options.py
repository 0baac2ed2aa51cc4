"""Options of the sample, and what follows from them for every provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from focus_lake.errors import OptionsError
from focus_lake.options import option

FORMATS = ("zip", "csv", "bare", "bare_zip")


@dataclass(frozen=True)
class Options:
    out: str = option("folder of the raw data; each provider's lie in a folder of its own")
    rows: int = option("rows of a month, over all accounts of a provider", 20_000)
    months: int = option("how many billing months", 2)
    pushes: int = option("pushes of a month, 1 to 28: each the month to date, the last all", 3)
    arrived: int = option("of the last month, only so many pushes have come; 0 is all", 0)
    seed: int = option("the same seed gives the same bytes, another seed other bills", 1)
    providers: tuple[str, ...] = option("whose exports to make", ("alibaba",))
    until: str = option("last billing month, YYYYMM", "202601")
    parts: int = option("most rows of one file", 500_000)
    members: int = option("CSV files in a zip", 1)
    format: str = option("zip, csv, bare (CSV without extension) or bare_zip", "zip")
    shared_folder: bool = option("accounts push in the same second, into one folder", False)
    line_breaks: bool = option("some names hold a line break", False)
    truth: str = option("file for rows and exact sums of each batch and export, as JSON", "")
    workers: int = option("processes that write files; 0 is one a core", 0)

    def __post_init__(self):
        for name in ("rows", "months", "pushes", "parts", "members"):
            if getattr(self, name) < 1:
                raise OptionsError(f"--{name} {getattr(self, name)}: must be at least 1")
        if self.pushes > 28:
            raise OptionsError(f"--pushes {self.pushes}: at most 28, one a day in every month")
        if not 0 <= self.arrived <= self.pushes:
            raise OptionsError(f"--arrived {self.arrived}: must be from 0 to --pushes")
        if self.format not in FORMATS:
            raise OptionsError(f"--format {self.format}: must be one of {', '.join(FORMATS)}")
        list(months(self))


def months(options: Options) -> Iterator[tuple[datetime, datetime]]:
    """Start and end (exclusive) of each billing month, the oldest first; without a zone."""
    try:
        last = datetime.strptime(options.until, "%Y%m")
    except ValueError:
        raise OptionsError(f"--until {options.until}: must be a month, such as 202601") from None
    number = last.year * 12 + last.month - 1
    for month in range(number - options.months + 1, number + 1):
        yield _first_day(month), _first_day(month + 1)


def _first_day(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1)
