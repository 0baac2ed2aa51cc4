-- One row is something that must be kept, for each provider where it is a provider's: the months
-- that must be there by the rules of reference/retention.toml, and those that are. x_Kept is their
-- ratio (M11). It is null, with x_Reason, where nobody said how long, nothing is there yet, or a
-- view cannot see what is there: files in the raw bucket, superseded data. A month that was never
-- closed, audited or invoiced between two that were counts as one that is not there.
CREATE OR REPLACE VIEW ${database}.focus_retention AS
WITH things (what, years) AS (
    VALUES
${kept_things}
),

rules AS (
    SELECT
        things.what,
        COALESCE(rules.years, things.years) AS years,
        CASE WHEN rules.what IS NULL AND things.years IS NOT NULL THEN 'legal default' END AS source
    FROM things
    LEFT JOIN ${database}.focus_retention_rules AS rules
        ON things.what = rules.what
    WHERE things.what IS NOT NULL
),

-- Every month that is known to have been there, and whether it still is.
months AS (
    SELECT
        CAST('live' AS varchar) AS what,
        provider,
        yearmonth,
        MAX(CASE WHEN status = 'published' THEN 1 ELSE 0 END) AS is_kept
    FROM ${database}.focus_batches
    GROUP BY
        provider,
        yearmonth
    UNION ALL
    SELECT DISTINCT
        'invoices',
        InvoiceIssuerName,
        BillingPeriodStart,
        1
    FROM ${database}.focus_invoices
    UNION ALL
    SELECT DISTINCT
        'journal',
        provider,
        yearmonth,
        1
    FROM ${database}.focus_ledger_journal
    UNION ALL
    SELECT DISTINCT
        'statements',
        CAST(NULL AS varchar),
        yearmonth,
        1
    FROM ${database}.focus_closings
    UNION ALL
    SELECT DISTINCT
        'audits',
        provider,
        yearmonth,
        1
    FROM ${database}.focus_audit_lines
    UNION ALL
    SELECT DISTINCT
        'runs',
        CAST(NULL AS varchar),
        CONCAT(SUBSTR(started_at, 1, 4), SUBSTR(started_at, 6, 2)),
        1
    FROM ${database}.focus_runs
),

numbered AS (
    SELECT
        what,
        provider,
        yearmonth,
        is_kept,
        CAST(SUBSTR(yearmonth, 1, 4) AS bigint) * 12 + CAST(SUBSTR(yearmonth, 5, 2) AS bigint)
            AS number
    FROM months
),

spans AS (
    SELECT
        rules.what,
        rules.years,
        rules.source,
        numbered.provider,
        MIN(numbered.yearmonth) AS oldest,
        MAX(numbered.yearmonth) AS newest,
        MIN(
            CASE WHEN numbered.number > this.number - 12 * rules.years THEN numbered.number END
        ) AS first_month,
        MAX(numbered.number) AS last_month,
        SUM(
            CASE
                WHEN numbered.number > this.number - 12 * rules.years THEN numbered.is_kept
            END
        ) AS kept
    FROM rules
    CROSS JOIN (
        SELECT
            CAST(DATE_FORMAT(${now}, '%Y') AS bigint) * 12
            + CAST(DATE_FORMAT(${now}, '%m') AS bigint) AS number
    ) AS this
    LEFT JOIN numbered
        ON rules.what = numbered.what
    GROUP BY
        rules.what,
        rules.years,
        rules.source,
        numbered.provider
)

SELECT
    what AS x_What,
    provider AS x_Provider,
    years AS x_Years,
    CAST(source AS varchar) AS x_Source,
    oldest AS x_OldestMonth,
    newest AS x_NewestMonth,
    last_month - first_month + 1 AS x_MonthsToKeep,
    CAST(kept AS bigint) AS x_MonthsKept,
    CAST(
        CAST(kept AS double) / NULLIF(CAST(last_month - first_month + 1 AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_Kept,
    CAST(
        CASE
            WHEN years IS NULL THEN 'no_rule'
            WHEN what IN ('raw', 'superseded') THEN 'not_seen_by_views'
            WHEN oldest IS NULL THEN 'nothing_yet'
        END AS varchar
    ) AS x_Reason
FROM spans
