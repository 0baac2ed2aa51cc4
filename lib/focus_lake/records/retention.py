"""How long what is kept: the rules of reference/retention.toml, and what they forbid to delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from focus_lake.records import rows

# What commercial law asks for almost everywhere; a rule of the user's own takes its place.
DEFAULTS = {"statements": 10, "invoices": 10}
THINGS = ("raw", "live", "superseded", "statements", "invoices", "audits", "runs", "journal")
DAYS_IN_YEAR = 366  # never a day too few


def least_days(rules: Sequence[dict[str, Any]], asked: int, what: str = "superseded") -> int:
    """The days after which a thing may be deleted: those asked for, or more if a rule says so."""
    years = max((rule["years"] for rule in rules if rule["what"] == what), default=0)
    return max(asked, int(years) * DAYS_IN_YEAR)


def values() -> dict[str, str]:
    """The placeholders of focus_retention."""
    listed = [(thing, DEFAULTS.get(thing)) for thing in THINGS]
    return {"kept_things": rows.listed(["varchar", "bigint"], listed)}
