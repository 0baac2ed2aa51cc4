"""What focus_policy_findings says now, and which of it is due today."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

COLUMNS = {
    "x_Policy": "policy",
    "x_Title": "title",
    "x_Severity": "severity",
    "x_Route": "route",
    "x_Mode": "mode",
    "x_ActiveFrom": "active_from",
    "x_ActiveUntil": "active_until",
    "x_Finding": "finding",
    "x_Level": "level",
    "x_Provider": "provider",
    "x_Account": "account",
    "ServiceName": "service",
    "x_Currency": "currency",
    "x_Amount": "amount",
    "x_Day": "day",
    "x_IsNamed": "is_named",
    "x_IsQuiet": "is_quiet",
    "x_Sentence": "sentence",
}
QUERY = f"SELECT {', '.join(COLUMNS)} FROM {{}}.focus_policy_findings"


@dataclass(frozen=True)
class Finding:
    """One row of focus_policy_findings."""

    policy: str
    title: str
    severity: str
    route: str
    mode: str
    active_from: date | None
    active_until: date | None
    finding: str
    level: str | None
    provider: str | None
    account: str | None
    service: str | None
    currency: str | None
    amount: Decimal | None
    day: date | None
    is_named: bool
    is_quiet: bool
    sentence: str

    @property
    def key(self) -> tuple[str, str]:
        return self.policy, self.finding

    def speaks(self, today: date) -> bool:
        """Whether the policy is past its shadow on that day, for this scope."""
        if self.mode == "shadow" or (self.mode == "canary" and not self.is_named):
            return False
        begun = self.active_from is None or self.active_from <= today
        return begun and (self.active_until is None or today <= self.active_until)

    def as_record(self) -> dict[str, Any]:
        """As JSON keeps it: amounts and days as text."""
        kept = ("amount", "day")
        record = {name: value for name, value in asdict(self).items() if value is not None}
        record |= {name: str(record[name]) for name in kept if name in record}
        for name in ("active_from", "active_until", "is_named", "is_quiet", "title"):
            record.pop(name, None)
        return record


def of_rows(rows: list[tuple[Any, ...]]) -> list[Finding]:
    """Findings from the rows of QUERY: pages first, the most money first."""
    found = [Finding(*row) for row in rows]
    return sorted(found, key=_order)


def _order(one: Finding) -> tuple[Any, ...]:
    return one.severity != "page", -abs(one.amount or Decimal(0)), one.policy, one.finding
