"""Alibaba exports typed by hand: CSV texts, zips, and the folders they are delivered to."""

from __future__ import annotations

import io
import zipfile

PUSH = "202601/20260131173000"  # month and batch of most tests
LATER = "202601/20260201173000"
NAME = "1500_2_X_202601"
JANUARY = "2026-01-01 00:00:00"

# The columns that the short bills of the tests have; any others may be missing.
SHORT = ("BilledCost", "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart", "ServiceName")


def bill(*rows: tuple, header: tuple[str, ...] = SHORT, end: str = "\n") -> str:
    """CSV text of a header and rows, written as they are (quote what must be quoted)."""
    return "".join(",".join(map(str, row)) + end for row in (header, *rows))


def row(cost="1.00", service="ECS", day: int = 5, start: str = JANUARY, currency: str = "CNY"):
    """A row for bill() with the SHORT columns; day of January of the charge, Beijing time."""
    return (cost, currency, start, f"2026-01-{day:02d} 10:00:00", service)


def rows(count: int, cost="1.00", days: int = 20) -> list[tuple]:
    """Rows that spread over so many days."""
    return [row(cost, day=number % days + 1) for number in range(count)]


def zipped(**members: str | bytes) -> bytes:
    """A zip of members; a name's double underscore stands for a dot: bill__csv."""
    return zipped_names({name.replace("__", "."): text for name, text in members.items()})


def zipped_names(members: dict[str, str | bytes], level: int = 6) -> bytes:
    """A zip of members by their exact names, the same bytes at every second."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, text in members.items():
            member = zipfile.ZipInfo(name, (2026, 2, 1, 12, 0, 0))
            archive.writestr(member, text, zipfile.ZIP_DEFLATED, level)
    return file.getvalue()
