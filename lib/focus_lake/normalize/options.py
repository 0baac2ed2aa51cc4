"""The options of jobs/normalize_focus.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

from focus_lake.errors import OptionsError
from focus_lake.options import option

ENDLESS = 10**9  # more than any hours, minutes, rows or gigabytes; NaN is refused, too

# Refusals that a person may overrule, and what each means.
ACCEPTABLE = {
    "daily_file_name": "the file name ends in a day: one day's increment, not a month to date",
    "month_mismatch": "folder, file name and BillingPeriodStart disagree about the month",
    "single_day": "all charges are of one day, those of an older push of many",
    "row_drop": "less than half the rows of the push published before",
    "focus-amount-complete": "a row has no BilledCost or no BillingCurrency",
    "parts_and_whole": "a whole file and parts of one lie together",
}


@dataclass(frozen=True)
class NormalizeOptions:
    """What the job is asked to do; names are those of the command line."""

    raw: str = option("folder or s3:// prefix that holds one folder a provider")
    lake: str = option("folder or s3:// prefix of the lake")
    providers: tuple[str, ...] = option("providers, by commas", ("alibaba",))
    yearmonths: tuple[str, ...] = option("only these billing months (YYYYMM), by commas", ())
    dry_run: bool = option("print the plan as a table and change nothing", False)
    reprocess: bool = option("read batches again even if the ledger knows them", False)
    verify: bool = option("first read published files back: are they as in the ledger", False)
    rebuild_daily: bool = option("only make missing or outdated daily summaries", False)
    rebuild_ledger: bool = option("only write ledger lines for data that have none", False)
    quiet_minutes: float = option("minutes without a new file before a batch is read", 30.0)
    stale_hours: float = option("hours after which an incomplete batch is an error", 24.0)
    accept: tuple[str, ...] = option(f"overrule refusals: {', '.join(ACCEPTABLE)}", ())
    max_rejected_rows: int = option("rejected rows a batch may have and still be published", 0)
    max_unzip_ratio: int = option("unpacked bytes for each packed one, at most", 250)
    max_unzip_gb: float = option("gigabytes that one archive member may unpack to", 200.0)
    declarations: str = option("folder with provider declarations of your own", "")
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")

    def __post_init__(self) -> None:
        for name in ("raw", "lake"):
            if not getattr(self, name).strip():  # it would be the current folder
                raise OptionsError(f"--{name}: must not be empty")
        for month in self.yearmonths:
            if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", month):
                raise OptionsError(f"--yearmonths {month}: must be YYYYMM, such as 202601")
        for reason in self.accept:
            if reason not in ACCEPTABLE:
                known = ", ".join(ACCEPTABLE)
                raise OptionsError(f"--accept {reason}: cannot be accepted; there are {known}")
        if not self.providers:
            raise OptionsError("--providers: name at least one, such as alibaba")
        for name in self.providers:
            if self.providers.count(name) > 1:
                raise OptionsError(f"--providers: {name} is named twice")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("quiet_minutes", "stale_hours", "max_rejected_rows"):
            value = getattr(self, name)
            if not 0 <= value < ENDLESS:
                raise OptionsError(f"--{name} {value}: must not be negative, nor endless")
        for name in ("max_unzip_ratio", "max_unzip_gb"):
            value = getattr(self, name)
            if not 0 < value < ENDLESS:
                raise OptionsError(f"--{name} {value}: must be above 0 and not endless")
