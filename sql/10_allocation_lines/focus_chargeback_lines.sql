-- One row is one line of a department's statement: direct cost, a share of a pool, or an adjustment.
-- A closed month (x_IsClosed) shows the statement as it was frozen. What changed since is a line
-- adjustment in the first month after the last closed one; x_BelongsTo is the month it belongs to.
CREATE OR REPLACE VIEW ${database}.focus_chargeback_lines AS
WITH closed AS (
    SELECT
        statements.yearmonth,
        statements.x_BelongsTo,
        statements.x_Line,
        statements.x_Provider,
        statements.BillingCurrency,
        statements.x_Payer,
        statements.x_Department,
        statements.x_BusinessUnit,
        statements.x_Pool,
        statements.x_AllocationRule,
        statements.x_AllocationRuleVersion,
        statements.BilledCost,
        statements.EffectiveCost,
        statements.x_ReportingCurrency,
        statements.x_BilledCostConverted,
        statements.x_EffectiveCostConverted
    FROM ${database}.focus_statements AS statements
    INNER JOIN ${database}.focus_closings AS closings
        ON statements.yearmonth = closings.yearmonth
        AND statements.statement = closings.statement
),

live AS (
    SELECT
        cost.yearmonth,
        cost.x_AllocationType AS x_Line,
        cost.x_Provider,
        cost.BillingCurrency,
        cost.x_Payer,
        cost.x_Department,
        cost.x_BusinessUnit,
        cost.x_Pool,
        cost.x_AllocationRule,
        cost.x_AllocationRuleVersion,
        cost.x_ReportingCurrency,
        SUM(cost.BilledCost) AS BilledCost,
        SUM(cost.EffectiveCost) AS EffectiveCost,
        SUM(cost.x_BilledCostConverted) AS x_BilledCostConverted,
        SUM(cost.x_EffectiveCostConverted) AS x_EffectiveCostConverted
    FROM ${database}.focus_allocated_cost AS cost
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

-- A closed month as it would be now, less all that was said about it in closed months. Months are
-- named as literals, so that no other one is read: those that were closed at the refresh, for until
-- the next one nothing changes in a month that is closed meanwhile.
compared AS (
    SELECT
        live.yearmonth AS x_BelongsTo,
        live.x_Provider,
        live.BillingCurrency,
        live.x_Payer,
        live.x_Department,
        live.x_BusinessUnit,
        live.x_ReportingCurrency,
        live.BilledCost,
        live.EffectiveCost,
        live.x_BilledCostConverted,
        live.x_EffectiveCostConverted
    FROM live
    INNER JOIN ${database}.focus_closings AS closings
        ON live.yearmonth = closings.yearmonth
    WHERE live.yearmonth IN (${closed_months})
    UNION ALL
    SELECT
        x_BelongsTo,
        x_Provider,
        BillingCurrency,
        x_Payer,
        x_Department,
        x_BusinessUnit,
        x_ReportingCurrency,
        -BilledCost,
        -EffectiveCost,
        -x_BilledCostConverted,
        -x_EffectiveCostConverted
    FROM closed
    WHERE x_BelongsTo IN (${closed_months})
),

adjustments AS (
    SELECT
        x_BelongsTo,
        x_Provider,
        BillingCurrency,
        x_Payer,
        x_Department,
        x_BusinessUnit,
        x_ReportingCurrency,
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(x_BilledCostConverted) AS x_BilledCostConverted,
        SUM(x_EffectiveCostConverted) AS x_EffectiveCostConverted
    FROM compared
    GROUP BY 1, 2, 3, 4, 5, 6, 7
),

first_open AS (
    SELECT
        CASE
            WHEN SUBSTR(MAX(yearmonth), 5, 2) = '12'
                THEN CAST(CAST(MAX(yearmonth) AS bigint) + 89 AS varchar)
            ELSE CAST(CAST(MAX(yearmonth) AS bigint) + 1 AS varchar)
        END AS yearmonth
    FROM ${database}.focus_closings
)

SELECT
    closed.yearmonth,
    closed.x_BelongsTo,
    TRUE AS x_IsClosed,
    closed.x_Line,
    closed.x_Provider,
    closed.BillingCurrency,
    closed.x_Payer,
    closed.x_Department,
    closed.x_BusinessUnit,
    closed.x_Pool,
    closed.x_AllocationRule,
    closed.x_AllocationRuleVersion,
    closed.BilledCost,
    closed.EffectiveCost,
    closed.x_ReportingCurrency,
    closed.x_BilledCostConverted,
    closed.x_EffectiveCostConverted
FROM closed
UNION ALL
SELECT
    live.yearmonth,
    live.yearmonth,
    FALSE,
    live.x_Line,
    live.x_Provider,
    live.BillingCurrency,
    live.x_Payer,
    live.x_Department,
    live.x_BusinessUnit,
    live.x_Pool,
    live.x_AllocationRule,
    live.x_AllocationRuleVersion,
    live.BilledCost,
    live.EffectiveCost,
    live.x_ReportingCurrency,
    live.x_BilledCostConverted,
    live.x_EffectiveCostConverted
FROM live
LEFT JOIN ${database}.focus_closings AS closings
    ON live.yearmonth = closings.yearmonth
WHERE closings.yearmonth IS NULL
UNION ALL
SELECT
    first_open.yearmonth,
    adjustments.x_BelongsTo,
    FALSE,
    'adjustment',
    adjustments.x_Provider,
    adjustments.BillingCurrency,
    adjustments.x_Payer,
    adjustments.x_Department,
    adjustments.x_BusinessUnit,
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(NULL AS bigint),
    adjustments.BilledCost,
    adjustments.EffectiveCost,
    adjustments.x_ReportingCurrency,
    adjustments.x_BilledCostConverted,
    adjustments.x_EffectiveCostConverted
FROM adjustments
CROSS JOIN first_open
WHERE
    adjustments.BilledCost <> 0
    OR adjustments.EffectiveCost <> 0
    OR adjustments.x_BilledCostConverted <> 0
    OR adjustments.x_EffectiveCostConverted <> 0
