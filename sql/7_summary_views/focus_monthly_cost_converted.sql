-- One row is the cost of a billing month as in focus_monthly_cost, also in the reporting currency.
-- Converted costs are sums of focus_unified_converted, so both views agree to the last digit; they
-- are null where the month's currency has no rate. Purchases of commitments (EffectiveCost 0) are
-- left out of list and contracted cost: the usage they cover carries those costs again.
CREATE OR REPLACE VIEW ${database}.focus_monthly_cost_converted AS
WITH charges AS (
    SELECT
        *,
        CASE
            WHEN ChargeCategory = 'Purchase' AND EffectiveCost = 0 THEN CAST(0 AS decimal(1, 0))
            ELSE CAST(1 AS decimal(1, 0))
        END AS times_counted
    FROM ${database}.focus_unified_converted
)

SELECT
    x_Provider,
    yearmonth,
    BillingAccountId,
    MAX(BillingAccountName) AS BillingAccountName,
    SubAccountId,
    MAX(SubAccountName) AS SubAccountName,
    ServiceCategory,
    ServiceName,
    RegionId,
    MAX(RegionName) AS RegionName,
    ChargeCategory,
    BillingCurrency,
    SUM(BilledCost) AS BilledCost,
    SUM(EffectiveCost) AS EffectiveCost,
    SUM(ListCost * times_counted) AS ListCost,
    SUM(ContractedCost * times_counted) AS ContractedCost,
    COUNT(*) AS x_RowCount,
    x_ReportingCurrency,
    x_FxRate,
    x_FxRateValidFrom,
    SUM(x_BilledCostConverted) AS x_BilledCostConverted,
    SUM(x_EffectiveCostConverted) AS x_EffectiveCostConverted,
    SUM(x_ListCostConverted * times_counted) AS x_ListCostConverted,
    SUM(x_ContractedCostConverted * times_counted) AS x_ContractedCostConverted
FROM charges
GROUP BY
    x_Provider,
    yearmonth,
    BillingAccountId,
    SubAccountId,
    ServiceCategory,
    ServiceName,
    RegionId,
    ChargeCategory,
    BillingCurrency,
    x_ReportingCurrency,
    x_FxRate,
    x_FxRateValidFrom
