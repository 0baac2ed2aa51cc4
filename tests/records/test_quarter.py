"""A made quarter with planted faults: each is under its verdict, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from focus_lake.records import deliveries
from helpers.catalog import Deployed, deploy
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
NOW = datetime(2026, 4, 20, 12, 0, tzinfo=UTC)
REAL = deliveries.values
INVOICES = """\
InvoiceIssuerName,BillingAccountId,InvoiceId,BillingPeriodStart,BillingCurrency,ChargeCategory,BilledCost,InvoiceIssueStatus,ReferenceInvoiceId
AWS,A1,INV-A1-01,2026-01-01T00:00:00Z,USD,Usage,100,,
AWS,A2,INV-A2-02,202602,USD,,50.25,,
AWS,A2,INV-A2-02B,202602,USD,,50.25,,
AWS,A3,INV-A3-01,202601,EUR,,70,,
AWS,A4,INV-A4-01,202601,USD,,40,Voided,
AWS,A5,INV-A5-01,202601,USD,,200,,
AWS,A5,CN-A5,202602,USD,Credit,-10,,INV-A5-01
AWS,A6,INV-A6-01,202601,USD,,300,,INV-A6-01
AWS,A6,CN-A6,202602,USD,Adjustment,-30,,INV-A6-01
AWS,A1,INV-A1-03,202603,USD,,999,Open,
AWS,A9,INV-A9-04,202604,USD,,3,,
AWS,A10,INV-A10-01,202601,USD,,50,,
AWS,A10,CN-A10,202602,USD,Credit,-8,Voided,INV-A10-01
Microsoft,Z1,G-1,202601,EUR,Usage,100,,
Microsoft,Z1,G-1,202601,EUR,Tax,19,,
Microsoft,Z1,,2026-02,EUR,,119,,
Microsoft,Z1,,202603,EUR,,100.37,,
Microsoft,Z9,G-9,202603,EUR,,12.50,,
Microsoft,Z3,,202603,EUR,,90,,
Microsoft,Z3,,202603,EUR,Credit,-90,,
Alibaba,1500,,2025-12-31T16:00:00Z,CNY,,1000,,
"""
PERIODS = """\
InvoiceIssuerName,BillingPeriodStart,BillingPeriodStatus
Microsoft,202602,Closed
Tencent,202603,Open
"""


def cost(provider: str, account: str, day: str, billed: str, currency: str, **others) -> dict:
    issuer = {"aws": "AWS", "azure": "Microsoft", "alibaba": "2688"}[provider]
    named = {"x_Export": f"{provider}-1", "InvoiceIssuerName": issuer, "BillingAccountId": account}
    return charge(day, billed, **named, BillingCurrency=currency, **others)


def aws(account: str, day: str, billed: str, invoice: str | None, **others) -> dict:
    return cost("aws", account, day, billed, "USD", InvoiceId=invoice, **others)


def sums(rows: list[dict]) -> list[dict]:
    """The ledger's sums of a push in one currency."""
    total = str(sum(row["BilledCost"] for row in rows))
    return [
        {
            "BillingCurrency": rows[0]["BillingCurrency"],
            **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), total),
        }
    ]


def push(lake: Lake, provider: str, month: str, when: str, rows: list[dict]) -> None:
    batch_ts = when.replace("-", "").replace("T", "").replace(":", "") + "00"
    known = {"delivered_at": f"{when}:00.000Z", "cost_sums": sums(rows)}
    lake.batch(provider, month, batch_ts, rows, **known)


def fill(lake: Lake) -> dict:
    january = [
        aws("A1", "2026-01-10", "60", "INV-A1-01"),
        aws("A1", "2026-01-11", "40", "INV-A1-01"),
        aws("A3", "2026-01-10", "70", "INV-A3-01"),
        aws("A4", "2026-01-10", "40", "INV-A4-01"),
        aws("A5", "2026-01-10", "200", "INV-A5-01"),
        aws("A6", "2026-01-10", "300", "INV-A6-01"),
        aws("A10", "2026-01-10", "50", "INV-A10-01"),
        # Nothing to pay: no invoice is missing.
        aws("A7", "2026-01-10", "5", None),
        aws("A7", "2026-01-11", "-5", None, ChargeCategory="Credit"),
    ]
    push(lake, "aws", "202601", "2026-02-10T06:00", january)
    # Five days after it was final January is 7 dearer, on an invoice that agrees all the same.
    push(
        lake,
        "aws",
        "202601",
        "2026-02-20T06:00",
        [*january, aws("A1", "2026-01-12", "7", "INV-A1-01"), aws("A1", "2026-01-12", "-7", None)]
        + [aws("A8", "2026-01-12", "7", "INV-A8-01"), aws("A8", "2026-01-12", "-0", "INV-A8-01")],
    )
    push(
        lake,
        "aws",
        "202602",
        "2026-03-14T06:00",
        [
            aws("A1", "2026-02-10", "80", "INV-A1-02"),
            aws("A2", "2026-02-10", "50.25", "INV-A2-02"),
            aws("A10", "2026-02-10", "-8", "CN-A10", ChargeCategory="Credit"),
            aws("A6", "2026-01-10", "-30", "CN-A6", ChargeClass="Correction"),
        ],
    )
    push(
        lake,
        "aws",
        "202603",
        "2026-04-14T06:00",
        [
            aws("A1", "2026-03-10", "55", "INV-A1-03"),
            aws("A1", "2026-01-31", "-3", "INV-A1-03", ChargeCategory="Credit"),
        ],
    )
    push(
        lake,
        "aws",
        "202604",
        "2026-04-20T06:00",
        [aws("A1", "2026-04-10", "9", None), aws("A9", "2026-04-10", "2", "INV-A9-04")],
    )
    azure = "azure"
    tax = {"ChargeCategory": "Tax"}
    for month, when in (("202601", "2026-02-03T06:00"), ("202602", "2026-03-03T06:00")):
        day = f"{month[:4]}-{month[4:]}-05"
        rows = [cost(azure, "Z1", day, "100", "EUR"), cost(azure, "Z1", day, "19", "EUR", **tax)]
        push(lake, azure, month, when, rows)
    push(
        lake,
        azure,
        "202603",
        "2026-04-20T06:00",
        [
            cost(azure, "Z1", "2026-03-05", "100", "EUR"),
            cost(azure, "Z2", "2026-03-05", "33", "EUR"),
            cost(azure, "Z3", "2026-03-05", "90", "EUR"),
            cost(azure, "Z3", "2026-03-06", "-90", "EUR", ChargeCategory="Credit"),
        ],
    )
    push(
        lake,
        "alibaba",
        "202601",
        "2026-02-04T08:00",
        [cost("alibaba", "1500", "2026-01-05", "990", "CNY")],
    )
    push(
        lake,
        "alibaba",
        "202602",
        "2026-03-04T08:00",
        [cost("alibaba", "1500", "2026-02-05", "500", "CNY")],
    )
    for kind, text in (("invoices", INVOICES), ("billing_periods", PERIODS)):
        folder = lake.root / "reference" / kind
        folder.mkdir(parents=True)
        (folder / "quarter.csv").write_text(text, encoding="utf-8")
    return {}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "values", lambda declared: REAL(declared, NOW))
        yield deploy(request.param, request, tmp_path_factory, fill, "quarter")


OTHER = "the other side is in another currency"
# (provider, account, month, currency, invoice): invoiced, tax, in the lake, difference, drift,
# verdict, reason
VERDICTS = {
    ("aws", "A1", "202601", "USD", "INV-A1-01"): (100, None, 107, 7, D("0.07"), "differs", None),
    # What came without an invoice number in the month that was restated.
    ("aws", "A1", "202601", "USD", None): (None, None, -7, None, None, "invoice_missing", None),
    ("aws", "A8", "202601", "USD", "INV-A8-01"): (None, None, 7, None, None)
    + ("invoice_missing", None),
    ("aws", "A1", "202602", "USD", "INV-A1-02"): (None, None, 80, None, None)
    + ("invoice_missing", None),
    ("aws", "A2", "202602", "USD", "INV-A2-02"): (D("50.25"), None, D("50.25"), 0, 0, "agrees")
    + (None,),
    ("aws", "A2", "202602", "USD", "INV-A2-02B"): (D("50.25"), None, None, None, None)
    + ("not_in_lake", None),
    ("aws", "A3", "202601", "EUR", "INV-A3-01"): (70, None, None, None, None, "not_in_lake", OTHER),
    ("aws", "A3", "202601", "USD", "INV-A3-01"): (None, None, 70, None, None, "invoice_missing")
    + (OTHER,),
    ("aws", "A4", "202601", "USD", "INV-A4-01"): (None, None, 40, None, None, "invoice_missing")
    + ("the invoice is voided",),
    ("aws", "A5", "202601", "USD", "INV-A5-01"): (190, None, 200, 10, D("0.052632"), "differs")
    + (None,),
    ("aws", "A6", "202601", "USD", "INV-A6-01"): (270, None, 270, 0, 0, "agrees", None),
    ("aws", "A1", "202603", "USD", "INV-A1-03"): (999, None, 52, -947, D("0.947948"), "open")
    + ("the invoice is open",),
    ("aws", "A1", "202604", "USD", None): (None, None, 9, None, None, "open")
    + ("the month is not final",),
    ("azure", "Z1", "202601", "EUR", "G-1"): (100, 19, 100, 0, 0, "agrees", None),
    ("azure", "Z1", "202602", "EUR", None): (119, None, 100, -19, D("0.159664"), "differs", None),
    ("azure", "Z1", "202603", "EUR", None): (D("100.37"), None, 100, D("-0.37"), D("0.003686"))
    + ("within_tolerance", None),
    ("azure", "Z2", "202603", "EUR", None): (None, None, 33, None, None, "invoice_missing", None),
    ("azure", "Z3", "202603", "EUR", None): (0, None, 0, 0, None, "agrees", None),
    ("azure", "Z9", "202603", "EUR", "G-9"): (D("12.5"), None, None, None, None, "not_in_lake")
    + (None,),
    ("alibaba", "1500", "202601", "CNY", None): (1000, None, 990, -10, D("0.01"))
    + ("not_for_reconciliation",)
    + ("Alibaba Cloud says that this export is for analysis, not for reconciliation",),
    ("alibaba", "1500", "202602", "CNY", None): (None, None, 500, None, None, "invoice_missing")
    + ("Alibaba Cloud says that this export is for analysis, not for reconciliation",),
    # An invoice that came early: April is not over.
    ("aws", "A9", "202604", "USD", "INV-A9-04"): (3, None, 2, -1, D("0.333333"), "open")
    + ("the month is not final",),
    # A voided credit note adjusts nothing; what the lake has of it stands apart.
    ("aws", "A10", "202601", "USD", "INV-A10-01"): (50, None, 50, 0, 0, "agrees", None),
    ("aws", "A10", "202602", "USD", "CN-A10"): (None, None, -8, None, None, "invoice_missing")
    + ("the invoice is voided",),
}


def test_each_invoice_has_its_verdict_and_there_is_no_other(told):
    found = told.query(
        "SELECT x_Provider, BillingAccountId, yearmonth, BillingCurrency, InvoiceId, x_Invoiced, "
        "x_Tax, x_InLake, x_Difference, x_Drift, x_Verdict, x_Reason "
        "FROM focus_invoice_reconciliation"
    )
    assert {row[:5]: row[5:] for row in map(tuple, found)} == VERDICTS
    assert len(found) == len(VERDICTS)


def test_tax_is_apart_on_both_sides_and_tolerance_is_that_of_the_specification(told):
    found = told.query(
        "SELECT yearmonth, x_Tax, x_TaxInLake, x_Tolerance FROM focus_invoice_reconciliation "
        "WHERE BillingAccountId = 'Z1' ORDER BY yearmonth"
    )
    assert found == [
        ("202601", D(19), D(19), D(1)),
        ("202602", None, D(19), D(1)),
        ("202603", None, None, D(1)),
    ]


def test_late_money_is_shown_by_the_month_it_belongs_to(told):
    found = told.query(
        "SELECT x_Provider, BillingAccountId, x_OriginMonth, x_BillingMonth, x_Kind, BilledCost "
        "FROM focus_late_adjustments ORDER BY x_BillingMonth, x_Kind"
    )
    assert found == [
        ("aws", None, "202601", "202601", "restatement", D(7)),
        ("aws", "A6", "202601", "202602", "correction", D(-30)),
        ("aws", "A1", "202601", "202603", "late_charge", D(-3)),
    ]


def test_pushes_that_never_came_are_late_and_no_others(told):
    found = told.query(
        "SELECT x_Provider, yearmonth, x_LastPush IS NULL FROM focus_delivery_status "
        "WHERE x_IsLate ORDER BY x_Provider, yearmonth"
    )
    assert found == [
        ("alibaba", "202603", True),
        ("alibaba", "202604", True),
        ("azure", "202604", True),
    ]


def test_drift_is_a_measure_and_is_met_only_where_every_invoice_is_there(told):
    found = told.query(
        "SELECT provider, yearmonth, BillingCurrency, value, met, reason "
        "FROM focus_pipeline_metrics WHERE metric = 'M3' ORDER BY 1, 2, 3"
    )
    assert found == [
        ("alibaba", "202601", "CNY", None, None, "not_for_reconciliation"),
        ("alibaba", "202602", "CNY", None, None, "invoice_missing"),
        ("aws", "202601", "EUR", D(1), False, None),
        ("aws", "202601", "USD", None, None, "invoice_missing"),
        ("aws", "202602", "USD", None, None, "invoice_missing"),
        ("aws", "202603", "USD", None, None, "open"),
        ("aws", "202604", "USD", None, None, "open"),
        ("azure", "202601", "EUR", D(0), True, None),
        ("azure", "202602", "EUR", D("0.159664"), False, None),
        ("azure", "202603", "EUR", None, None, "invoice_missing"),
    ]
