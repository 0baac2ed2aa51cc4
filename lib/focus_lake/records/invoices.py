"""Invoices: what columns and keys cannot say about them, and what the reconciliation needs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence

from focus_lake import resources
from focus_lake.declare.model import Declaration
from focus_lake.records import rows
from focus_lake.reference.sheet import Row, Sheet


def invoices(sheet: Sheet, sheets: Mapping[str, Sheet]) -> Iterator[tuple[Row, str, str]]:
    """(row, what is wrong, column): lines that match nothing, invoices in two currencies."""
    first: dict[tuple, Row] = {}
    for row in sheet.rows:
        if row["InvoiceId"] is None and row["BillingAccountId"] is None:
            yield row, "needs an InvoiceId or a BillingAccountId, to be held against charges", ""
        if row["InvoiceId"] is None:
            continue
        other = first.setdefault((row["InvoiceIssuerName"], row["InvoiceId"]), row)
        if other["BillingCurrency"] != row["BillingCurrency"]:
            yield (
                row,
                f"invoice {row['InvoiceId']} is in {row['BillingCurrency']} here and in "
                f"{other['BillingCurrency']} in {other.where()}; an invoice has one currency",
                "BillingCurrency",
            )


def values(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The placeholders of focus_invoice_reconciliation."""
    subunits = csv.DictReader(
        resources.data("records", "subunits.csv").read_text(encoding="utf-8").splitlines()
    )
    not_meant = [(one.name, one.invoices.why) for one in declarations if not one.invoices.reconcile]
    return {
        "not_for_reconciliation": rows.listed(["varchar", "varchar"], not_meant),
        "subunits": rows.listed(
            ["varchar", "decimal(4, 3)"],
            [(each["currency"], rows.Number(each["subunit"])) for each in subunits],
        ),
    }
