-- One row is one audit of one batch, by jobs/audit_focus.py. verdict: agrees, differs, or cannot
-- be audited, for the reasons given. is_newest: the batch was not audited again since;
-- is_current: the audit is of what is published now. Times are UTC.
CREATE OR REPLACE VIEW ${database}.focus_audits AS
WITH audits AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY provider, yearmonth, batch_ts
            ORDER BY ended_at DESC, audit_id
        ) AS age
    FROM ${database}.focus_audit_lines
),

published AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        MAX(published_at) AS published_at
    FROM ${database}.focus_batches
    WHERE status = 'published'
    GROUP BY
        provider,
        yearmonth,
        batch_ts
)

SELECT
    audits.provider,
    audits.yearmonth,
    audits.batch_ts,
    audits.verdict,
    ARRAY_JOIN(audits.columns_that_differ, ', ') AS columns_that_differ,
    ARRAY_JOIN(audits.reasons, '; ') AS reasons,
    audits.rows_raw,
    audits.rows_published,
    audits.rejected_raw,
    audits.rejected_published,
    audits.column_count,
    CAST(SUBSTR(REPLACE(audits.started_at, 'T', ' '), 1, 23) AS timestamp) AS started_at,
    CAST(SUBSTR(REPLACE(audits.ended_at, 'T', ' '), 1, 23) AS timestamp) AS ended_at,
    audits.age = 1 AS is_newest,
    COALESCE(audits.published_at = published.published_at, false) AS is_current,
    audits.code_version,
    audits.published_code_version,
    audits.spark_version,
    audits.published_spark_version,
    audits.declaration,
    audits.audit_id,
    audits.provider AS x_Provider
FROM audits
LEFT JOIN published
    ON audits.provider = published.provider
    AND audits.yearmonth = published.yearmonth
    AND audits.batch_ts = published.batch_ts
