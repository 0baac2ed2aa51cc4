-- One row is a measure of invoices, deliveries, retention or runs: its value, or why there is none.
-- M3: what invoices and lake differ by, as a ratio of what was invoiced; M11: months kept of those
-- that must be; M15: runs that ended with 0, of those that began; provider is null for the whole.
CREATE OR REPLACE VIEW ${database}.focus_record_measures AS
WITH held AS (
    SELECT
        x_Provider AS provider,
        yearmonth,
        BillingCurrency,
        SUM(CASE WHEN x_Verdict IN ('agrees', 'within_tolerance', 'differs', 'not_in_lake')
            THEN ABS(x_Invoiced) END) AS invoiced,
        SUM(
            CASE
                WHEN x_Verdict IN ('agrees', 'within_tolerance', 'differs') THEN ABS(x_Difference)
                WHEN x_Verdict = 'not_in_lake' THEN ABS(x_Invoiced)
            END
        ) AS off,
        MAX(CASE WHEN x_Verdict = 'invoice_missing' THEN 1 ELSE 0 END) AS is_missing,
        MAX(CASE WHEN x_Verdict = 'open' THEN 1 ELSE 0 END) AS is_open,
        MAX(CASE WHEN x_Verdict = 'not_for_reconciliation' THEN 1 ELSE 0 END) AS is_not_meant
    FROM ${database}.focus_invoice_reconciliation
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency
),

late AS (
    SELECT
        x_Provider AS provider,
        yearmonth,
        MAX(CASE WHEN x_IsLate THEN x_LateHours WHEN NOT x_IsLate THEN 0 END) AS hours,
        MAX(CASE WHEN x_IsLate IS NULL THEN 1 ELSE 0 END) AS is_unknown
    FROM ${database}.focus_delivery_status
    GROUP BY
        x_Provider,
        yearmonth
),

kept AS (
    SELECT
        x_Provider AS provider,
        MIN(x_NewestMonth) AS yearmonth,
        MIN(x_Kept) AS share
    FROM ${database}.focus_retention
    WHERE x_What = 'live' AND x_Provider IS NOT NULL
    GROUP BY x_Provider
),

-- A run that has not ended counts a day later, when the next one has long begun.
ended AS (
    SELECT
        CONCAT(SUBSTR(started_at, 1, 4), SUBSTR(started_at, 6, 2)) AS yearmonth,
        CASE WHEN exit_code = 0 THEN 1 ELSE 0 END AS is_good
    FROM ${database}.focus_runs
    WHERE
        exit_code IS NOT NULL
        OR CAST(SUBSTR(REPLACE(started_at, 'T', ' '), 1, 19) AS timestamp)
        < DATE_ADD('day', -1, ${now})
)

SELECT
    CAST('M3' AS varchar) AS metric,
    provider,
    yearmonth,
    BillingCurrency,
    CASE
        WHEN is_missing = 0 AND is_open = 0 AND is_not_meant = 0
            THEN CAST(
                CAST(off AS double) / NULLIF(CAST(invoiced AS double), 0e0) AS decimal(38, 6)
            )
    END AS value,
    CAST(
        CASE
            WHEN is_not_meant = 1 THEN 'not_for_reconciliation'
            WHEN is_missing = 1 THEN 'invoice_missing'
            WHEN is_open = 1 THEN 'open'
        END AS varchar
    ) AS reason
FROM held
UNION ALL
SELECT
    'delivery_late_hours',
    provider,
    yearmonth,
    CAST(NULL AS varchar),
    CAST(hours AS decimal(38, 6)),
    CAST(CASE WHEN hours IS NULL AND is_unknown = 1 THEN 'no_schedule' END AS varchar)
FROM late
UNION ALL
SELECT
    'M11',
    provider,
    yearmonth,
    CAST(NULL AS varchar),
    share,
    CAST(CASE WHEN share IS NULL THEN 'no_rule' END AS varchar)
FROM kept
UNION ALL
SELECT
    'M15',
    CAST(NULL AS varchar),
    yearmonth,
    CAST(NULL AS varchar),
    CAST(CAST(SUM(is_good) AS double) / CAST(COUNT(*) AS double) AS decimal(38, 6)),
    CAST(NULL AS varchar)
FROM ended
GROUP BY yearmonth
