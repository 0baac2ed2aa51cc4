"""Game day: a made month in which things go wrong, and what must be said of it, typed by hand.

A runaway job from 12 January, an egress spike after a release on the 15th, a tag that vanishes on
the 18th, a budget that breaks on the 23rd, and a monthly batch job on the 5th that everybody knows.
The lake is pushed and refreshed as of chosen days, and the alerts job runs after each.
"""

from __future__ import annotations

from datetime import date, timedelta

from focus_lake.alerts import job
from focus_lake.options import parse
from helpers.catalog import refresh
from helpers.lakes import Lake, charge
from helpers.receiver import Receiver

Said = list[tuple[int, str, dict]]  # last known day of January, path, message
AS_OF = (5, 12, 15, 18, 22, 23)  # the last known day of January, push by push
POLICIES = """
[[policy]]
id = "budget-breaks"
title = "A budget will break"
view = "focus_budget_status"
severity = "page"
route = "on-call"
mode = "active"
active_from = 2026-01-01
match = { x_Level = ["critical", "exceeded"] }

[[policy]]
id = "service-anomaly"
title = "A service costs more than it should"
view = "focus_cost_anomalies"
severity = "ticket"
route = "on-call"
mode = "active"
active_from = 2026-01-01
match = { x_Scope = "service", x_Status = "open", x_Impact = { at_least = 500 } }

[[policy]]
id = "owners-vanish"
title = "More cost without an owner than last week"
view = "focus_pipeline_metrics"
severity = "ticket"
route = "finance"
mode = "active"
active_from = 2026-01-01
match = { metric = "M4", met = false, yearmonth = "202601" }

[[policy]]
id = "tried-out"
title = "A policy in shadow"
view = "focus_cost_anomalies"
severity = "page"
route = "on-call"
mode = "shadow"
match = { x_Scope = "account" }
"""


def costs(day: date) -> list[tuple[str, str, str, str | None]]:
    """(service, account, cost, owner) of one day, typed by hand."""
    january = day >= date(2026, 1, 1)
    runaway = "2500" if day >= date(2026, 1, 12) else "1000"
    egress = "1600" if day in (date(2026, 1, 15), date(2026, 1, 16)) else "400"
    batch = "3100" if day.day == 5 else "100"
    owner = None if day >= date(2026, 1, 18) else "dba"
    return [
        ("Compute", "111", runaway, "web"),
        ("CDN", "222", egress, "web"),
        ("Database", "333", "200", owner),
        ("Batch", "444", batch if january else "100", "data"),
        ("Storage", "555", "300", "web"),
        ("Mail", "666", "100", None),
    ]


def rows(first: date, last: date) -> list[dict]:
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for service, account, cost, owner in costs(day):
            found.append(
                charge(
                    str(day),
                    cost,
                    ServiceName=service,
                    SubAccountId=account,
                    BillingCurrency="USD",
                    x_Owner=owner,
                    x_Export="one",
                )
            )
    return found


def push(lake: Lake, month: str, first: date, last: date) -> None:
    after = last + timedelta(days=1)
    lake.batch(
        "aws",
        month,
        f"{after:%Y%m%d}120000",
        rows(first, last),
        charge_period_start_min=f"{first}T00:00:00.000Z",
        charge_period_end_max=f"{after}T00:00:00.000Z",
        charge_days=(last - first).days + 1,
        delivered_at=f"{after}T12:00:00.000Z",
    )


def reference(lake: Lake) -> None:
    for name, text in {
        "budgets/b.csv": "name,scope,value,period,currency,amount,owner\n"
        "Storage,service,Storage,202601,USD,6750,finance@example.com\n",
        "suppressions/s.csv": "name,scope,value,valid_from,valid_until,reason\n"
        "Monthly batch,service,Batch,2026-01-05,2026-01-05,invoicing\n",
        "policies/p.toml": POLICIES,
    }.items():
        path = lake.root / "reference" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")


def play(
    lake: Lake, engine: list[str], days: tuple[int, ...] = AS_OF, again: tuple[int, ...] = ()
) -> Said:
    """Push, refresh and send, day by day; on the days of `again` a second run must say nothing."""
    reference(lake)
    for month in (10, 11, 12):
        first = date(2025, month, 1)
        push(
            lake, f"{first:%Y%m}", first, (first + timedelta(days=31)).replace(day=1) - timedelta(1)
        )
    receiver, found = Receiver(), []
    routes = f"on-call=webhook:{receiver.url}/on-call,finance=webhook:{receiver.url}/finance"
    for day in days:
        push(lake, "202601", date(2026, 1, 1), date(2026, 1, day))
        assert refresh(*engine) == 0
        for _ in range(2 if day in again else 1):
            argv = [*_of_alerts(engine), "--routes", routes, "--today", f"2026-01-{day + 1:02d}"]
            assert job.main(parse(job.AlertOptions, argv)) == 0
        found += [(day, request.path, request.json) for request in receiver.requests]
        receiver.requests.clear()
    receiver.close()
    return found


def _of_alerts(engine: list[str]) -> list[str]:
    """The refresh's options that the alerts job has, too."""
    pairs = zip(engine[::2], engine[1::2], strict=True)
    return [word for pair in pairs if pair[0] != "--location" for word in pair]


def told(said: Said) -> list[tuple]:
    """(day, path, policy, service, level) of every finding that was said."""
    return [
        (day, path, finding["policy"], finding.get("service"), finding["level"])
        for day, path, message in said
        for finding in message["findings"]
    ]


ALERTS = [
    (5, "/on-call", "budget-breaks", "Storage", "critical"),
    (12, "/on-call", "service-anomaly", "Compute", "rise"),
    (15, "/on-call", "service-anomaly", "CDN", "rise"),
    (18, "/finance", "owners-vanish", None, "missed"),
    (23, "/on-call", "budget-breaks", "Storage", "exceeded"),
]
# 31 days of 300, planned were 6750; 2500 against the 1000 of every day before; 1600 against 400.
MONEY = {5: 9300, 12: 1500, 15: 1200, 23: 9300}
