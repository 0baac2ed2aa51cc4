"""Broken rules through the whole job: what the ledger says, what is refused, what is an alert."""

from __future__ import annotations

import json

import pytest

from helpers.exports import LATER, NAME, PUSH, bill, row

pytestmark = pytest.mark.thorough

CSV = f"{PUSH}/{NAME}.csv"


def findings(job, month: str = "202601", status: str = "published") -> dict:
    """(rule, column) -> [(currency, rows, cost)] of the month's last line with the status."""
    line = [line for line in job.ledger(month) if line["status"] == status][-1]
    found: dict = {}
    for entry in line["conformance"]:
        key = entry["rule"], entry["column_name"]
        found.setdefault(key, []).append(
            (entry["BillingCurrency"], entry["row_count"], entry["BilledCost"])
        )
    return found


def gone_by_the_log(result) -> list[list[str]]:
    events = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
    return [each["columns"] for each in events if each["event"] == "columns went null"]


def test_the_ledger_has_rows_and_cost_of_each_broken_rule_by_currency(job):
    job.put(CSV, bill(row("1.10"), row("2.25", currency="RMB"), row("-0.05")))
    assert job.run().code == 0
    found = findings(job)
    assert found["focus-currency-iso4217", "BillingCurrency"] == [
        ("RMB", 1, "2.250000000000000000")
    ]
    assert found["focus-required-columns", "EffectiveCost"] == [
        ("CNY", 2, "1.050000000000000000"),
        ("RMB", 1, "2.250000000000000000"),
    ]
    (line,) = job.ledger()
    example = line["conformance"][0]["examples"][0]["file"]
    assert example == f"{PUSH}/{NAME}.csv"
    assert (line["delivered_nulls"]["EffectiveCost"], line["delivered_nulls"]["BilledCost"]) == (
        3,
        0,
    )
    assert line["delivered_at"] == "2026-01-31T09:30:00.000Z"  # 17:30 in Beijing


def test_findings_of_several_files_are_one(job):
    for part in (1, 2, 3):
        job.put(f"{PUSH}/{NAME}_part_00{part}.csv", bill(*[row(currency="RMB")] * part))
    assert job.run().code == 0
    assert findings(job)["focus-currency-iso4217", "BillingCurrency"] == [
        ("RMB", 6, "6.000000000000000000")
    ]


def test_an_amount_without_a_number_is_refused_until_it_is_accepted(job):
    job.put(CSV, bill(row(), row(cost="")))
    result = job.run()
    assert result.code == 1
    (line,) = job.ledger()
    assert (line["status"], [reason["code"] for reason in line["reasons"]]) == (
        "rejected",
        ["focus-amount-complete"],
    )
    assert "1 rows: Every row has an amount and its currency" in result.line("refused")
    assert job.run(accept="focus-amount-complete").code == 0
    assert findings(job)["focus-amount-complete", "BilledCost"] == [("CNY", 1, None)]


def test_an_amount_without_a_currency_is_refused(job):
    job.put(CSV, bill(row(), row(currency="")))
    assert job.run().code == 1
    found = findings(job, status="rejected")
    assert found["focus-amount-complete", "BillingCurrency"] == [(None, 1, "1.000000000000000000")]


def test_a_column_that_had_values_last_month_is_an_alert_in_the_log_and_no_refusal(job):
    december = bill(*[row(start="2025-12-01 00:00:00")] * 4).replace("2026-01-05", "2025-12-05")
    job.put("202512/20260104173000/1500_2_X_202512.csv", december)
    assert job.run().code == 0
    job.put(CSV, bill(*[row(service="")] * 3))
    result = job.run()
    assert result.code == 0
    assert findings(job)["lake-column-went-null", "ServiceName"] == [
        ("CNY", 3, "3.000000000000000000")
    ]
    assert gone_by_the_log(result) == [["ServiceName"]]
    # It has not come back with the next push, which is told, too.
    job.put(f"{LATER}/{NAME}.csv", bill(*[row(service="")] * 3))
    assert gone_by_the_log(job.run()) == [["ServiceName"]]
