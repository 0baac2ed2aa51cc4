"""Options of the sample, and what follows from them for every provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from focus_lake.errors import OptionsError
from focus_lake.options import option

FORMATS = ("zip", "csv", "bare", "bare_zip")


@dataclass(frozen=True)
class SampleOptions:
    out: str = option("folder of the raw data; each provider's lie in a folder of its own")
    rows: int = option("rows of a month, over all accounts; of others than Alibaba a part", 20_000)
    months: int = option("how many billing months", 2)
    pushes: int = option("pushes of a month, 1 to 28: each the month to date, the last all", 3)
    arrived: int = option("of the last month, only so many pushes have come; 0 is all", 0)
    seed: int = option("the same seed gives the same bytes, another seed other bills", 1)
    providers: tuple[str, ...] = option("whose exports to make", ("alibaba",))
    until: str = option("last billing month, YYYYMM; without it the newest that has a push", "")
    today: str = option(
        "no push of this day (YYYYMMDD) or a later one has come; without it and --until the real "
        "day, with --until all have come",
        "",
    )
    parts: int = option("most rows of one file", 500_000)
    members: int = option("CSV files in a zip", 1)
    format: str = option("zip, csv, bare (CSV without extension) or bare_zip", "zip")
    shared_folder: bool = option("accounts push in the same second, into one folder", False)
    line_breaks: bool = option("some names hold a line break", False)
    truth: str = option("file for rows and exact sums of each batch and export, as JSON", "")
    workers: int = option("processes that write files; 0 is one a core", 0)

    def __post_init__(self) -> None:
        for name in ("rows", "months", "pushes", "parts", "members"):
            if getattr(self, name) < 1:
                raise OptionsError(f"--{name} {getattr(self, name)}: must be at least 1")
        if self.pushes > 28:
            raise OptionsError(f"--pushes {self.pushes}: at most 28, one a day in every month")
        if not 0 <= self.arrived <= self.pushes:
            raise OptionsError(f"--arrived {self.arrived}: must be from 0 to --pushes")
        if self.format not in FORMATS:
            raise OptionsError(f"--format {self.format}: must be one of {', '.join(FORMATS)}")
        if self.until:
            list(months(self))
        if self.today:
            self._day()

    def _day(self) -> datetime:
        try:
            return datetime.strptime(self.today, "%Y%m%d")
        except ValueError:
            raise OptionsError(f"--today {self.today}: must be a day, such as 20260131") from None

    def settled(self) -> SampleOptions:
        """These options with day and last month as they follow from the real day."""
        if self.until:
            return self
        today = replace(self, today=self.today or f"{datetime.now(UTC):%Y%m%d}")
        month = today._day().year * 12 + today._day().month - 1
        while today.push_days(_first_day(month), _first_day(month + 1))[0] >= today._day():
            month -= 1
        return replace(today, until=f"{_first_day(month):%Y%m}")

    def push_days(self, start: datetime, end: datetime) -> list[datetime]:
        """The days on which a month is pushed, evenly over it; the last time three days after it.

        If that last push has not come by today, there is one of yesterday, so that the sample
        is as fresh as a real bill.
        """
        days, count = (end - start).days, self.pushes
        early = [start + timedelta(days=-(-days * n // count)) for n in range(1, count)]
        final = end + timedelta(days=3)
        if self.today and count > 1 and not self.has_come(final):
            yesterday = self._day() - timedelta(days=1)
            if start < yesterday:
                early = [day for day in early if day < yesterday] + [yesterday]
        return [*early, final]

    def has_come(self, time: datetime) -> bool:
        """Whether a push of this time is there by now."""
        return not self.today or time < self._day()


def months(options: SampleOptions) -> Iterator[tuple[datetime, datetime]]:
    """Start and end (exclusive) of each billing month, the oldest first; without a zone."""
    try:
        last = datetime.strptime(options.until, "%Y%m")
    except ValueError:
        raise OptionsError(f"--until {options.until}: must be a month, such as 202601") from None
    number = last.year * 12 + last.month - 1
    for month in range(number - options.months + 1, number + 1):
        yield _first_day(month), _first_day(month + 1)


@dataclass(frozen=True)
class Month:
    """One billing month of one account: how many rows in all, and from which seed.

    account: its number in the provider's TOML; start, end: in the provider's time, end exclusive.
    """

    seed: int
    account: int
    start: datetime
    end: datetime
    rows: int
    line_breaks: bool = False

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def name(self) -> str:
        return f"{self.start:%Y%m}"

    def rows_until(self, day: int) -> int:
        """How many rows the first days of the month have; rows come in the order of days."""
        return -(-self.rows * day // self.days)


def account_months(
    options: SampleOptions, shares: Sequence[int], percent: int = 100
) -> list[Month]:
    """The months of each account; a month's rows, percent of --rows, are shared among them."""
    found = []
    rows = max(options.rows * percent // 100, 1)
    for start, end in months(options):
        of_account = [rows * share // sum(shares) for share in shares]
        of_account[0] += rows - sum(of_account)
        for account, count in enumerate(of_account):
            found.append(Month(options.seed, account, start, end, count, options.line_breaks))
    return found


@dataclass(frozen=True)
class Push:
    """One delivery of a month to date. number: 0 for the final one; date: the day it comes."""

    number: int
    rows: int
    date: datetime

    def at(self, hour: int, account: int) -> datetime:
        """A second in that hour that looks like chance and is the same every run."""
        second = (self.date.toordinal() * 7919 + account * 1543) % 3600
        return self.date + timedelta(hours=hour, seconds=second)


def pushes(month: Month, options: SampleOptions) -> Iterator[Push]:
    """The deliveries of a month that have arrived: each holds what is charged until the evening
    before, the final one, three days after the month, has all."""
    is_last = month.name == options.until
    arrived = options.arrived if is_last and options.arrived else options.pushes
    days = options.push_days(month.start, month.end)
    for number, date in enumerate(days[:arrived] if arrived < options.pushes else days, 1):
        final = date == days[-1]
        passed = min((date - month.start).days, month.days)
        rows = month.rows if final else month.rows_until(passed)
        if rows and options.has_come(date):
            yield Push(0 if final else number, rows, date)


def spans(rows: int, most: int, at_least: int = 1) -> list[tuple[int, int]]:
    """Rows cut into parts of at most so many, and into at_least parts if there are rows enough."""
    count = max(-(-rows // most), min(at_least, rows))
    edges = [rows * part // count for part in range(count + 1)] if count else []
    return list(zip(edges, edges[1:], strict=False))


def _first_day(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1)
