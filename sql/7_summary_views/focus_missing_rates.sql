-- One row is a month and currency whose cost is not in the reporting currency, and why not.
-- yearmonth is the charges' own billing month here, for that is whose rate is missing.
-- x_Reason: no_rate, none holds on the first day of the month; unusable_rate, the lines of
-- x_FxRateValidFrom disagree or one is not a rate; no_currency, the charge names none.
CREATE OR REPLACE VIEW ${database}.focus_missing_rates AS
WITH unrated AS (
    SELECT
        x_BillingMonth AS yearmonth,
        BillingCurrency,
        x_ReportingCurrency,
        CAST(
            CASE
                WHEN BillingCurrency IS NULL THEN 'no_currency'
                WHEN x_FxRateValidFrom IS NULL THEN 'no_rate'
                ELSE 'unusable_rate'
            END AS varchar
        ) AS x_Reason,
        x_FxRateValidFrom,
        BilledCost,
        EffectiveCost,
        x_RowCount
    FROM ${database}.focus_daily_converted
    WHERE x_FxRate IS NULL
)

SELECT
    yearmonth,
    BillingCurrency,
    x_ReportingCurrency,
    x_Reason,
    x_FxRateValidFrom,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    SUM(BilledCost) AS BilledCost,
    SUM(EffectiveCost) AS EffectiveCost
FROM unrated
GROUP BY
    yearmonth,
    BillingCurrency,
    x_ReportingCurrency,
    x_Reason,
    x_FxRateValidFrom
