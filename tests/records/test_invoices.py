"""Wrong invoices are named by file and line, and change nothing."""

from __future__ import annotations

import pytest

from focus_lake import storage
from focus_lake.reference.read import read

HEAD = "InvoiceIssuerName,BillingAccountId,InvoiceId,BillingPeriodStart,BillingCurrency,BilledCost"
GOOD = "AWS,A1,INV-1,202601,USD,10.50"


def problems(folder, *lines: str, head: str = HEAD, file: str = "a.csv") -> list[str]:
    path = folder / "reference" / "invoices"
    path.mkdir(parents=True, exist_ok=True)
    (path / file).write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return read(storage.at(str(folder)))["invoices"].problems


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("AWS,A1,INV-1,202601,EUR,3", "invoice INV-1 is in EUR here and in USD in "),
        ('AWS,A1,INV-2,202601,USD,"1,234.50"', "BilledCost '1,234.50' must be a number"),
        ("AWS,A1,INV-2,202601,USD,1.234,50", "7 fields, the header has 6"),
        (GOOD, "INV-1, BillingAccountId A1, BillingPeriodStart 202601, BillingCurrency USD"),
        ("AWS,A1,INV-1,202601,USD,99", "is there twice, see reference/invoices/a.csv line 2"),
        ("AWS,A1,INV-2,202613,USD,1", "BillingPeriodStart '202613' must be a month"),
        ("AWS,A1,INV-2,2026-01-01T00:00:00 at noon,USD,1", "must be a month, such as 202601, or"),
        ("AWS,,,202601,USD,1", "needs an InvoiceId or a BillingAccountId"),
        (",A1,INV-2,202601,USD,1", "InvoiceIssuerName is empty"),
        ("AWS,A1,INV-2,202601,usd,1", "BillingCurrency 'usd' must be three capital letters"),
        ("AWS,A1,INV-2,202601,USD,", "BilledCost is empty"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, why):
    found = problems(tmp_path, GOOD, line)
    assert any(one.startswith("reference/invoices/a.csv line 3: ") for one in found), found
    assert any(why in one for one in found), found


def test_an_invoice_in_two_files_is_there_twice(tmp_path):
    problems(tmp_path, GOOD)
    (found,) = problems(tmp_path, GOOD, file="b.csv")
    assert found.startswith("reference/invoices/b.csv line 2: ")
    assert "see reference/invoices/a.csv line 2; an invoice is listed once" in found


def test_lines_of_one_invoice_have_a_detail_id_or_a_category_each(tmp_path):
    head = f"{HEAD},InvoiceDetailId,ChargeCategory"
    lines = [f"{GOOD},1,Usage", f"{GOOD},2,Usage", f"{GOOD},,Tax", f"{GOOD},,Purchase"]
    assert problems(tmp_path, *lines, head=head) == []


def test_negative_invoices_and_voided_ones_are_no_fault(tmp_path):
    head = f"{HEAD},InvoiceIssueStatus"
    assert problems(tmp_path, "AWS,A1,CN-1,202601,USD,-3.5,Voided", head=head) == []


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("2025-12-31T16:00:00Z", "202601"),  # Beijing's January
        ("2026-01-01T08:00:00Z", "202601"),  # the Pacific's
        ("2026-01-01 00:00:00", "202601"),
        ("2026-01-01T00:00:00+08:00", "202601"),
        ("2026-01-01", "202601"),
        ("2026-01", "202601"),
    ],
)
def test_a_month_may_be_written_as_its_start_in_any_zone(tmp_path, written, month):
    assert problems(tmp_path, f"AWS,A1,INV-1,{written},USD,1") == []
    (row,) = read(storage.at(str(tmp_path)))["invoices"].rows
    assert row["BillingPeriodStart"] == month
