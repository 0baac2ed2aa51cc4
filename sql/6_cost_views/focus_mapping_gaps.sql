-- One row is a provider's service that came without a category in a month, in one currency.
-- Filled: service_catalog.csv had a category for it; unmapped: ServiceCategory is null. Shares are
-- ratios of the provider's whole month in that currency (1.0 is all of it), so they add up over
-- services; a cost share is null where that cost sums to 0.
CREATE OR REPLACE VIEW ${database}.focus_mapping_gaps AS
WITH charges AS (
    SELECT
        x_Provider,
        yearmonth,
        ServiceName,
        BillingCurrency,
        BilledCost,
        ServiceCategory IS NULL AS is_unmapped,
        x_CategoryFilled AS is_filled,
        x_RowCount
    FROM ${database}.focus_daily
),

services AS (
    SELECT
        x_Provider,
        yearmonth,
        ServiceName,
        BillingCurrency,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
        SUM(BilledCost) AS BilledCost,
        CAST(SUM(CASE WHEN is_filled THEN x_RowCount ELSE 0 END) AS bigint) AS x_FilledRowCount,
        SUM(CASE WHEN is_filled THEN BilledCost END) AS x_FilledBilledCost,
        CAST(SUM(CASE WHEN is_unmapped THEN x_RowCount ELSE 0 END) AS bigint)
            AS x_UnmappedRowCount,
        SUM(CASE WHEN is_unmapped THEN BilledCost END) AS x_UnmappedBilledCost
    FROM charges
    GROUP BY
        x_Provider,
        yearmonth,
        ServiceName,
        BillingCurrency
),

shared AS (
    SELECT
        services.*,
        CAST(
            SUM(x_RowCount) OVER (PARTITION BY x_Provider, yearmonth, BillingCurrency) AS double
        ) AS month_rows,
        CAST(
            SUM(BilledCost) OVER (PARTITION BY x_Provider, yearmonth, BillingCurrency) AS double
        ) AS month_cost
    FROM services
)

SELECT
    x_Provider,
    yearmonth,
    ServiceName,
    BillingCurrency,
    x_RowCount,
    BilledCost,
    x_FilledRowCount,
    x_FilledBilledCost,
    x_UnmappedRowCount,
    x_UnmappedBilledCost,
    CAST(CAST(x_FilledRowCount AS double) / month_rows AS decimal(38, 6)) AS x_FilledRowShare,
    CAST(
        CAST(x_FilledBilledCost AS double) / NULLIF(month_cost, 0) AS decimal(38, 6)
    ) AS x_FilledCostShare,
    CAST(CAST(x_UnmappedRowCount AS double) / month_rows AS decimal(38, 6)) AS x_UnmappedRowShare,
    CAST(
        CAST(x_UnmappedBilledCost AS double) / NULLIF(month_cost, 0) AS decimal(38, 6)
    ) AS x_UnmappedCostShare
FROM shared
WHERE x_FilledRowCount > 0 OR x_UnmappedRowCount > 0
