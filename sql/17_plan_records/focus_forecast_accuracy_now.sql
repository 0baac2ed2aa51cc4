-- One row is what would have been forecast on day 5, 10 or 20 of a past month, and what came.
-- Worked out from the days known then, as they stand today: a bill that was corrected later is
-- seen corrected. x_Error is the difference as a share of what came.
CREATE OR REPLACE VIEW ${database}.focus_forecast_accuracy_now AS
WITH summed AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        x_KnownDays,
        MAX(CASE WHEN x_Part = 'usual' THEN x_HistoryDays END) AS history_days,
        SUM(CASE WHEN x_Part = 'known' THEN x_Amount END) AS known,
        SUM(CASE WHEN x_Part = 'usual' THEN x_Amount END) AS usual,
        SUM(CASE WHEN x_Part = 'fixed' THEN x_Amount END) AS fixed,
        SUM(CASE WHEN x_Part = 'came' THEN x_Amount END) AS came
    FROM ${database}.focus_forecast_parts
    WHERE x_KnownDays IS NOT NULL
    GROUP BY
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        x_KnownDays
)

SELECT
    x_Scope,
    x_Value,
    BillingCurrency,
    yearmonth,
    x_KnownDays,
    known AS x_Known,
    known + usual + fixed AS x_Forecast,
    known + came AS x_Came,
    CASE
        WHEN known + came > 0
            THEN
                CAST(
                    ROUND(
                        CAST(usual + fixed - came AS double) / CAST(known + came AS double), 6
                    )
                    AS decimal(38, 6)
                )
    END AS x_Error
FROM summed
WHERE history_days >= ${plan_history_days} AND came IS NOT NULL
