"""The options of jobs/audit_focus.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from focus_lake.errors import OptionsError
from focus_lake.options import option

LAST = "last"


@dataclass(frozen=True)
class AuditOptions:
    """What the job is asked to do; names are those of the command line."""

    raw: str = option("folder or s3:// prefix that holds one folder a provider")
    lake: str = option("folder or s3:// prefix of the lake")
    providers: tuple[str, ...] = option("providers, by commas", ("alibaba",))
    yearmonths: tuple[str, ...] = option(
        "billing months (YYYYMM), by commas; last is the month before this one; none are all", ()
    )
    declarations: str = option("folder with provider declarations of your own", "")
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")

    def __post_init__(self) -> None:
        for name in ("raw", "lake"):
            if not getattr(self, name).strip():  # it would be the current folder
                raise OptionsError(f"--{name}: must not be empty")
        for month in self.yearmonths:
            if month != LAST and not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", month):
                raise OptionsError(f"--yearmonths {month}: must be YYYYMM, such as 202601, or last")
        if not self.providers:
            raise OptionsError("--providers: name at least one, such as alibaba")
        for name in self.providers:
            if self.providers.count(name) > 1:
                raise OptionsError(f"--providers: {name} is named twice")

    def months(self, today: date | None = None) -> tuple[str, ...]:
        """The months that are meant, in order; () are all. today: UTC, for tests."""
        first = (today or datetime.now(UTC).date()).replace(day=1)
        before = f"{first - timedelta(days=1):%Y%m}"
        return tuple(sorted({before if month == LAST else month for month in self.yearmonths}))
