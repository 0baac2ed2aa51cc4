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

rated AS (
    SELECT
        shares.yearmonth,
        shares.x_Provider,
        shares.BillingCurrency,
        shares.x_Payer,
        CASE
            WHEN shares.x_Payer = '(unallocated)' THEN '(unallocated)'
            ELSE COALESCE(centers.department, '(unlisted)')
        END AS x_Department,
        CASE
            WHEN shares.x_Payer = '(unallocated)' THEN '(unallocated)'
            WHEN centers.cost_center IS NULL THEN '(unlisted)'
            ELSE centers.business_unit
        END AS x_BusinessUnit,
        shares.x_AllocationType,
        shares.x_Pool,
        shares.x_AllocationRule,
        shares.x_AllocationRuleVersion,
        shares.ServiceCategory,
        shares.ServiceName,
        shares.BillingAccountId,
        shares.SubAccountId,
        shares.BilledCost,
        shares.EffectiveCost,
        CAST('${reporting_currency}' AS varchar) AS x_ReportingCurrency,
        CASE
            WHEN shares.BillingCurrency = '${reporting_currency}' THEN CAST(1 AS decimal(20, 12))
            ELSE rates.rate
        END AS x_FxRate
    FROM ${database}.focus_allocation_shares AS shares
    LEFT JOIN ${database}.focus_cost_centers AS centers
        ON shares.x_Payer = centers.cost_center
        AND shares.yearmonth >= COALESCE(centers.valid_from, '000000')
        AND shares.yearmonth <= COALESCE(centers.valid_until, '999999')
    LEFT JOIN rates
        ON shares.BillingCurrency = rates.from_currency
        AND CONCAT(shares.yearmonth, '01') >= rates.first_day
        AND CONCAT(shares.yearmonth, '01') < rates.end_day
    WHERE shares.x_RuleSet = 'active'
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
