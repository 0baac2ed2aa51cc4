-- One row is the forecast of one scope, month and currency: this month and the next three, and a
-- month before them whose bill is late.
-- x_Actual is what was charged on the days that are known, x_Forecast that plus what is usual on
-- each day left plus the monthly charges still to come (x_Fixed). x_Low and x_High span the errors
-- that the same scope's forecasts had in the last months; null until there are three. With less
-- than four weeks of history there is no forecast, and x_Status says so.
CREATE OR REPLACE VIEW ${database}.focus_forecast_now AS
WITH parts AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        MIN(x_KnownNo) AS known_no,
        MAX(x_DayNo) AS end_no,
        MIN(x_DayNo) AS first_no,
        MAX(CASE WHEN x_Part = 'usual' THEN x_HistoryDays END) AS history_days,
        SUM(CASE WHEN x_Part = 'known' THEN x_Amount END) AS known,
        SUM(CASE WHEN x_Part = 'usual' THEN x_Amount END) AS usual,
        SUM(CASE WHEN x_Part = 'fixed' THEN x_Amount END) AS fixed
    FROM ${database}.focus_forecast_parts
    WHERE x_KnownDays IS NULL
    GROUP BY
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth
),

numbered AS (
    SELECT
        parts.*,
        -- Parts reach eleven months beyond the newest.
        ROW_NUMBER() OVER (
            PARTITION BY x_Scope, x_Value, BillingCurrency ORDER BY yearmonth DESC
        ) AS months_left,
        CAST(DATE_ADD('day', known_no, DATE '1970-01-05') AS date) AS known_until
    FROM parts
),

errors AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        x_KnownDays,
        COUNT(*) AS months,
        MIN(x_Error) AS lowest,
        MAX(x_Error) AS highest
    FROM (
        SELECT
            accuracy.*,
            ROW_NUMBER() OVER (
                PARTITION BY x_Scope, x_Value, BillingCurrency, x_KnownDays
                ORDER BY yearmonth DESC
            ) AS age
        FROM ${database}.focus_forecast_accuracy AS accuracy
    ) AS aged
    WHERE age <= 12
    GROUP BY
        x_Scope,
        x_Value,
        BillingCurrency,
        x_KnownDays
),

stated AS (
    SELECT
        numbered.*,
        CASE
            WHEN known_no >= end_no THEN 'complete'
            WHEN history_days >= ${plan_history_days} THEN 'forecast'
            ELSE 'not enough history'
        END AS status,
        CASE
            WHEN known_no >= end_no THEN CAST(NULL AS integer)
            WHEN known_no - first_no + 1 >= 20 THEN 20
            WHEN known_no - first_no + 1 >= 10 THEN 10
            ELSE 5
        END AS known_days
    FROM numbered
    WHERE months_left > 8
)

SELECT
    stated.x_Scope,
    stated.x_Value,
    stated.BillingCurrency,
    stated.yearmonth,
    stated.known_until AS x_KnownUntil,
    stated.known AS x_Actual,
    CASE
        WHEN stated.status = 'complete' THEN stated.known
        WHEN stated.status = 'forecast'
            THEN
                COALESCE(stated.known, CAST(0 AS decimal(38, 18)))
                + stated.usual + stated.fixed
    END AS x_Forecast,
    CASE
        WHEN stated.status = 'forecast' AND errors.months >= 3
            THEN
                CAST(
                    CAST(
                        COALESCE(stated.known, CAST(0 AS decimal(38, 18)))
                        + stated.usual + stated.fixed AS decimal(24, 6)
                    )
                    * CAST(
                        ROUND(1e0 / (1e0 + GREATEST(CAST(errors.highest AS double), 0e0)), 6)
                        AS decimal(12, 6)
                    )
                    AS decimal(38, 18)
                )
    END AS x_Low,
    CASE
        WHEN stated.status = 'forecast' AND errors.months >= 3
            THEN
                CAST(
                    CAST(
                        COALESCE(stated.known, CAST(0 AS decimal(38, 18)))
                        + stated.usual + stated.fixed AS decimal(24, 6)
                    )
                    * CAST(
                        ROUND(
                            1e0 / (1e0 + GREATEST(LEAST(CAST(errors.lowest AS double), 0e0), -0.9e0)),
                            6
                        ) AS decimal(12, 6)
                    )
                    AS decimal(38, 18)
                )
    END AS x_High,
    stated.fixed AS x_Fixed,
    stated.history_days AS x_HistoryDays,
    CAST(stated.status AS varchar) AS x_Status
FROM stated
LEFT JOIN errors
    ON
        stated.x_Scope = errors.x_Scope
        AND stated.x_Value = errors.x_Value
        AND stated.BillingCurrency = errors.BillingCurrency
        AND stated.known_days = errors.x_KnownDays
