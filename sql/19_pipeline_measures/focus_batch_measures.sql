-- One row is a measure of what became of a provider's batches in a folder month, or why it has no
-- value: batches_published of those tried, M8, rows rejected of those read, and M7, audits by the
-- second road that agree.
CREATE OR REPLACE VIEW ${database}.focus_batch_measures AS
-- A published batch whose later attempt was refused has two lines and is one batch.
WITH outcomes AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        SUM(rows_in) AS rows_in,
        SUM(rows_rejected) AS rows_rejected,
        MAX(CASE WHEN status = 'published' THEN 1 ELSE 0 END) AS is_published,
        MAX(CASE WHEN status = 'published' THEN 0 ELSE 1 END) AS is_refused
    FROM ${database}.focus_batches
    GROUP BY
        provider,
        yearmonth,
        batch_ts
),

attempts AS (
    SELECT
        provider,
        yearmonth,
        SUM(rows_in) AS rows_in,
        SUM(rows_rejected) AS rows_rejected,
        COUNT(*) AS attempted,
        SUM(is_published) AS published,
        SUM(is_published * is_refused) AS refused_again
    FROM outcomes
    GROUP BY
        provider,
        yearmonth
),

audits AS (
    SELECT
        provider,
        yearmonth,
        COUNT(*) AS made,
        SUM(CASE WHEN verdict = 'agrees' THEN 1 ELSE 0 END) AS passed
    FROM ${database}.focus_audits
    GROUP BY
        provider,
        yearmonth
)

SELECT
    names.metric,
    attempts.provider,
    attempts.yearmonth,
    CAST(
        CASE names.metric
            WHEN 'M8'
                THEN
                    CAST(attempts.rows_rejected AS double)
                    / NULLIF(CAST(attempts.rows_in AS double), 0e0)
            ELSE
                CAST(attempts.published AS double)
                / NULLIF(CAST(attempts.attempted AS double), 0e0)
        END AS decimal(38, 6)
    ) AS value,
    CAST(
        CASE
            WHEN names.metric = 'M8' AND attempts.rows_in = 0 THEN 'no row was read'
            WHEN names.metric = 'batches_published' AND attempts.refused_again > 0
                THEN 'a published batch was refused when it was read again: the older one is live'
        END AS varchar
    ) AS reason
FROM attempts
CROSS JOIN (VALUES (CAST('M8' AS varchar)), (CAST('batches_published' AS varchar))) AS names (metric)
UNION ALL
SELECT
    'M7',
    provider,
    yearmonth,
    CAST(CAST(passed AS double) / NULLIF(CAST(made AS double), 0e0) AS decimal(38, 6)),
    CAST(NULL AS varchar)
FROM audits
