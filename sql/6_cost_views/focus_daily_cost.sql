-- One row is the cost of a UTC day, account, service, region, charge category and currency.
-- Purchases of commitments (EffectiveCost 0) are left out of list and contracted cost: the usage
-- they cover carries those costs again. Names are the largest of an id's names, so that an id
-- that was renamed stays one row.
CREATE OR REPLACE VIEW ${database}.focus_daily_cost AS
SELECT
    x_Provider,
    yearmonth,
    CAST(ChargePeriodStart AS date) AS x_ChargeDate,
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
    SUM(
        CASE
            WHEN ChargeCategory = 'Purchase' AND EffectiveCost = 0 AND ListCost IS NOT NULL
                THEN CAST(0 AS decimal(38, 18))
            ELSE ListCost
        END
    ) AS ListCost,
    SUM(
        CASE
            WHEN ChargeCategory = 'Purchase' AND EffectiveCost = 0 AND ContractedCost IS NOT NULL
                THEN CAST(0 AS decimal(38, 18))
            ELSE ContractedCost
        END
    ) AS ContractedCost,
    COUNT(*) AS x_RowCount
FROM ${database}.focus_unified
GROUP BY
    x_Provider,
    yearmonth,
    CAST(ChargePeriodStart AS date),
    BillingAccountId,
    SubAccountId,
    ServiceCategory,
    ServiceName,
    RegionId,
    ChargeCategory,
    BillingCurrency
