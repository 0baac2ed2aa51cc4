-- One row is what a payer bears by the rules that count and by those with the shadow rules in.
-- Without a rule in shadow the two are the same. Of each month, provider and currency the sums over all payers are equal: a rule moves cost only.
CREATE OR REPLACE VIEW ${database}.focus_allocation_shadow AS
WITH sides AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        x_Payer,
        SUM(CASE WHEN x_RuleSet = 'active' THEN BilledCost END) AS active_billed,
        SUM(CASE WHEN x_RuleSet = '${shadow_set}' THEN BilledCost END) AS shadow_billed,
        SUM(CASE WHEN x_RuleSet = 'active' THEN EffectiveCost END) AS active_effective,
        SUM(CASE WHEN x_RuleSet = '${shadow_set}' THEN EffectiveCost END) AS shadow_effective
    FROM ${database}.focus_allocation_shares
    GROUP BY 1, 2, 3, 4
)

SELECT
    yearmonth,
    x_Provider,
    BillingCurrency,
    x_Payer,
    COALESCE(active_billed, CAST(0 AS decimal(38, 18))) AS x_ActiveBilledCost,
    COALESCE(shadow_billed, CAST(0 AS decimal(38, 18))) AS x_ShadowBilledCost,
    COALESCE(shadow_billed, CAST(0 AS decimal(38, 18)))
    - COALESCE(active_billed, CAST(0 AS decimal(38, 18))) AS x_BilledCostChange,
    COALESCE(active_effective, CAST(0 AS decimal(38, 18))) AS x_ActiveEffectiveCost,
    COALESCE(shadow_effective, CAST(0 AS decimal(38, 18))) AS x_ShadowEffectiveCost,
    COALESCE(shadow_effective, CAST(0 AS decimal(38, 18)))
    - COALESCE(active_effective, CAST(0 AS decimal(38, 18))) AS x_EffectiveCostChange
FROM sides
