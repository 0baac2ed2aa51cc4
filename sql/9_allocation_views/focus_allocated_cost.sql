-- One row is what one payer bears of a month's cost of a service, and the rule that made it so.
-- x_AllocationType direct: charges of that payer, with their account; shared: a share of a pool,
-- which has no account. x_Payer is (unallocated) where nobody pays; x_Department is (unlisted)
-- where cost_centers has no such payer in that month. Converted costs are each row's cost times the
-- month's rate, rounded once to 18 decimals; null without a rate.
CREATE OR REPLACE VIEW ${database}.focus_allocated_cost AS
WITH rates AS (
    SELECT
        from_currency,
        REPLACE(CAST(valid_from AS varchar), '-', '') AS first_day,
        COALESCE(REPLACE(CAST(valid_until AS varchar), '-', ''), '99999999') AS end_day,
        rate
    FROM ${database}.focus_exchange_rates
    WHERE to_currency = '${reporting_currency}' AND from_currency <> '${reporting_currency}'
),

summed AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        x_Payer,
        x_AllocationType,
        x_Pool,
        x_AllocationRule,
        x_AllocationRuleVersion,
        ServiceCategory,
        ServiceName,
        BillingAccountId,
        SubAccountId,
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost
    FROM ${database}.focus_allocation_shares
    WHERE x_RuleSet = 'active'
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

rated AS (
    SELECT
        summed.yearmonth,
        summed.x_Provider,
        summed.BillingCurrency,
        summed.x_Payer,
        CASE
            WHEN summed.x_Payer = '(unallocated)' THEN '(unallocated)'
            ELSE COALESCE(centers.department, '(unlisted)')
        END AS x_Department,
        CASE
            WHEN summed.x_Payer = '(unallocated)' THEN '(unallocated)'
            WHEN centers.cost_center IS NULL THEN '(unlisted)'
            ELSE centers.business_unit
        END AS x_BusinessUnit,
        summed.x_AllocationType,
        summed.x_Pool,
        summed.x_AllocationRule,
        summed.x_AllocationRuleVersion,
        summed.ServiceCategory,
        summed.ServiceName,
        summed.BillingAccountId,
        summed.SubAccountId,
        summed.BilledCost,
        summed.EffectiveCost,
        CAST('${reporting_currency}' AS varchar) AS x_ReportingCurrency,
        CASE
            WHEN summed.BillingCurrency = '${reporting_currency}' THEN CAST(1 AS decimal(20, 12))
            ELSE rates.rate
        END AS x_FxRate
    FROM summed
    LEFT JOIN ${database}.focus_cost_centers AS centers
        ON summed.x_Payer = centers.cost_center
        AND summed.yearmonth >= COALESCE(centers.valid_from, '000000')
        AND summed.yearmonth <= COALESCE(centers.valid_until, '999999')
    LEFT JOIN rates
        ON summed.BillingCurrency = rates.from_currency
        AND CONCAT(summed.yearmonth, '01') >= rates.first_day
        AND CONCAT(summed.yearmonth, '01') < rates.end_day
)

SELECT
    rated.*,
    CAST(CAST(TRUNCATE(BilledCost) AS decimal(20, 0)) * x_FxRate AS decimal(38, 18))
    + CAST(CAST(BilledCost - TRUNCATE(BilledCost) AS decimal(18, 18)) * x_FxRate AS decimal(38, 18))
        AS x_BilledCostConverted,
    CAST(CAST(TRUNCATE(EffectiveCost) AS decimal(20, 0)) * x_FxRate AS decimal(38, 18))
    + CAST(
        CAST(EffectiveCost - TRUNCATE(EffectiveCost) AS decimal(18, 18)) * x_FxRate
        AS decimal(38, 18)
    ) AS x_EffectiveCostConverted
FROM rated
