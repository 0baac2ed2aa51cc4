-- One row is the cost of a billing month, account, service, region, charge category and currency.
-- x_BillingMonth is the charge's own month, yearmonth that of the folder it came in: they differ
-- where a provider's reports hold charges of several months, as Oracle's do.
CREATE OR REPLACE VIEW ${database}.focus_monthly_cost AS
SELECT
    x_Provider,
    yearmonth,
    BillingAccountId,
    BillingAccountName,
    SubAccountId,
    SubAccountName,
    ServiceCategory,
    ServiceName,
    RegionId,
    RegionName,
    ChargeCategory,
    BillingCurrency,
    SUM(BilledCost) AS BilledCost,
    SUM(EffectiveCost) AS EffectiveCost,
    SUM(ListCost) AS ListCost,
    SUM(ContractedCost) AS ContractedCost,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    x_BillingMonth
FROM ${database}.focus_daily_cost
GROUP BY
    x_Provider,
    yearmonth,
    x_BillingMonth,
    BillingAccountId,
    BillingAccountName,
    SubAccountId,
    SubAccountName,
    ServiceCategory,
    ServiceName,
    RegionId,
    RegionName,
    ChargeCategory,
    BillingCurrency
