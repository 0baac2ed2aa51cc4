-- One row is a month, provider and currency: its cost less what was allocated. Every row is 0.
CREATE OR REPLACE VIEW ${database}.focus_allocation_check AS
WITH both_sides AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        BilledCost,
        EffectiveCost
    FROM ${database}.focus_daily
    UNION ALL
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        -BilledCost,
        -EffectiveCost
    FROM ${database}.focus_allocated_cost
)

SELECT
    yearmonth,
    x_Provider,
    BillingCurrency,
    COALESCE(SUM(BilledCost), CAST(0 AS decimal(38, 18))) AS x_BilledCostDifference,
    COALESCE(SUM(EffectiveCost), CAST(0 AS decimal(38, 18))) AS x_EffectiveCostDifference
FROM both_sides
GROUP BY
    yearmonth,
    x_Provider,
    BillingCurrency
