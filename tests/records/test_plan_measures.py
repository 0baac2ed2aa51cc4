"""M6, M9, M10, M12 and M13 where their inputs are there; values worked out by hand."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
POLICY = """
[[policy]]
id = "{id}"
title = "t"
view = "focus_budget_status"
severity = "ticket"
route = "finance"
mode = "{mode}"
"""
FILES = {
    "cost_centers/a.csv": "cost_center,department\ncc-1,Dev\n",
    "account_cost_centers/a.csv": "account,cost_center,valid_from,valid_until\n"
    "sub-1,cc-1,202601,202601\n",
    "budgets/a.csv": "name,scope,value,period,currency,amount,owner\n"
    "aws jan,provider,aws,202601,USD,3000,\n"
    "all jan,all,,202601,USD,7000,\nall dec,all,,202512,USD,3875,\n",
    "anomaly_verdicts/a.csv": "scope,value,day,verdict,judged_by,note\n"
    "service,ECS,2026-01-12,false,mei,\nservice,ECS,2026-01-26,true,mei,\n",
    "query_times/a.csv": "day,query,seconds\n"
    "2026-01-05,a,9\n2026-01-05,b,1\n2026-01-06,a,1.5\n2026-01-07,a,1.9\n2025-12-01,a,3\n",
    "policies.toml": POLICY.format(id="long", mode="active")
    + "shadow_from = 2026-01-01\nactive_from = 2026-01-21\n"
    + POLICY.format(id="short", mode="active")
    + "shadow_from = 2026-01-20\nactive_from = 2026-01-25\n"
    + POLICY.format(id="never", mode="active")
    + "active_from = 2026-01-02\n"
    + POLICY.format(id="still", mode="shadow")
    + "shadow_from = 2026-01-01\nactive_from = 2026-01-02\n",
}


def alerts(lake: Lake) -> None:
    """Of policy p three findings on one day and one on another, of q one: 5 on 3 days."""
    said = [("2026-01-05", "pp"), ("2026-01-05", "pq"), ("2026-01-06", "p")]
    lines = [{"kind": "shadow", "policy": "p", "finding": "x", "level": "ok"}]
    for number, (day, policies) in enumerate(said):
        findings = [{"policy": p, "finding": f"{number}{at}"} for at, p in enumerate(policies)]
        lines.append({"kind": "begun", "day_sent": day, "message_id": "m", "findings": findings})
        lines.append({"kind": "sent", "message_id": "m"})
    folder = lake.root / "alerts" / "202601"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (lake.root / "alerts" / "_running.json").write_text("{}")


def fill(lake: Lake) -> dict:
    """Four months of 125 a day, with 525 on two days of January."""
    day, months = date(2025, 10, 1), {}
    while day < date(2026, 2, 1):
        cost = "525" if day in (date(2026, 1, 12), date(2026, 1, 26)) else "125"
        row = charge(f"{day}", cost, BillingCurrency="USD", ServiceName="ECS", x_Export="1")
        months.setdefault(f"{day:%Y%m}", []).append(row)
        day += timedelta(days=1)
    for month, rows in months.items():
        known = {"delivered_at": "2026-02-03T00:00:00.000Z"}
        known["charge_period_end_max"] = f"{rows[-1]['ChargePeriodEnd']:%Y-%m-%dT%H:%M:%S}.000Z"
        lake.batch("aws", month, "20260203000000", rows, **known)
    for name, text in FILES.items():
        path = lake.root / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    alerts(lake)
    return {}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, fill, "plan_measures")


def test_what_accounts_and_rules_own_stands_beside_what_tags_own(told):
    found = told.query(
        "SELECT metric, provider, yearmonth, BillingCurrency, value, met "
        "FROM focus_pipeline_metrics WHERE yearmonth IN ('202512', '202601') "
        "AND metric IN ('M1', 'M1_after_allocation', 'unallocated_share') ORDER BY 3, 1"
    )
    assert found == [
        ("M1", "aws", "202512", "USD", D(0), False),
        ("M1_after_allocation", "aws", "202512", "USD", D(0), False),
        ("unallocated_share", "aws", "202512", "USD", D(1), False),
        ("M1", "aws", "202601", "USD", D(0), False),
        ("M1_after_allocation", "aws", "202601", "USD", D(1), True),
        ("unallocated_share", "aws", "202601", "USD", D(0), True),
    ]


def test_each_measure_has_its_value_target_and_verdict(told):
    found = told.query(
        "SELECT metric, provider, yearmonth, BillingCurrency, value, met, reason "
        "FROM focus_pipeline_metrics WHERE metric IN ('M6', 'M9', 'M10', 'M12', 'M13') "
        "ORDER BY metric, yearmonth, provider"
    )
    assert sorted(found, key=str) == sorted(
        [
            ("M6", None, "202601", None, D("1.666667"), None, None),
            ("M9", "aws", "202601", None, D("0.5"), False, None),
            ("M10", None, "202601", None, D("1.7"), True, None),
            ("M10", None, "202512", None, D(3), False, None),
            ("M12", None, "202601", None, D(5), False, "1 of 3 left out: no shadow_from"),
            # 29 days of 125 and two of 525 are 4675.
            ("M13", "aws", "202601", "USD", D("1.558333"), False, None),
            ("M13", None, "202601", "USD", D("0.667857"), True, None),
            ("M13", None, "202512", "USD", D(1), True, None),
        ],
        key=str,
    )
