-- One row is one budget: what was planned, spent and is to be expected in its month or year.
-- x_PlannedToDate follows the scope's own weekdays and monthly charges, x_BurnRate is x_Actual on
-- the known days against it, x_Projection the actual cost plus the forecast of the days left.
-- x_Level: ok, warning (half is used and the projection is above the budget), critical (the
-- projection is above 120 %), exceeded. What is missing is null, and x_Reason says why. yearmonth
-- of a yearly budget is the newest month. Amounts are in the budget's currency. What a cost center,
-- department or business unit bears beyond its own tagged charges (focus_allocated_cost) has no days
-- of its own: it counts evenly on the known days of its month, and on the days left at the same rate.
CREATE OR REPLACE VIEW ${database}.focus_budget_status AS
WITH budgets AS (
    SELECT
        name,
        scope,
        COALESCE(value, 'all') AS value,
        period,
        currency,
        amount,
        owner,
        CASE WHEN LENGTH(period) = 4 THEN CONCAT(period, '01') ELSE period END AS first_month,
        CASE WHEN LENGTH(period) = 4 THEN CONCAT(period, '12') ELSE period END AS last_month
    FROM ${database}.focus_budgets
),

horizon AS (
    SELECT
        DATE_FORMAT(MAX(x_Horizon), '%Y%m') AS yearmonth,
        MAX(x_LastDayNo) AS last_no,
        MIN(x_LastDay) AS known_until
    FROM ${database}.focus_complete_days
),

-- What allocation gives a payer beyond the charges that name it, by month; below zero if less.
beyond AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        SUM(cost) AS cost
    FROM (
        SELECT
            kinds.scope AS x_Scope,
            CASE kinds.scope
                WHEN 'cost_center' THEN allocated.x_Payer
                WHEN 'department' THEN allocated.x_Department
                ELSE allocated.x_BusinessUnit
            END AS x_Value,
            allocated.BillingCurrency,
            allocated.yearmonth,
            COALESCE(allocated.EffectiveCost, allocated.BilledCost) AS cost
        FROM ${database}.focus_allocated_cost AS allocated
        INNER JOIN (SELECT DISTINCT scope FROM budgets) AS kinds
            ON kinds.scope IN ('cost_center', 'department', 'business_unit')
        UNION ALL
        SELECT
            x_Scope,
            x_Value,
            BillingCurrency,
            yearmonth,
            -x_Cost AS cost
        FROM ${database}.focus_scope_costs
        WHERE x_Scope IN ('cost_center', 'department', 'business_unit')
    ) AS allocated_and_named
    GROUP BY
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth
),

months AS (
    SELECT
        beyond.*,
        DATE_DIFF('day', DATE '1970-01-05', ${plan_first_of_month}) AS first_no,
        DATE_DIFF(
            'day',
            DATE '1970-01-05',
            CAST(DATE_ADD('month', 1, ${plan_first_of_month}) AS date)
        ) - 1 AS end_no
    FROM beyond
    WHERE cost <> 0
),

-- Its known days, a part each, the last of them the rest; in the newest month also the days ahead.
spans AS (
    SELECT
        months.x_Scope,
        months.x_Value,
        months.BillingCurrency,
        months.yearmonth,
        months.cost,
        months.yearmonth = horizon.yearmonth AS is_newest,
        months.first_no,
        CASE WHEN months.yearmonth = horizon.yearmonth THEN horizon.last_no ELSE months.end_no END
            AS last_no,
        MIN(months.first_no) OVER (
            PARTITION BY months.x_Scope, months.x_Value, months.BillingCurrency
        ) AS began_no
    FROM months
    CROSS JOIN horizon
    WHERE months.yearmonth <= horizon.yearmonth
),

parts AS (
    SELECT
        spans.*,
        CAST(
            CAST(cost AS decimal(24, 6))
            * CAST(ROUND(1e0 / CAST(last_no - first_no + 1 AS double), 12) AS decimal(12, 12))
            AS decimal(38, 18)
        ) AS part
    FROM spans
),

spread AS (
    SELECT
        parts.*,
        CAST(days.day_no AS bigint) AS day_no,
        DATE_FORMAT(DATE_ADD('day', days.day_no, DATE '1970-01-05'), '%Y%m') AS month_of_day
    FROM parts
    CROSS JOIN
        UNNEST(
            SEQUENCE(first_no, CASE WHEN is_newest THEN first_no + 365 ELSE last_no END)
        ) AS days (day_no)
),

-- What was charged, and of the months ahead what is usual; both by scope, currency and day.
days AS (
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        yearmonth,
        x_DayNo,
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
        x_DayNo,
        CAST(NULL AS decimal(38, 18)) AS actual,
        CASE WHEN x_Part = 'known' THEN x_Amount END AS known,
        CASE WHEN x_Part IN ('usual', 'fixed') THEN x_Amount END AS ahead,
        CASE WHEN x_Part IN ('usual before', 'fixed before') THEN x_Amount END AS before,
        -- Of a day ahead it would count days that are still to come.
        CASE WHEN x_Part IN ('usual', 'usual before') THEN x_HistoryDays END AS history_days
    FROM ${database}.focus_forecast_parts
    WHERE x_KnownDays IS NULL
    UNION ALL
    SELECT
        x_Scope,
        x_Value,
        BillingCurrency,
        month_of_day AS yearmonth,
        day_no AS x_DayNo,
        CASE
            WHEN day_no < last_no THEN part
            WHEN day_no = last_no
                THEN cost - part * CAST(last_no - first_no AS decimal(2, 0))
        END AS actual,
        CASE WHEN is_newest AND day_no <= last_no THEN part END AS known,
        CASE WHEN is_newest AND day_no > last_no THEN part END AS ahead,
        CASE WHEN is_newest AND day_no <= last_no THEN part END AS before,
        CASE WHEN is_newest THEN CAST(last_no - began_no + 1 AS bigint) END AS history_days
    FROM spread
),

-- An account may be named by its own id or by that of the billing account.
matched AS (
    SELECT
        budgets.name,
        budgets.period,
        budgets.currency,
        days.*,
        MAX(CASE WHEN days.x_Scope = 'account' THEN 1 ELSE 0 END) OVER (
            PARTITION BY budgets.name, budgets.period
        ) AS is_own_account
    FROM budgets
    INNER JOIN days
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
    WHERE matched.x_Scope <> 'billing_account' OR matched.is_own_account = 0
),

converted AS (
    SELECT
        name,
        period,
        yearmonth,
        x_DayNo AS day_no,
        history_days,
        CASE WHEN rate IS NULL THEN BillingCurrency END AS without_rate,
        -- Whole and decimal part apart, so that no digit is lost.
        CAST(CAST(TRUNCATE(actual) AS decimal(20, 0)) * rate AS decimal(38, 18))
        + CAST(CAST(actual - TRUNCATE(actual) AS decimal(18, 18)) * rate AS decimal(38, 18))
            AS actual,
        CAST(CAST(known AS decimal(24, 6)) * rate AS decimal(38, 18)) AS known,
        CAST(CAST(ahead AS decimal(24, 6)) * rate AS decimal(38, 18)) AS ahead,
        CAST(CAST(before AS decimal(24, 6)) * rate AS decimal(38, 18)) AS before
    FROM rated
),

by_day AS (
    SELECT
        name,
        period,
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
        period,
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
        budgets.name,
        budgets.period,
        MAX(running.history_days) AS history_days,
        MAX(running.without_rate) AS without_rate,
        SUM(running.actual) AS actual,
        SUM(running.known) AS known,
        SUM(running.ahead) AS ahead,
        SUM(running.before) AS before,
        -- In the months before the newest one all days are known.
        SUM(CASE WHEN running.yearmonth < horizon.yearmonth THEN running.actual END) AS past,
        MAX(running.so_far) AS projection,
        MIN(CASE WHEN running.so_far > budgets.amount THEN running.day_no END) AS exceeded_no
    FROM budgets
    INNER JOIN running
        ON budgets.name = running.name AND budgets.period = running.period
    CROSS JOIN horizon
    GROUP BY
        budgets.name,
        budgets.period
),

stated AS (
    SELECT
        budgets.*,
        horizon.yearmonth AS newest_month,
        horizon.known_until,
        budgets.last_month < horizon.yearmonth AS is_over,
        summed.without_rate,
        summed.name IS NOT NULL AS is_charged,
        CASE WHEN summed.without_rate IS NULL THEN summed.actual END AS actual,
        CASE
            WHEN summed.without_rate IS NOT NULL THEN CAST(NULL AS decimal(38, 18))
            WHEN budgets.last_month < horizon.yearmonth THEN summed.actual
            WHEN summed.history_days >= ${plan_history_days} THEN summed.projection
        END AS projection,
        CASE
            WHEN summed.without_rate IS NOT NULL THEN CAST(NULL AS decimal(38, 18))
            WHEN budgets.last_month < horizon.yearmonth THEN budgets.amount
            WHEN
                summed.history_days >= ${plan_history_days}
                AND budgets.first_month <= horizon.yearmonth
                THEN
                    CAST(
                        CAST(budgets.amount AS decimal(24, 6))
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
    FROM budgets
    CROSS JOIN horizon
    LEFT JOIN summed
        ON budgets.name = summed.name AND budgets.period = summed.period
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
