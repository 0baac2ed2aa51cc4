-- One row is an invoice, or what an account was charged in a month, held against the other side.
-- Matched by InvoiceId where both sides have it, else by account and month; what adjusts an invoice
-- (ReferenceInvoiceId) counts with it. Amounts are BilledCost without tax, tax is apart. x_Verdict:
-- agrees; within_tolerance of FOCUS 1.4, x_Tolerance; differs; invoice_missing; not_in_lake; open,
-- the invoice, its period or the month is; not_for_reconciliation, the provider says so: no pass.
CREATE OR REPLACE VIEW ${database}.focus_invoice_reconciliation AS
WITH charges AS (
    SELECT
        x_Provider AS provider,
        BillingAccountId AS account,
        x_BillingMonth AS yearmonth,
        BillingCurrency AS currency,
        InvoiceId AS id,
        MAX(InvoiceIssuerName) AS issuer,
        SUM(x_InLake) AS in_lake,
        SUM(x_TaxInLake) AS tax,
        CAST(SUM(x_RowCount) AS bigint) AS row_count
    FROM ${database}.focus_invoice_costs
    GROUP BY
        x_Provider,
        BillingAccountId,
        x_BillingMonth,
        BillingCurrency,
        InvoiceId
),

adjusting AS (
    SELECT
        InvoiceId AS id,
        MIN(ReferenceInvoiceId) AS adjusted
    FROM ${database}.focus_invoices
    WHERE
        ReferenceInvoiceId <> InvoiceId
        AND COALESCE(InvoiceIssueStatus, 'Issued') <> 'Voided'
    GROUP BY InvoiceId
),

-- Both sides below each other: the charges are read once, and windows find what belongs together.
sides AS (
    SELECT
        charges.provider,
        charges.account,
        charges.yearmonth,
        charges.currency,
        charges.id AS own_id,
        COALESCE(adjusting.adjusted, charges.id) AS id,
        charges.issuer,
        CAST(NULL AS decimal(38, 18)) AS invoiced,
        CAST(NULL AS decimal(38, 18)) AS tax,
        charges.in_lake,
        charges.tax AS tax_in_lake,
        charges.row_count,
        0 AS is_invoiced,
        1 AS is_charged,
        0 AS is_open
    FROM charges
    LEFT JOIN adjusting
        ON charges.id = adjusting.id
    UNION ALL
    SELECT
        x_Provider,
        BillingAccountId,
        BillingPeriodStart,
        BillingCurrency,
        InvoiceId,
        COALESCE(ReferenceInvoiceId, InvoiceId),
        InvoiceIssuerName,
        CASE WHEN COALESCE(ChargeCategory, '') <> 'Tax' THEN BilledCost END,
        CASE WHEN ChargeCategory = 'Tax' THEN BilledCost END,
        CAST(NULL AS decimal(38, 18)),
        CAST(NULL AS decimal(38, 18)),
        CAST(NULL AS bigint),
        1,
        0,
        CASE WHEN InvoiceIssueStatus = 'Open' THEN 1 ELSE 0 END
    FROM ${database}.focus_invoices
    WHERE COALESCE(InvoiceIssueStatus, 'Issued') <> 'Voided'
),

-- Whose invoice it is, by what the charges say: only where it is one provider's.
told AS (
    SELECT
        *,
        MIN(CASE WHEN is_charged = 1 THEN provider END) OVER same_id AS first_by_id,
        MAX(CASE WHEN is_charged = 1 THEN provider END) OVER same_id AS last_by_id,
        MIN(CASE WHEN is_charged = 1 THEN provider END) OVER same_account AS first_by_account,
        MAX(CASE WHEN is_charged = 1 THEN provider END) OVER same_account AS last_by_account,
        MIN(CASE WHEN is_charged = 1 THEN provider END) OVER same_issuer AS first_by_issuer,
        MAX(CASE WHEN is_charged = 1 THEN provider END) OVER same_issuer AS last_by_issuer
    FROM sides
    WINDOW
        same_id AS (PARTITION BY id),
        same_account AS (PARTITION BY account),
        same_issuer AS (PARTITION BY issuer)
),

named AS (
    SELECT
        yearmonth,
        account,
        currency,
        own_id,
        id,
        issuer,
        invoiced,
        tax,
        in_lake,
        tax_in_lake,
        row_count,
        is_invoiced,
        is_charged,
        is_open,
        COALESCE(
            provider,
            CASE WHEN id IS NOT NULL AND first_by_id = last_by_id THEN first_by_id END,
            CASE
                WHEN account IS NOT NULL AND first_by_account = last_by_account
                    THEN first_by_account
            END,
            CASE WHEN first_by_issuer = last_by_issuer THEN first_by_issuer END
        ) AS provider
    FROM told
),

keyed AS (
    SELECT
        *,
        CONCAT(
            COALESCE(provider, ''), '|', COALESCE(account, ''), '|', yearmonth, '|',
            COALESCE(currency, '')
        ) AS account_key,
        CONCAT(COALESCE(provider, ''), '|', COALESCE(id, ''), '|', COALESCE(currency, ''))
            AS invoice_key
    FROM named
),

found AS (
    SELECT
        *,
        id IS NOT NULL
        AND MAX(is_invoiced) OVER (PARTITION BY invoice_key) = 1
        AND MAX(is_charged) OVER (PARTITION BY invoice_key) = 1 AS is_on_both,
        MAX(CASE WHEN is_invoiced = 1 AND id IS NULL THEN 1 ELSE 0 END) OVER (
            PARTITION BY account_key
        ) AS has_line_without_id
    FROM keyed
),

-- Charges go by account where they name no invoice, or where an invoice has no number.
by_account AS (
    SELECT
        *,
        MAX(
            CASE
                WHEN is_charged = 1 AND NOT is_on_both AND (id IS NULL OR has_line_without_id = 1)
                    THEN 1
                ELSE 0
            END
        ) OVER (PARTITION BY account_key) AS has_charges_without_id
    FROM found
),

matched AS (
    SELECT
        *,
        CASE
            WHEN is_on_both THEN CONCAT('invoice|', invoice_key)
            WHEN id IS NULL THEN CONCAT('account|', account_key)
            WHEN is_charged = 1 AND has_line_without_id = 1 THEN CONCAT('account|', account_key)
            WHEN is_invoiced = 1 AND has_charges_without_id = 1 THEN CONCAT('account|', account_key)
            WHEN is_charged = 1 THEN CONCAT('charged|', account_key, '|', own_id)
            ELSE CONCAT('invoiced|', account_key, '|', id)
        END AS match_key
    FROM by_account
),

pairs AS (
    SELECT
        match_key,
        MIN(provider) AS provider,
        CASE WHEN MIN(account) = MAX(account) THEN MIN(account) END AS account,
        COALESCE(
            MIN(CASE WHEN is_invoiced = 1 AND (own_id IS NULL OR own_id = id) THEN yearmonth END),
            MIN(CASE WHEN is_invoiced = 1 THEN yearmonth END),
            MIN(yearmonth)
        ) AS yearmonth,
        MIN(currency) AS currency,
        CASE
            WHEN
                MIN(CASE WHEN is_invoiced = 1 THEN id END)
                = MAX(CASE WHEN is_invoiced = 1 THEN id END)
                THEN MIN(CASE WHEN is_invoiced = 1 THEN id END)
            WHEN MAX(CASE WHEN is_invoiced = 1 THEN id END) IS NULL AND MIN(own_id) = MAX(own_id)
                THEN MIN(own_id)
        END AS id,
        COALESCE(
            MIN(CASE WHEN is_invoiced = 1 THEN issuer END),
            MIN(CASE WHEN is_charged = 1 THEN issuer END)
        ) AS issuer,
        SUM(invoiced) AS invoiced,
        SUM(tax) AS tax,
        SUM(in_lake) AS in_lake,
        SUM(tax_in_lake) AS tax_in_lake,
        SUM(row_count) AS row_count,
        MAX(is_invoiced) AS is_invoiced,
        MAX(is_charged) AS is_charged,
        MAX(is_open) AS is_open
    FROM matched
    GROUP BY match_key
),

subunits (currency, subunit) AS (
    VALUES
${subunits}
),

not_meant (provider, why) AS (
    VALUES
${not_for_reconciliation}
),

calendar (provider, yearmonth, starts, ends, final_by) AS (
    VALUES
${delivery_calendar}
),

voided AS (
    SELECT DISTINCT InvoiceId AS id
    FROM ${database}.focus_invoices
    WHERE InvoiceIssueStatus = 'Voided'
),

held AS (
    SELECT
        pairs.*,
        COALESCE(periods.BillingPeriodStatus, '') = 'Open' AS period_is_open,
        COALESCE(
            ${now} < CAST(COALESCE(calendar.final_by, calendar.ends) AS timestamp), FALSE
        ) AS month_is_open,
        not_meant.why,
        voided.id IS NOT NULL AS is_voided,
        MIN(pairs.currency) OVER same_month <> MAX(pairs.currency) OVER same_month
            AS has_other_currency,
        CASE
            WHEN pairs.is_invoiced = 1 AND pairs.is_charged = 1
                THEN COALESCE(pairs.in_lake, CAST(0 AS decimal(38, 18)))
                - COALESCE(pairs.invoiced, CAST(0 AS decimal(38, 18)))
        END AS difference,
        CAST(
            CAST(
                CASE
                    WHEN 5e-1 * SQRT(CAST(pairs.row_count AS double)) > 100e0
                        THEN 5e-1 * SQRT(CAST(pairs.row_count AS double))
                    ELSE 100e0
                END AS decimal(20, 6)
            ) * COALESCE(subunits.subunit, CAST(0.01 AS decimal(4, 3)))
            AS decimal(38, 18)
        ) AS tolerance
    FROM pairs
    LEFT JOIN subunits
        ON pairs.currency = subunits.currency
    LEFT JOIN not_meant
        ON pairs.provider = not_meant.provider
    LEFT JOIN calendar
        ON pairs.provider = calendar.provider
        AND pairs.yearmonth = calendar.yearmonth
    LEFT JOIN ${database}.focus_billing_periods AS periods
        ON pairs.issuer = periods.InvoiceIssuerName
        AND pairs.yearmonth = periods.BillingPeriodStart
    LEFT JOIN voided
        ON pairs.id = voided.id
    -- Charges that come to nothing need no invoice.
    WHERE pairs.is_invoiced = 1 OR pairs.in_lake <> 0 OR pairs.tax_in_lake <> 0
    WINDOW same_month AS (
        PARTITION BY pairs.provider, COALESCE(pairs.account, pairs.id), pairs.yearmonth
    )
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_open = 1 OR period_is_open OR month_is_open THEN 'open'
            WHEN is_charged = 0 THEN 'not_in_lake'
            WHEN is_invoiced = 0 THEN 'invoice_missing'
            WHEN why IS NOT NULL THEN 'not_for_reconciliation'
            WHEN difference = 0 THEN 'agrees'
            WHEN ABS(difference) <= tolerance THEN 'within_tolerance'
            ELSE 'differs'
        END AS verdict
    FROM held
)

SELECT
    issuer AS InvoiceIssuerName,
    provider AS x_Provider,
    account AS BillingAccountId,
    yearmonth,
    currency AS BillingCurrency,
    id AS InvoiceId,
    invoiced AS x_Invoiced,
    tax AS x_Tax,
    CASE WHEN is_charged = 1 THEN in_lake END AS x_InLake,
    tax_in_lake AS x_TaxInLake,
    difference AS x_Difference,
    CAST(
        CAST(ABS(difference) AS double) / NULLIF(CAST(ABS(invoiced) AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_Drift,
    CASE WHEN difference IS NOT NULL THEN tolerance END AS x_Tolerance,
    CAST(verdict AS varchar) AS x_Verdict,
    CAST(
        CASE
            WHEN is_open = 1 THEN 'the invoice is open'
            WHEN period_is_open THEN 'the billing period is open'
            WHEN verdict = 'open' THEN 'the month is not final'
            WHEN verdict = 'invoice_missing' AND is_voided THEN 'the invoice is voided'
            WHEN
                verdict IN ('invoice_missing', 'not_in_lake') AND has_other_currency
                THEN 'the other side is in another currency'
            ELSE why
        END AS varchar
    ) AS x_Reason,
    CAST(row_count AS bigint) AS x_RowCount
FROM judged
