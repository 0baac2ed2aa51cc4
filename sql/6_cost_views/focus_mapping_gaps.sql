-- One row is a provider's service that came without a category in a month, in one currency.
-- The month is the charges' own billing month, under both its names. Filled: service_catalog.csv had
-- a category for it; unmapped: ServiceCategory is null. Shares are ratios of the provider's whole
-- month in that currency (1.0 is all of it), so they add up over services. A share of cost is one of
-- what was billed above zero, for a credit could make any share of the rest; it is null where there
-- is no such cost (x_Reason), or nothing of the service was filled or unmapped.
CREATE OR REPLACE VIEW ${database}.focus_mapping_gaps AS
WITH charges AS (
    SELECT
        x_Provider,
        x_BillingMonth,
        ServiceName,
        BillingCurrency,
        BilledCost,
        CASE WHEN BilledCost > 0 THEN BilledCost ELSE CAST(0 AS decimal(38, 18)) END AS charged,
        ServiceCategory IS NULL AS is_unmapped,
        x_CategoryFilled AS is_filled,
        x_RowCount
    FROM ${database}.focus_daily
),

services AS (
    SELECT
        x_Provider,
        x_BillingMonth,
        ServiceName,
        BillingCurrency,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
        SUM(BilledCost) AS BilledCost,
        SUM(charged) AS charged,
        CAST(SUM(CASE WHEN is_filled THEN x_RowCount ELSE 0 END) AS bigint) AS x_FilledRowCount,
        SUM(CASE WHEN is_filled THEN BilledCost END) AS x_FilledBilledCost,
        SUM(CASE WHEN is_filled THEN charged END) AS filled,
        CAST(SUM(CASE WHEN is_unmapped THEN x_RowCount ELSE 0 END) AS bigint)
            AS x_UnmappedRowCount,
        SUM(CASE WHEN is_unmapped THEN BilledCost END) AS x_UnmappedBilledCost,
        SUM(CASE WHEN is_unmapped THEN charged END) AS unmapped
    FROM charges
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
