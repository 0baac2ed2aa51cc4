-- One row is the cost of a billing month, account, service, region, charge category and currency.
CREATE OR REPLACE VIEW ${database}.focus_monthly_cost AS
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
    SUM(ListCost) AS ListCost,
    SUM(ContractedCost) AS ContractedCost,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount
FROM ${database}.focus_daily_cost
GROUP BY
    x_Provider,
    yearmonth,
    BillingAccountId,
    SubAccountId,
    ServiceCategory,
    ServiceName,
    RegionId,
    ChargeCategory,
    BillingCurrency
