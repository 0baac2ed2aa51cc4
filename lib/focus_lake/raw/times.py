"""The month and the time of a folder of raw files, as its path, manifest or files tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from focus_lake.declare.model import Layout
from focus_lake.raw.manifest import Manifest

Groups = Mapping[str, str | None]  # of a path, as the layout declares them


def yearmonth(groups: Groups) -> str:
    """The month that a path tells, as YYYYMM; what is not a month is for not_a_time to name."""
    if groups.get("week"):
        monday = _monday(groups)
        return f"{monday:%Y%m}" if monday else f"{groups['year']}-W{groups['week']}"
    return digits(groups.get("yearmonth") or f"{groups['year']}-{groups['month']}")[:6]


def _monday(groups: Groups) -> date | None:
    """The first day of the path's ISO week, None if the year has no such week."""
    try:
        return date.fromisocalendar(int(groups["year"] or 0), int(groups["week"] or 0), 1)
    except ValueError:
        return None


def digits(written: str) -> str:
    """A date or time as digits alone: 2026-1-5 as 20260105; digits in one row stay as they are."""
    if written.isdecimal():
        return written
    first, *others = re.findall(r"\d+", written) or [""]
    return first + "".join(part.zfill(2) for part in others)


def batch_ts(groups: Groups, layout: Layout, modified: datetime, about: Manifest | None) -> str:
    """The batch's time as 14 digits; those that do not come from the path are UTC.

    modified: when the newest of its files was written; about: the manifest about them.
    """
    if layout.batch_ts == "day" and groups.get("week"):
        monday = _monday(groups)
        return f"{monday:%Y%m%d}000000" if monday else ""
    if layout.batch_ts == "day":
        hour = groups.get("hour") or ""
        return f"{yearmonth(groups)}{groups['day'] or '':0>2}{hour:0>2}0000"
    if written := groups.get("batch_ts"):  # a layout may have it in some paths only
        found = digits(written)[:14]
        return found.ljust(14, "0") if len(found) in (8, 10, 12) else found
    time = modified
    if layout.batch_ts == "manifest" and about is not None:
        time = about.time or about.entry.modified
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}"


def not_a_time(yearmonth: str, batch_ts: str) -> str:
    """What is wrong with the month or time of a folder, or ""."""
    if not re.fullmatch(r"[0-9]{4}(0[1-9]|1[0-2])", yearmonth):
        return f"{yearmonth!r} in its path is not a month"
    try:
        month, day, hour, minute, second = (int(batch_ts[at : at + 2]) for at in range(4, 14, 2))
        datetime(int(batch_ts[:4]), month, day, hour, minute, second)
    except ValueError:
        pass
    else:
        if re.fullmatch(r"[0-9]{14}", batch_ts):
            return ""
    return f"{batch_ts!r} in its path is not a time"
