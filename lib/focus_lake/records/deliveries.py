"""When a provider's pushes are due: the declared schedules as VALUES of focus_delivery_status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from focus_lake.declare.model import Declaration
from focus_lake.records import rows

LATE = "delivery late"  # the event that glue_workflow.json's alarm counts
MONTHS_BACK, MONTHS_AHEAD = 36, 1
NOW = "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS timestamp)"


@dataclass(frozen=True)
class Late:
    """An overdue push; times are UTC. last_push is null where none came for the month."""

    provider: str
    export: str
    yearmonth: str
    last_push: datetime | None
    next_expected: datetime
    hours: Decimal

    def __str__(self) -> str:
        last = (
            f"the last push came {self.last_push:%Y-%m-%d %H:%M}" if self.last_push else "no push"
        )
        return (
            f"{self.provider} {self.export} {self.yearmonth}: {last}, the next one was expected "
            f"{self.next_expected:%Y-%m-%d %H:%M} UTC, {self.hours:.0f} hours ago"
        )


def late_query(database: str) -> str:
    """Athena SQL of the overdue pushes, as the fields of Late: each export's newest month."""
    return (
        "SELECT x_Provider, x_Export, yearmonth, x_LastPush, x_NextExpected, x_LateHours FROM ("
        "SELECT *, ROW_NUMBER() OVER (PARTITION BY x_Provider, x_Export ORDER BY x_LateHours) AS n "
        f"FROM {database}.focus_delivery_status WHERE x_IsLate) AS late WHERE n = 1 "
        "ORDER BY x_Provider, x_Export"
    )


def values(declarations: Sequence[Declaration], now: datetime | None = None) -> dict[str, str]:
    """The placeholders of focus_delivery_status; `now` (UTC) is for tests."""
    moment = now or datetime.now(UTC)
    return {
        "now": f"CAST('{moment:%Y-%m-%d %H:%M:%S}' AS timestamp)" if now else NOW,
        "schedules": rows.listed(
            ["varchar", "varchar", "bigint", "bigint"],
            [(one.name, one.delivery, *_hours(one)) for one in declarations],
        ),
        "ended_exports": rows.listed(
            ["varchar"] * 3,
            [(one.name, *ended) for one in declarations for ended in one.deliveries.ended.items()],
        ),
        "delivery_calendar": rows.listed(
            ["varchar"] * 5,
            [
                (one.name, *month)
                for one in declarations
                for month in calendar(one, moment.astimezone(UTC))
            ],
        ),
    }


def _hours(one: Declaration) -> tuple[int | None, int]:
    return one.deliveries.every_hours, one.deliveries.late_after_hours


def calendar(one: Declaration, now: datetime) -> list[tuple[str, str, str, str | None]]:
    """(yearmonth, start, end, final by) of the months around now, UTC text; final by may be null.

    A month starts and ends at midnight in the zone of the provider's times.
    """
    zone, current = ZoneInfo(one.time.zone), now.year * 12 + now.month - 1
    found = []
    for number in range(current - MONTHS_BACK, current + MONTHS_AHEAD + 1):
        first, following = _first_day(number), _first_day(number + 1)
        found.append(
            (
                f"{first:%Y%m}",
                _utc(first.replace(tzinfo=zone)),
                _utc(following.replace(tzinfo=zone)),
                _final_by(one, following),
            )
        )
    return found


def _first_day(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1)


def _final_by(one: Declaration, following: datetime) -> str | None:
    """The declared moment of the month after; a day beyond its end is in the month after that."""
    schedule = one.deliveries
    if schedule.final_day is None:
        return None
    at = time.fromisoformat(schedule.final_time)
    day = datetime.combine(following + timedelta(days=schedule.final_day - 1), at)
    return _utc(day.replace(tzinfo=ZoneInfo(schedule.final_zone or one.time.zone)))


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
