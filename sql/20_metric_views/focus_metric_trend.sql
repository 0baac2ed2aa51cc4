-- One row is one measure of a provider's month, in one currency where it is about money: what the
-- first refresh found, the one before the last, and the last one. A chart over every run is drawn from
-- focus_metric_history. x_Change: value less previous_value; null without either.
-- Runs that found no value are left out, unless none found one: then with the newest one's reason.
CREATE OR REPLACE VIEW ${database}.focus_metric_trend AS
WITH found AS (
    SELECT
        *,
        CAST(value AS decimal(38, 6)) AS amount,
        MAX(CASE WHEN value IS NOT NULL THEN 1 ELSE 0 END) OVER (
            PARTITION BY metric, provider, yearmonth, BillingCurrency
        ) AS has_value
    FROM ${database}.focus_metric_history
),

runs AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY metric, provider, yearmonth, BillingCurrency
            ORDER BY run_at ASC, run_id ASC
        ) AS from_first,
        ROW_NUMBER() OVER (
            PARTITION BY metric, provider, yearmonth, BillingCurrency
            ORDER BY run_at DESC, run_id DESC
        ) AS from_last
    FROM found
    WHERE value IS NOT NULL OR has_value = 0
)

SELECT
    metric,
    MAX(CASE WHEN from_last = 1 THEN title END) AS title,
    provider,
    yearmonth,
    BillingCurrency,
    MAX(CASE WHEN from_last = 1 THEN unit END) AS unit,
    MAX(CASE WHEN from_first = 1 THEN run_at END) AS initial_run_at,
    MAX(CASE WHEN from_first = 1 THEN amount END) AS initial_value,
    MAX(CASE WHEN from_last = 2 THEN run_at END) AS previous_run_at,
    MAX(CASE WHEN from_last = 2 THEN amount END) AS previous_value,
    MAX(CASE WHEN from_last = 1 THEN run_at END) AS run_at,
    MAX(CASE WHEN from_last = 1 THEN amount END) AS value,
    CAST(
        MAX(CASE WHEN from_last = 1 THEN amount END) - MAX(CASE WHEN from_last = 2 THEN amount END)
        AS decimal(38, 6)
    ) AS x_Change,
    MAX(CASE WHEN from_last = 1 THEN comparison END) AS comparison,
    CAST(MAX(CASE WHEN from_last = 1 THEN target END) AS decimal(38, 6)) AS target,
    BOOL_OR(CASE WHEN from_last = 1 THEN met END) AS met,
    MAX(CASE WHEN from_last = 1 THEN reason END) AS reason,
    COUNT(*) AS run_count,
    MAX(CASE WHEN from_last = 1 THEN x_BillingMonth END) AS x_BillingMonth,
    provider AS x_Provider
FROM runs
GROUP BY
    metric,
    provider,
    yearmonth,
    BillingCurrency
