-- One row is the cost of a billing month as in focus_monthly_cost, also in the reporting currency.
-- Converted costs are sums of focus_daily_converted: a day's groups are converted, each as a whole.
-- They are null where the month's currency has no rate. Prepaid commitments are left out of list and
-- contracted cost where the usage they cover carries those costs again.
CREATE OR REPLACE VIEW ${database}.focus_monthly_cost_converted AS
WITH charges AS (
    SELECT
        *,
        ${is_prepaid} AS is_prepaid
    FROM ${database}.focus_daily_converted
),

summed AS (
    SELECT
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
        BillingCurrency,
        CommitmentDiscountId,
        is_prepaid,
        x_ReportingCurrency,
        x_FxRate,
        x_FxRateValidFrom,
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(ListCost) AS ListCost,
        SUM(ContractedCost) AS ContractedCost,
        SUM(x_RowCount) AS x_RowCount,
        SUM(x_BilledCostConverted) AS x_BilledCostConverted,
        SUM(x_EffectiveCostConverted) AS x_EffectiveCostConverted,
        SUM(x_ListCostConverted) AS x_ListCostConverted,
        SUM(x_ContractedCostConverted) AS x_ContractedCostConverted,
        ${list_on_usage} AS list_on_usage,
        ${contracted_on_usage} AS contracted_on_usage
    FROM charges
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
        BillingCurrency,
        CommitmentDiscountId,
        is_prepaid,
        x_ReportingCurrency,
        x_FxRate,
        x_FxRateValidFrom
),

counted AS (
    SELECT
        summed.*,
        ${counts_list} AS counts_list,
        ${counts_contracted} AS counts_contracted
    FROM summed
)

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
    SUM(ListCost * counts_list) AS ListCost,
    SUM(ContractedCost * counts_contracted) AS ContractedCost,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    x_ReportingCurrency,
    x_FxRate,
    x_FxRateValidFrom,
    SUM(x_BilledCostConverted) AS x_BilledCostConverted,
    SUM(x_EffectiveCostConverted) AS x_EffectiveCostConverted,
    SUM(x_ListCostConverted * counts_list) AS x_ListCostConverted,
    SUM(x_ContractedCostConverted * counts_contracted) AS x_ContractedCostConverted,
    x_BillingMonth
FROM counted
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
    BillingCurrency,
    x_ReportingCurrency,
    x_FxRate,
    x_FxRateValidFrom
