-- One row is one measure of a provider's month, in one currency where it is about money, worked out
-- when it is asked. focus_pipeline_metrics has what the last refresh worked out, at once.
-- met is null where there is no target or no value; what is measured says lib's metrics.csv.
-- Measures of charges go by their own billing month (x_BillingMonth), those of batches by the
-- folder's. reason: why there is no value, or what the value leaves out.
CREATE OR REPLACE VIEW ${database}.focus_metrics_now AS
-- focus_record_measures and others that are heavy, as they were at the refresh.
WITH recorded (metric, provider, yearmonth, BillingCurrency, value, reason) AS (
    VALUES
${record_measures}
),

measured AS (
    SELECT
        metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar) AS BillingCurrency,
        value,
        reason,
        CAST(NULL AS varchar) AS x_BillingMonth
    FROM ${database}.focus_export_measures
    UNION ALL
    SELECT
        metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        value,
        reason,
        CAST(NULL AS varchar)
    FROM ${database}.focus_batch_measures
    UNION ALL
    SELECT
        metric,
        provider,
        x_BillingMonth,
        BillingCurrency,
        value,
        reason,
        x_BillingMonth
    FROM ${database}.focus_owner_measures
    UNION ALL
    SELECT
        metric,
        provider,
        yearmonth,
        BillingCurrency,
        value,
        reason,
        CAST(NULL AS varchar)
    FROM recorded
    WHERE metric IS NOT NULL
),

metrics (metric, title, unit, comparison, missing, target) AS (
    VALUES
${metrics}
)

-- Every measure is there: where nothing was measured with the reason alone.
SELECT
    metrics.metric,
    metrics.title,
    measured.provider,
    measured.yearmonth,
    measured.BillingCurrency,
    measured.value,
    metrics.unit,
    metrics.comparison,
    metrics.target,
    CASE metrics.comparison
        WHEN '<' THEN measured.value < metrics.target
        WHEN '<=' THEN measured.value <= metrics.target
        WHEN '>=' THEN measured.value >= metrics.target
    END AS met,
    CAST(
        CASE WHEN measured.metric IS NULL THEN metrics.missing ELSE measured.reason END AS varchar
    ) AS reason,
    measured.x_BillingMonth
FROM metrics
LEFT JOIN measured
    ON metrics.metric = measured.metric
WHERE metrics.metric IS NOT NULL
