-- One row is what one outcome cost in one month: a ticket, an order, a million tokens of a model.
-- Outcomes are yours (reference/outcomes), held against what allocation gives a department, against
-- the charges of an application or of all, in the reporting currency. Of AI models the outcome is a million tokens, and
-- x_CacheShare the share of calls answered from the cache. x_Change is against the month before,
-- as a share. Without a cost, a rate or a quantity there is no unit cost, and x_Reason says why.
CREATE OR REPLACE VIEW ${database}.focus_unit_cost_now AS
WITH rates AS (
    SELECT
        from_currency,
        REPLACE(CAST(valid_from AS varchar), '-', '') AS first_day,
        COALESCE(REPLACE(CAST(valid_until AS varchar), '-', ''), '99999999') AS end_day,
        rate
    FROM ${database}.focus_exchange_rates
    WHERE to_currency = '${reporting_currency}' AND from_currency <> '${reporting_currency}'
),

charges AS (
    SELECT
        yearmonth,
        BillingCurrency,
        NULLIF(TRIM(x_Application), '') AS application,
        CASE WHEN ConsumedUnit = 'Tokens' THEN ServiceName END AS model,
        SUM(COALESCE(EffectiveCost, BilledCost)) AS cost,
        SUM(CASE WHEN ConsumedUnit = 'Tokens' THEN ConsumedQuantity END) AS tokens
    FROM ${database}.focus_daily
    GROUP BY
        yearmonth,
        BillingCurrency,
        NULLIF(TRIM(x_Application), ''),
        CASE WHEN ConsumedUnit = 'Tokens' THEN ServiceName END
),

converted AS (
    SELECT
        charges.yearmonth,
        charges.application,
        charges.model,
        charges.tokens,
        CASE
            WHEN charges.BillingCurrency <> '${reporting_currency}' AND rates.rate IS NULL
                THEN charges.BillingCurrency
        END AS without_rate,
        -- The whole part and the fraction apart: their product with a rate fits without rounding.
        CASE
            WHEN charges.BillingCurrency = '${reporting_currency}' THEN charges.cost
            ELSE
                CAST(
                    CAST(TRUNCATE(charges.cost) AS decimal(20, 0)) * rates.rate AS decimal(38, 18)
                )
                + CAST(
                    CAST(charges.cost - TRUNCATE(charges.cost) AS decimal(18, 18)) * rates.rate
                    AS decimal(38, 18)
                )
        END AS cost
    FROM charges
    LEFT JOIN rates
        ON
            charges.BillingCurrency = rates.from_currency
            AND CONCAT(charges.yearmonth, '01') >= rates.first_day
            AND CONCAT(charges.yearmonth, '01') < rates.end_day
),

-- What departments bear: their own charges, and their shares of what is shared.
of_departments AS (
    SELECT
        yearmonth,
        x_Department AS department,
        CASE WHEN x_FxRate IS NULL THEN BillingCurrency END AS without_rate,
        COALESCE(x_EffectiveCostConverted, x_BilledCostConverted) AS cost
    FROM ${database}.focus_allocated_cost
),

costs AS (
    SELECT
        yearmonth,
        'application' AS scope,
        application AS value,
        without_rate,
        cost
    FROM converted
    UNION ALL
    SELECT
        yearmonth,
        'all' AS scope,
        'all' AS value,
        without_rate,
        cost
    FROM converted
    UNION ALL
    SELECT
        yearmonth,
        'department' AS scope,
        department AS value,
        without_rate,
        cost
    FROM of_departments
),

asked AS (
    SELECT
        month AS yearmonth,
        outcome,
        CASE
            WHEN department IS NOT NULL THEN 'department'
            WHEN application IS NOT NULL THEN 'application'
            ELSE 'all'
        END AS scope,
        COALESCE(department, application, 'all') AS value,
        CAST(SUM(quantity) AS decimal(38, 18)) AS quantity
    FROM ${database}.focus_outcomes
    GROUP BY
        month,
        outcome,
        department,
        application
),

outcomes AS (
    SELECT
        asked.yearmonth,
        asked.outcome,
        asked.scope,
        asked.value,
        MAX(asked.quantity) AS quantity,
        MAX(costs.without_rate) AS without_rate,
        SUM(costs.cost) AS cost
    FROM asked
    LEFT JOIN costs
        ON
            asked.yearmonth = costs.yearmonth
            AND asked.scope = costs.scope
            AND asked.value = costs.value
    GROUP BY
        asked.yearmonth,
        asked.outcome,
        asked.scope,
        asked.value
    UNION ALL
    SELECT
        yearmonth,
        'million tokens' AS outcome,
        'model' AS scope,
        model AS value,
        CAST(CAST(SUM(tokens) AS decimal(32, 12)) * CAST('0.000001' AS decimal(6, 6)) AS decimal(38, 18))
            AS quantity,
        MAX(without_rate) AS without_rate,
        SUM(cost) AS cost
    FROM converted
    WHERE model IS NOT NULL
    GROUP BY
        yearmonth,
        model
),

unit AS (
    SELECT
        outcomes.*,
        CAST(SUBSTR(yearmonth, 1, 4) AS integer) * 12 + CAST(SUBSTR(yearmonth, 5, 2) AS integer)
            AS month_no,
        CASE
            WHEN without_rate IS NULL AND quantity > 0
                THEN
                    CAST(
                        CAST(
                            ROUND(CAST(cost AS double) / CAST(quantity AS double), 9)
                            AS decimal(24, 9)
                        ) AS decimal(38, 18)
                    )
        END AS unit_cost
    FROM outcomes
),

trend AS (
    SELECT
        unit.*,
        CASE
            WHEN
                LAG(month_no) OVER (PARTITION BY outcome, scope, value ORDER BY yearmonth)
                = month_no - 1
                THEN LAG(unit_cost) OVER (PARTITION BY outcome, scope, value ORDER BY yearmonth)
        END AS unit_cost_before
    FROM unit
),

caches AS (
    SELECT
        yearmonth,
        model,
        CAST(
            CAST(SUM(hits) AS double) / NULLIF(CAST(SUM(calls) AS double), 0e0) AS decimal(38, 6)
        ) AS share
    FROM (
${plan_ai_calls}
    ) AS calls
    GROUP BY
        yearmonth,
        model
)

SELECT
    trend.yearmonth,
    CAST(trend.outcome AS varchar) AS x_Outcome,
    CAST(trend.scope AS varchar) AS x_Scope,
    trend.value AS x_Value,
    trend.quantity AS x_Quantity,
    CAST('${reporting_currency}' AS varchar) AS x_Currency,
    CASE WHEN trend.without_rate IS NULL THEN trend.cost END AS x_Cost,
    trend.unit_cost AS x_UnitCost,
    CAST(
        CAST(trend.unit_cost - trend.unit_cost_before AS double)
        / NULLIF(CAST(trend.unit_cost_before AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_Change,
    CASE WHEN trend.scope = 'model' THEN caches.share END AS x_CacheShare,
    CAST(
        CASE
            WHEN trend.without_rate IS NOT NULL
                THEN CONCAT('no rate from ', trend.without_rate, ' to ${reporting_currency}')
            WHEN trend.cost IS NULL
                THEN CONCAT('nothing was charged to ', trend.scope, ' ', trend.value)
            WHEN trend.quantity = 0 THEN 'the quantity is 0'
        END AS varchar
    ) AS x_Reason
FROM trend
LEFT JOIN caches
    ON trend.yearmonth = caches.yearmonth AND trend.value = caches.model
