-- One row is the cost of a day, account, service, region, charge category and currency. The day is
-- told twice: x_ChargeDate in UTC, x_ChargeDay in the provider's own zone.
-- Ids go with their names, so that what has a name and no id stays apart. Prepaid commitments are
-- left out of list and contracted cost where the usage they cover carries those costs again.
-- yearmonth is the folder's month, x_BillingMonth the charge's own.
CREATE OR REPLACE VIEW ${database}.focus_daily_cost AS
WITH charges AS (
    SELECT
        x_Provider,
        yearmonth,
        x_BillingMonth,
        x_ChargeDate,
        x_ChargeDay,
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
        ${is_prepaid} AS is_prepaid,
        BilledCost,
        EffectiveCost,
        ListCost,
        ContractedCost,
        x_RowCount
    FROM ${database}.focus_daily
),

summed AS (
    SELECT
        x_Provider,
        yearmonth,
        x_BillingMonth,
        x_ChargeDate,
        x_ChargeDay,
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
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(ListCost) AS ListCost,
        SUM(ContractedCost) AS ContractedCost,
        SUM(x_RowCount) AS x_RowCount,
        ${list_on_usage} AS list_on_usage,
        ${contracted_on_usage} AS contracted_on_usage
    FROM charges
    GROUP BY
        x_Provider,
        yearmonth,
        x_BillingMonth,
        x_ChargeDate,
        x_ChargeDay,
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
        is_prepaid
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
    x_ChargeDate,
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
    x_BillingMonth,
    x_ChargeDay
FROM counted
GROUP BY
    x_Provider,
    yearmonth,
    x_BillingMonth,
    x_ChargeDate,
    x_ChargeDay,
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
