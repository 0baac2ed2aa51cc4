-- One row is a provider's service that came without a category in a month, in one currency.
-- The month is the charges' own billing month, under both its names. Filled: service_catalog.csv had
-- a category for it; unmapped: ServiceCategory is null. Shares are ratios of the provider's whole
-- month in that currency (1.0 is all of it), so they add up over services. A share of cost is one of
-- what was billed above zero, for a credit could make any share of the rest; it is null where there
-- is no such cost (x_Reason), or nothing of the service was filled or unmapped.
CREATE OR REPLACE VIEW ${database}.focus_mapping_gaps AS
WITH services AS (
    SELECT
        x_Provider,
        x_BillingMonth,
        ServiceName,
        BillingCurrency,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
        SUM(BilledCost) AS BilledCost,
        SUM(x_Charged) AS charged,
        CAST(SUM(x_FilledRowCount) AS bigint) AS x_FilledRowCount,
        SUM(x_FilledBilledCost) AS x_FilledBilledCost,
        SUM(x_FilledCharged) AS filled,
        CAST(SUM(x_UnmappedRowCount) AS bigint) AS x_UnmappedRowCount,
        SUM(x_UnmappedBilledCost) AS x_UnmappedBilledCost,
        SUM(x_UnmappedCharged) AS unmapped
    FROM ${database}.focus_mapping_costs
    GROUP BY
        x_Provider,
        x_BillingMonth,
        ServiceName,
        BillingCurrency
),

shared AS (
    SELECT
        services.*,
        CAST(
            SUM(x_RowCount) OVER (PARTITION BY x_Provider, x_BillingMonth, BillingCurrency)
            AS double
        ) AS month_rows,
        NULLIF(
            CAST(
                SUM(charged) OVER (PARTITION BY x_Provider, x_BillingMonth, BillingCurrency)
                AS double
            ),
            0
        ) AS month_charged
    FROM services
)

SELECT
    x_Provider,
    x_BillingMonth AS yearmonth,
    ServiceName,
    BillingCurrency,
    x_RowCount,
    BilledCost,
    x_FilledRowCount,
    x_FilledBilledCost,
    x_UnmappedRowCount,
    x_UnmappedBilledCost,
    CAST(CAST(x_FilledRowCount AS double) / month_rows AS decimal(38, 6)) AS x_FilledRowShare,
    CAST(CAST(filled AS double) / month_charged AS decimal(38, 6)) AS x_FilledCostShare,
    CAST(CAST(x_UnmappedRowCount AS double) / month_rows AS decimal(38, 6)) AS x_UnmappedRowShare,
    CAST(CAST(unmapped AS double) / month_charged AS decimal(38, 6)) AS x_UnmappedCostShare,
    x_BillingMonth,
    CAST(CASE WHEN month_charged IS NULL THEN 'no cost above zero' END AS varchar) AS x_Reason
FROM shared
WHERE x_FilledRowCount > 0 OR x_UnmappedRowCount > 0
