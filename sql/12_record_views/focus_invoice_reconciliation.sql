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
        SUM(CASE WHEN ChargeCategory = 'Tax' THEN CAST(0 AS decimal(38, 18)) ELSE BilledCost END)
            AS in_lake,
        SUM(CASE WHEN ChargeCategory = 'Tax' THEN BilledCost END) AS tax,
        SUM(CASE WHEN ChargeCategory = 'Tax' THEN 0 ELSE x_RowCount END) AS row_count
    FROM ${database}.focus_daily
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
    WHERE ReferenceInvoiceId <> InvoiceId
    GROUP BY InvoiceId
),

-- Whose invoice it is, by what the charges say: only where it is one provider's.
providers AS (
    SELECT
        told.kind,
        CASE told.kind WHEN 'id' THEN charges.id WHEN 'account' THEN charges.account
        ELSE charges.issuer END AS name,
        MIN(charges.provider) AS provider
    FROM charges
    CROSS JOIN (VALUES (CAST('id' AS varchar)), ('account'), ('issuer')) AS told (kind)
    GROUP BY
        1,
        2
    HAVING MIN(charges.provider) = MAX(charges.provider)
),

invoiced AS (
    SELECT
        COALESCE(lines.x_Provider, by_id.provider, by_account.provider, by_issuer.provider)
            AS provider,
        lines.BillingAccountId AS account,
        lines.BillingPeriodStart AS yearmonth,
        lines.BillingCurrency AS currency,
        lines.InvoiceId AS own_id,
        COALESCE(lines.ReferenceInvoiceId, lines.InvoiceId) AS id,
        lines.InvoiceIssuerName AS issuer,
        CASE WHEN COALESCE(lines.ChargeCategory, '') <> 'Tax' THEN lines.BilledCost END AS amount,
        CASE WHEN lines.ChargeCategory = 'Tax' THEN lines.BilledCost END AS tax,
        lines.InvoiceIssueStatus = 'Open' AS is_open
    FROM ${database}.focus_invoices AS lines
    LEFT JOIN providers AS by_id
        ON by_id.kind = 'id'
        AND COALESCE(lines.ReferenceInvoiceId, lines.InvoiceId) = by_id.name
    LEFT JOIN providers AS by_account
        ON by_account.kind = 'account'
        AND lines.BillingAccountId = by_account.name
    LEFT JOIN providers AS by_issuer
        ON by_issuer.kind = 'issuer'
        AND lines.InvoiceIssuerName = by_issuer.name
    WHERE COALESCE(lines.InvoiceIssueStatus, 'Issued') <> 'Voided'
),

named AS (
    SELECT
        charges.*,
        COALESCE(adjusting.adjusted, charges.id) AS of_invoice,
        CONCAT(
            charges.provider, '|', COALESCE(charges.account, ''), '|', charges.yearmonth, '|',
            COALESCE(charges.currency, '')
        ) AS account_key
    FROM charges
    LEFT JOIN adjusting
        ON charges.id = adjusting.id
),

lines AS (
    SELECT
        *,
        CONCAT(
            COALESCE(provider, ''), '|', COALESCE(account, ''), '|', yearmonth, '|', currency
        ) AS account_key
    FROM invoiced
),

on_both AS (
    SELECT DISTINCT
        lines.provider,
        lines.id,
        lines.currency
    FROM lines
    INNER JOIN named
        ON lines.provider = named.provider
        AND lines.id = named.of_invoice
        AND lines.currency = named.currency
),

without_id AS (
    SELECT DISTINCT account_key
    FROM lines
    WHERE id IS NULL
),

charged_keys AS (
    SELECT
        named.*,
        CASE
            WHEN on_both.id IS NOT NULL
                THEN CONCAT('invoice|', named.provider, '|', named.of_invoice, '|', named.currency)
            WHEN named.id IS NULL OR without_id.account_key IS NOT NULL
                THEN CONCAT('account|', named.account_key)
            ELSE CONCAT('charged|', named.account_key, '|', named.id)
        END AS match_key
    FROM named
    LEFT JOIN on_both
        ON named.provider = on_both.provider
        AND named.of_invoice = on_both.id
        AND named.currency = on_both.currency
    LEFT JOIN without_id
        ON named.account_key = without_id.account_key
),

by_account AS (
    SELECT DISTINCT match_key
    FROM charged_keys
),

invoiced_keys AS (
    SELECT
        lines.*,
        CASE
            WHEN on_both.id IS NOT NULL
                THEN CONCAT('invoice|', lines.provider, '|', lines.id, '|', lines.currency)
            WHEN by_account.match_key IS NOT NULL OR lines.id IS NULL
                THEN CONCAT('account|', lines.account_key)
            ELSE CONCAT('invoiced|', lines.account_key, '|', lines.id)
        END AS match_key
    FROM lines
    LEFT JOIN on_both
        ON lines.provider = on_both.provider
        AND lines.id = on_both.id
        AND lines.currency = on_both.currency
    LEFT JOIN by_account
        ON CONCAT('account|', lines.account_key) = by_account.match_key
),

sides AS (
    SELECT
        match_key,
        provider,
        account,
        CASE WHEN own_id IS NULL OR own_id = id THEN yearmonth END AS own_month,
        yearmonth,
        currency,
        id,
        CAST(NULL AS varchar) AS charged_id,
        issuer,
        CAST(NULL AS varchar) AS charged_issuer,
        amount AS invoiced,
        tax,
        CAST(NULL AS decimal(38, 18)) AS in_lake,
        CAST(NULL AS decimal(38, 18)) AS tax_in_lake,
        CAST(NULL AS bigint) AS row_count,
        1 AS is_invoiced,
        0 AS is_charged,
        CASE WHEN is_open THEN 1 ELSE 0 END AS is_open
    FROM invoiced_keys
    UNION ALL
    SELECT
        match_key,
        provider,
        account,
        CAST(NULL AS varchar),
        yearmonth,
        currency,
        CAST(NULL AS varchar),
        id,
        CAST(NULL AS varchar),
        issuer,
        CAST(NULL AS decimal(38, 18)),
        CAST(NULL AS decimal(38, 18)),
        in_lake,
        tax,
        CAST(row_count AS bigint),
        0,
        1,
        0
    FROM charged_keys
),

pairs AS (
    SELECT
        match_key,
        MIN(provider) AS provider,
        CASE WHEN MIN(account) = MAX(account) THEN MIN(account) END AS account,
        COALESCE(
            MIN(own_month),
            MIN(CASE WHEN is_invoiced = 1 THEN yearmonth END),
            MIN(yearmonth)
        ) AS yearmonth,
        MIN(currency) AS currency,
        COALESCE(
            CASE WHEN MIN(id) = MAX(id) THEN MIN(id) END,
            CASE
                WHEN MAX(id) IS NULL AND MIN(charged_id) = MAX(charged_id) THEN MIN(charged_id)
            END
        ) AS id,
        COALESCE(MIN(issuer), MIN(charged_issuer)) AS issuer,
        SUM(invoiced) AS invoiced,
        SUM(tax) AS tax,
        SUM(in_lake) AS in_lake,
        SUM(tax_in_lake) AS tax_in_lake,
        SUM(row_count) AS row_count,
        MAX(is_invoiced) AS is_invoiced,
        MAX(is_charged) AS is_charged,
        MAX(is_open) AS is_open
    FROM sides
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
            WHEN is_open = 1 OR period_is_open THEN 'open'
            WHEN is_charged = 0 THEN 'not_in_lake'
            WHEN is_invoiced = 0 AND month_is_open THEN 'open'
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
            WHEN verdict = 'not_for_reconciliation' THEN why
            WHEN is_open = 1 THEN 'the invoice is open'
            WHEN period_is_open THEN 'the billing period is open'
            WHEN verdict = 'open' THEN 'the month is not final'
            WHEN verdict = 'invoice_missing' AND is_voided THEN 'the invoice is voided'
            WHEN
                verdict IN ('invoice_missing', 'not_in_lake') AND has_other_currency
                THEN 'the other side is in another currency'
        END AS varchar
    ) AS x_Reason,
    CAST(row_count AS bigint) AS x_RowCount
FROM judged
