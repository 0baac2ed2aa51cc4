-- One row is one measure of a provider's month as the last refresh found it, in one currency where it
-- is about money: measures and views tell the same live batches. focus_metric_history has every run.
-- Measures of charges go by their own billing month (x_BillingMonth), those of batches by the
-- folder's. met is null without target or value; reason: why there is no value, or what it leaves out.
CREATE OR REPLACE VIEW ${database}.focus_pipeline_metrics AS
SELECT
    metric,
    title,
    provider,
    yearmonth,
    BillingCurrency,
    CAST(value AS decimal(38, 6)) AS value,
    unit,
    comparison,
    CAST(target AS decimal(38, 6)) AS target,
    met,
    reason,
    x_BillingMonth,
    provider AS x_Provider
FROM ${database}.focus_metric_history
WHERE run_id = '${metrics_run}'
