-- One row is one budget: what was planned, spent and is to be expected in its month or year.
-- x_PlannedToDate follows the scope's own weekdays and monthly charges, x_BurnRate is x_Actual on
-- the known days against it, x_Projection the actual cost plus the forecast of the days left.
-- x_Level: ok, warning (half is used and the projection is above the budget), critical (the
-- projection is above 120 %), exceeded. What is missing is null, and x_Reason says why. yearmonth
-- of a yearly budget is the newest month. Amounts are in the budget's currency.
CREATE OR REPLACE VIEW ${database}.focus_budget_status AS
WITH horizon AS (
    SELECT
        DATE_FORMAT(MAX(x_Horizon), '%Y%m') AS newest_month,
        MIN(x_LastDay) AS known_until
    FROM ${database}.focus_complete_days
),

budgets AS (
    SELECT
        budgets.name,
        budgets.scope,
        COALESCE(budgets.value, 'all') AS value,
        budgets.period,
        budgets.currency,
        budgets.amount,
        budgets.owner,
        CASE WHEN LENGTH(budgets.period) = 4 THEN CONCAT(budgets.period, '01') ELSE budgets.period END
            AS first_month,
        CASE WHEN LENGTH(budgets.period) = 4 THEN CONCAT(budgets.period, '12') ELSE budgets.period END
            AS last_month,
        horizon.newest_month,
        horizon.known_until
    FROM ${database}.focus_budgets AS budgets
    CROSS JOIN horizon
),

-- What was charged, and of the months ahead what is usual; both by scope, currency and day.
days AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        x_DayNo AS day_no,
        x_Cost AS actual,
        CAST(NULL AS decimal(38, 18)) AS known,
        CAST(NULL AS decimal(38, 18)) AS ahead,
        CAST(NULL AS decimal(38, 18)) AS before,
        CAST(NULL AS bigint) AS history_days
    FROM ${database}.focus_scope_costs
    UNION ALL
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        x_DayNo AS day_no,
        CAST(NULL AS decimal(38, 18)) AS actual,
        CASE WHEN x_Part = 'known' THEN x_Amount END AS known,
        CASE WHEN x_Part IN ('usual', 'fixed') THEN x_Amount END AS ahead,
        CASE WHEN x_Part IN ('usual before', 'fixed before') THEN x_Amount END AS before,
        -- Of a day ahead it would count days that are still to come.
        CASE WHEN x_Part IN ('usual', 'usual before') THEN x_HistoryDays END AS history_days
    FROM ${database}.focus_forecast_parts
    WHERE x_KnownDays IS NULL
),

-- An account may be named by its own id or by that of the billing account.
matched AS (
    SELECT
        budgets.*,
        days.x_Scope AS day_scope,
        days.BillingCurrency,
        days.yearmonth,
        days.day_no,
        days.actual,
        days.known,
        days.ahead,
        days.before,
        days.history_days,
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

converted AS (
    SELECT
        rated.name,
        rated.scope,
        rated.value,
        rated.period,
        rated.currency,
        rated.amount,
        rated.owner,
        rated.first_month,
        rated.last_month,
        rated.newest_month,
        rated.known_until,
        rated.yearmonth,
        rated.day_no,
        rated.history_days,
        CASE WHEN rated.rate IS NULL AND rated.day_no IS NOT NULL THEN rated.BillingCurrency END
            AS without_rate,
        -- Whole and decimal part apart, so that no digit is lost.
        CAST(CAST(TRUNCATE(rated.actual) AS decimal(20, 0)) * rated.rate AS decimal(38, 18))
        + CAST(
            CAST(rated.actual - TRUNCATE(rated.actual) AS decimal(18, 18)) * rated.rate
            AS decimal(38, 18)
        ) AS actual,
        CAST(CAST(rated.known AS decimal(24, 6)) * rated.rate AS decimal(38, 18)) AS known,
        CAST(CAST(rated.ahead AS decimal(24, 6)) * rated.rate AS decimal(38, 18)) AS ahead,
        CAST(CAST(rated.before AS decimal(24, 6)) * rated.rate AS decimal(38, 18)) AS before
    FROM rated
),

by_day AS (
    SELECT
        name,
        scope,
        value,
        period,
        currency,
        amount,
        owner,
        first_month,
        last_month,
        newest_month,
        known_until,
        day_no,
        MAX(yearmonth) AS yearmonth,
        MAX(history_days) AS history_days,
        MAX(without_rate) AS without_rate,
        SUM(actual) AS actual,
        SUM(known) AS known,
        SUM(ahead) AS ahead,
        SUM(before) AS before
    FROM converted
    GROUP BY
        name,
        scope,
        value,
        period,
        currency,
        amount,
        owner,
        first_month,
        last_month,
        newest_month,
        known_until,
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
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS so_far
    FROM by_day
),

summed AS (
    SELECT
        name,
        scope,
        value,
        period,
        currency,
        amount,
        owner,
        first_month,
        last_month,
        newest_month,
        known_until,
        COUNT(day_no) > 0 AS is_charged,
        MAX(history_days) AS history_days,
        MAX(without_rate) AS without_rate,
        SUM(actual) AS actual,
        SUM(known) AS known,
        SUM(ahead) AS ahead,
        SUM(before) AS before,
        -- In the months before the newest one all days are known.
        SUM(CASE WHEN yearmonth < newest_month THEN actual END) AS past,
        MAX(so_far) AS projection,
        MIN(CASE WHEN so_far > amount THEN day_no END) AS exceeded_no
    FROM running
    GROUP BY
        name,
        scope,
        value,
        period,
        currency,
        amount,
        owner,
        first_month,
        last_month,
        newest_month,
        known_until
),

stated AS (
    SELECT
        summed.name,
        summed.scope,
        summed.value,
        summed.period,
        summed.currency,
        summed.amount,
        summed.owner,
        summed.first_month,
        summed.last_month,
        summed.newest_month,
        summed.known_until,
        summed.last_month < summed.newest_month AS is_over,
        summed.without_rate,
        summed.is_charged,
        CASE WHEN summed.without_rate IS NULL THEN summed.actual END AS actual,
        CASE
            WHEN summed.without_rate IS NOT NULL THEN CAST(NULL AS decimal(38, 18))
            WHEN summed.last_month < summed.newest_month THEN summed.actual
            WHEN summed.history_days >= ${plan_history_days} THEN summed.projection
        END AS projection,
        CASE
            WHEN summed.without_rate IS NOT NULL THEN CAST(NULL AS decimal(38, 18))
            WHEN summed.last_month < summed.newest_month THEN summed.amount
            WHEN
                summed.history_days >= ${plan_history_days}
                AND summed.first_month <= summed.newest_month
                THEN
                    CAST(
                        CAST(summed.amount AS decimal(24, 6))
                        * CAST(
                            ROUND(
                                CAST(
                                    COALESCE(
                                        NULLIF(summed.before, 0),
                                        summed.known,
                                        CAST(0 AS decimal(38, 18))
                                    )
                                    + COALESCE(summed.past, CAST(0 AS decimal(38, 18)))
                                    AS double
                                )
                                / NULLIF(
                                    CAST(
                                        COALESCE(
                                        NULLIF(summed.before, 0),
                                        summed.known,
                                        CAST(0 AS decimal(38, 18))
                                    )
                                        + COALESCE(summed.past, CAST(0 AS decimal(38, 18)))
                                        + COALESCE(summed.ahead, CAST(0 AS decimal(38, 18)))
                                        AS double
                                    ),
                                    0e0
                                ),
                                9
                            ) AS decimal(12, 9)
                        )
                        AS decimal(38, 18)
                    )
        END AS planned_to_date,
        COALESCE(summed.known, CAST(0 AS decimal(38, 18)))
        + COALESCE(summed.past, CAST(0 AS decimal(38, 18))) AS known,
        summed.exceeded_no,
        summed.history_days
    FROM summed
),

rated_budgets AS (
    SELECT
        stated.*,
        CAST(
            CAST(CASE WHEN is_over THEN actual ELSE known END AS double)
            / NULLIF(CAST(planned_to_date AS double), 0e0)
            AS decimal(38, 6)
        ) AS burn_rate,
        CAST(
            CAST(actual AS double) / NULLIF(CAST(amount AS double), 0e0) AS decimal(38, 6)
        ) AS used
    FROM stated
)

SELECT
    name AS x_Budget,
    scope AS x_Scope,
    value AS x_Value,
    period AS x_Period,
    CASE
        WHEN LENGTH(period) = 6 THEN period
        ELSE LEAST(GREATEST(newest_month, first_month), last_month)
    END AS yearmonth,
    currency AS x_Currency,
    owner AS x_BudgetOwner,
    CAST(amount AS decimal(38, 18)) AS x_Planned,
    planned_to_date AS x_PlannedToDate,
    actual AS x_Actual,
    burn_rate AS x_BurnRate,
    projection AS x_Projection,
    used AS x_UsedShare,
    CAST(
        CASE
        WHEN actual > amount THEN 'exceeded'
        WHEN is_over THEN 'ok'
        WHEN projection > ${plan_critical_share} * amount THEN 'critical'
        WHEN projection > ${plan_warning_share} * amount AND actual > ${plan_early_share} * amount
            THEN 'warning'
        WHEN projection IS NOT NULL THEN 'ok'
    END AS varchar
    ) AS x_Level,
    CASE
        WHEN without_rate IS NULL AND (actual > amount OR projection > amount)
            THEN CAST(DATE_ADD('day', exceeded_no, DATE '1970-01-05') AS date)
    END AS x_ExceededOn,
    known_until AS x_KnownUntil,
    CAST(
        CASE
        WHEN NOT is_charged THEN CONCAT('nothing was charged to ', scope, ' ', value)
        WHEN without_rate IS NOT NULL
            THEN CONCAT('no rate from ', without_rate, ' to ', currency)
        WHEN is_over THEN CAST(NULL AS varchar)
        WHEN COALESCE(history_days, 0) < ${plan_history_days} THEN 'not enough history'
    END AS varchar
    ) AS x_Reason
FROM rated_budgets
