-- One row is one budget: what was planned, spent and is to be expected in its month or year.
-- x_PlannedToDate follows the scope's own weekdays and monthly charges, x_BurnRate is x_Actual on
-- the known days against it, x_Projection the actual cost plus the forecast of the days left.
-- x_Level: ok, warning (half is used and the projection is above the budget), critical (the
-- projection is above 120 %), exceeded. What is missing is null, and x_Reason says why. yearmonth
-- of a yearly budget is the newest month. Amounts are in the budget's currency.
CREATE OR REPLACE VIEW ${database}.focus_budget_status_now AS
-- Months before open_month are known to their end, those after last_ahead are not forecast.
WITH horizon AS (
    SELECT
        DATE_FORMAT(MAX(x_Horizon), '%Y%m') AS newest_month,
        DATE_FORMAT(MIN(x_OpenMonth), '%Y%m') AS open_month,
        DATE_FORMAT(DATE_ADD('month', 11, MAX(x_Horizon)), '%Y%m') AS last_ahead,
        CAST(
            DATE_DIFF('day', DATE '1970-01-05', MIN(CASE WHEN NOT x_HasEnded THEN x_LastDay END))
            AS bigint
        ) AS lake_known_no
    FROM ${database}.focus_complete_days
),

budgets AS (
    SELECT
        budgets.name,
        budgets.period,
        budgets.scope,
        COALESCE(budgets.value, 'all') AS value,
        budgets.currency,
        budgets.amount,
        SUBSTR(CONCAT(budgets.period, '01'), 1, 6) AS first_month,
        CASE WHEN LENGTH(budgets.period) = 4 THEN CONCAT(budgets.period, '12') ELSE budgets.period END
            AS last_month,
        horizon.newest_month,
        horizon.open_month,
        horizon.last_ahead,
        horizon.lake_known_no
    FROM ${database}.focus_budgets AS budgets
    CROSS JOIN horizon
),

-- What was charged, and of the months ahead what is usual; both by scope, currency and day.
days AS (
    SELECT
        x_Scope,
        x_Value,
        x_Provider,
        BillingCurrency,
        yearmonth,
        x_DayNo AS day_no,
        x_Cost AS actual,
        CAST(NULL AS decimal(38, 18)) AS known,
        CAST(NULL AS decimal(38, 18)) AS ahead,
        CAST(NULL AS decimal(38, 18)) AS before,
        CAST(NULL AS bigint) AS history_days,
        CAST(NULL AS bigint) AS known_no
    FROM ${database}.focus_scope_costs
    UNION ALL
    SELECT
        x_Scope,
        x_Value,
        x_Provider,
        BillingCurrency,
        yearmonth,
        x_DayNo AS day_no,
        CAST(NULL AS decimal(38, 18)) AS actual,
        CASE WHEN x_Part = 'known' THEN x_Amount END AS known,
        CASE WHEN x_Part IN ('usual', 'fixed') THEN x_Amount END AS ahead,
        CASE WHEN x_Part IN ('usual before', 'fixed before') THEN x_Amount END AS before,
        -- Of a day ahead it would count days that are still to come.
        CASE WHEN x_Part IN ('usual', 'usual before') THEN x_HistoryDays END AS history_days,
        x_KnownNo AS known_no
    FROM ${database}.focus_forecast_parts
    WHERE x_KnownDays IS NULL
),

-- An account may be named by its own id or by that of the billing account.
matched AS (
    SELECT
        budgets.name,
        budgets.period,
        budgets.currency,
        budgets.amount,
        budgets.newest_month,
        budgets.open_month,
        budgets.last_ahead,
        budgets.lake_known_no,
        days.x_Scope AS day_scope,
        days.x_Provider,
        days.BillingCurrency,
        days.yearmonth,
        days.day_no,
        days.actual,
        days.known,
        days.ahead,
        days.before,
        days.history_days,
        days.known_no,
        MAX(CASE WHEN days.x_Scope = 'account' THEN 1 ELSE 0 END) OVER (
            PARTITION BY budgets.name, budgets.period
        ) AS is_own_account
    FROM budgets
    LEFT JOIN days
        ON
            (
                budgets.scope = days.x_Scope
                OR (budgets.scope = 'account' AND days.x_Scope = 'billing_account')
            )
            AND budgets.value = days.x_Value
            AND days.yearmonth BETWEEN budgets.first_month AND budgets.last_month
),

rates AS (
    SELECT
        from_currency,
        to_currency,
        REPLACE(CAST(valid_from AS varchar), '-', '') AS first_day,
        COALESCE(REPLACE(CAST(valid_until AS varchar), '-', ''), '99999999') AS end_day,
        rate
    FROM ${database}.focus_exchange_rates
),

rated AS (
    SELECT
        matched.*,
        CASE
            WHEN matched.BillingCurrency = matched.currency THEN CAST(1 AS decimal(20, 12))
            ELSE rates.rate
        END AS rate
    FROM matched
    LEFT JOIN rates
        ON
            matched.BillingCurrency = rates.from_currency
            AND matched.currency = rates.to_currency
            AND CONCAT(matched.yearmonth, '01') >= rates.first_day
            AND CONCAT(matched.yearmonth, '01') < rates.end_day
    WHERE
        matched.day_scope IS NULL
        OR matched.day_scope <> 'billing_account'
        OR matched.is_own_account = 0
),

-- Providers are known to different days: what a day will cost is found out for each of them.
by_day AS (
    SELECT
        name,
        period,
        x_Provider,
        BillingCurrency,
        day_no,
        MAX(amount) AS amount,
        MAX(newest_month) AS newest_month,
        MAX(open_month) AS open_month,
        MAX(last_ahead) AS last_ahead,
        MAX(lake_known_no) AS lake_known_no,
        MIN(known_no) AS known_no,
        MAX(yearmonth) AS yearmonth,
        MAX(history_days) AS history_days,
        MAX(CASE WHEN rate IS NULL AND day_no IS NOT NULL THEN BillingCurrency END) AS without_rate,
        -- Whole and decimal part apart, so that no digit is lost.
        SUM(
            CAST(CAST(TRUNCATE(actual) AS decimal(20, 0)) * rate AS decimal(38, 18))
            + CAST(
                CAST(actual - TRUNCATE(actual) AS decimal(18, 18)) * rate AS decimal(38, 18)
            )
        ) AS actual,
        SUM(CAST(CAST(known AS decimal(24, 6)) * rate AS decimal(38, 18))) AS known,
        SUM(CAST(CAST(ahead AS decimal(24, 6)) * rate AS decimal(38, 18))) AS ahead,
        SUM(CAST(CAST(before AS decimal(24, 6)) * rate AS decimal(38, 18))) AS before
    FROM rated
    GROUP BY
        name,
        period,
        x_Provider,
        BillingCurrency,
        day_no
),

running AS (
    SELECT
        by_day.*,
        SUM(
            CASE
                WHEN ahead IS NULL THEN COALESCE(actual, CAST(0 AS decimal(38, 18)))
                ELSE GREATEST(COALESCE(actual, CAST(0 AS decimal(38, 18))), ahead)
            END
        ) OVER (
            PARTITION BY name, period ORDER BY day_no
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS so_far
    FROM by_day
),

summed AS (
    SELECT
        name,
        period,
        MAX(newest_month) AS newest_month,
        MAX(open_month) AS open_month,
        MAX(last_ahead) AS last_ahead,
        MAX(lake_known_no) AS lake_known_no,
        MIN(known_no) AS known_no,
        COUNT(day_no) > 0 AS is_charged,
        MAX(history_days) AS history_days,
        MAX(without_rate) AS without_rate,
        SUM(actual) AS actual,
        COALESCE(SUM(known), CAST(0 AS decimal(38, 18))) AS known,
        SUM(ahead) AS ahead,
        -- What would have been usual on the known days; without that, what came on them.
        COALESCE(NULLIF(SUM(before), 0), SUM(known), CAST(0 AS decimal(38, 18))) AS before,
        COALESCE(
            SUM(CASE WHEN yearmonth < open_month THEN actual END), CAST(0 AS decimal(38, 18))
        ) AS past,
        MAX_BY(so_far, day_no) AS projection,
        MIN(CASE WHEN so_far > amount THEN day_no END) AS exceeded_no
    FROM running
    GROUP BY
        name,
        period
),

stated AS (
    SELECT
        budgets.name,
        budgets.scope,
        COALESCE(budgets.value, 'all') AS value,
        budgets.period,
        budgets.currency,
        budgets.owner,
        CAST(budgets.amount AS decimal(38, 18)) AS amount,
        SUBSTR(CONCAT(budgets.period, '01'), 1, 6) AS first_month,
        CASE WHEN LENGTH(budgets.period) = 4 THEN CONCAT(budgets.period, '12') ELSE budgets.period END
            AS last_month,
        summed.newest_month,
        summed.open_month,
        summed.last_ahead,
        COALESCE(summed.known_no, summed.lake_known_no) AS known_no,
        -- Days of the scope are known, and none is left.
        summed.known_no IS NOT NULL AND summed.ahead IS NULL AS is_complete,
        summed.is_charged,
        summed.without_rate,
        COALESCE(summed.history_days, 0) >= ${plan_history_days} AS has_history,
        CASE WHEN summed.without_rate IS NULL THEN summed.actual END AS actual,
        summed.known + summed.past AS known,
        CASE WHEN summed.without_rate IS NULL THEN summed.projection END AS projection,
        CAST(
            ROUND(
                CAST(summed.before + summed.past AS double)
                / NULLIF(
                    CAST(
                        summed.before + summed.past
                        + COALESCE(summed.ahead, CAST(0 AS decimal(38, 18))) AS double
                    ),
                    0e0
                ),
                9
            ) AS decimal(12, 9)
        ) AS share_to_date,
        summed.exceeded_no
    FROM summed
    INNER JOIN ${database}.focus_budgets AS budgets
        ON summed.name = budgets.name AND summed.period = budgets.period
),

over AS (
    SELECT
        stated.*,
        last_month < open_month OR (last_month <= newest_month AND is_complete) AS is_over,
        has_history AND last_month <= last_ahead AS is_forecast
    FROM stated
),

judged AS (
    SELECT
        over.*,
        CASE
            WHEN is_over THEN actual
            WHEN is_forecast THEN projection
        END AS expected,
        CASE
            WHEN without_rate IS NOT NULL THEN CAST(NULL AS decimal(38, 18))
            WHEN is_over THEN amount
            WHEN is_forecast AND first_month <= newest_month
                THEN CAST(CAST(amount AS decimal(24, 6)) * share_to_date AS decimal(38, 18))
        END AS planned_to_date
    FROM over
)

SELECT
    name AS x_Budget,
    scope AS x_Scope,
    value AS x_Value,
    period AS x_Period,
    LEAST(GREATEST(newest_month, first_month), last_month) AS yearmonth,
    currency AS x_Currency,
    owner AS x_BudgetOwner,
    amount AS x_Planned,
    planned_to_date AS x_PlannedToDate,
    actual AS x_Actual,
    CAST(
        CAST(CASE WHEN is_over THEN actual ELSE known END AS double)
        / NULLIF(CAST(planned_to_date AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_BurnRate,
    expected AS x_Projection,
    CAST(
        CAST(actual AS double) / NULLIF(CAST(amount AS double), 0e0) AS decimal(38, 6)
    ) AS x_UsedShare,
    CAST(
        CASE
            WHEN actual > amount THEN 'exceeded'
            WHEN expected IS NULL THEN CAST(NULL AS varchar)
            WHEN is_over THEN 'ok'
            WHEN expected > ${plan_critical_share} * amount THEN 'critical'
            WHEN expected > ${plan_warning_share} * amount AND actual > ${plan_early_share} * amount
                THEN 'warning'
            ELSE 'ok'
        END AS varchar
    ) AS x_Level,
    CASE
        WHEN without_rate IS NULL AND (actual > amount OR expected > amount)
            THEN CAST(DATE_ADD('day', exceeded_no, DATE '1970-01-05') AS date)
    END AS x_ExceededOn,
    CAST(DATE_ADD('day', known_no, DATE '1970-01-05') AS date) AS x_KnownUntil,
    CAST(
        CASE
            WHEN without_rate IS NOT NULL
                THEN CONCAT('no rate from ', without_rate, ' to ', currency)
            WHEN is_over AND is_charged THEN CAST(NULL AS varchar)
            WHEN last_month > last_ahead THEN 'the period is further ahead than the forecast'
            WHEN NOT is_charged
                THEN
                    CONCAT(
                        'nothing was charged',
                        CASE
                            WHEN scope = 'all' THEN ''
                            ELSE CONCAT(' to ', REPLACE(scope, '_', ' '), ' ', value)
                        END
                    )
            WHEN NOT has_history THEN 'not enough history'
            WHEN first_month > newest_month THEN 'the period has not begun'
        END AS varchar
    ) AS x_Reason
FROM judged
