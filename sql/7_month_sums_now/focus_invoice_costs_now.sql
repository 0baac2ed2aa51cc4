-- One row is what a folder's month was billed under one invoice number, or under none, by provider,
-- account, billing month and currency: one side of focus_invoice_reconciliation. Tax is apart.
CREATE OR REPLACE VIEW ${database}.focus_invoice_costs_now AS
SELECT
    yearmonth,
    x_Provider,
    x_BillingMonth,
    BillingAccountId,
    BillingCurrency,
    InvoiceId,
    MAX(InvoiceIssuerName) AS InvoiceIssuerName,
    SUM(CASE WHEN ChargeCategory = 'Tax' THEN CAST(0 AS decimal(38, 18)) ELSE BilledCost END)
        AS x_InLake,
    SUM(CASE WHEN ChargeCategory = 'Tax' THEN BilledCost END) AS x_TaxInLake,
    CAST(SUM(CASE WHEN ChargeCategory = 'Tax' THEN 0 ELSE x_RowCount END) AS bigint) AS x_RowCount
FROM ${database}.focus_daily
GROUP BY
    yearmonth,
    x_Provider,
    x_BillingMonth,
    BillingAccountId,
    BillingCurrency,
    InvoiceId
