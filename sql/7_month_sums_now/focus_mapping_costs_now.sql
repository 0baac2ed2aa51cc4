-- One row is a service of a folder's month, by provider, billing month and currency, and what of it
-- came without a category: what focus_mapping_gaps adds up. x_..Charged is what was above zero.
CREATE OR REPLACE VIEW ${database}.focus_mapping_costs_now AS
WITH charges AS (
    SELECT
        yearmonth,
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
)

SELECT
    yearmonth,
    x_Provider,
    x_BillingMonth,
    ServiceName,
    BillingCurrency,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    SUM(BilledCost) AS BilledCost,
    SUM(charged) AS x_Charged,
    CAST(SUM(CASE WHEN is_filled THEN x_RowCount ELSE 0 END) AS bigint) AS x_FilledRowCount,
    SUM(CASE WHEN is_filled THEN BilledCost END) AS x_FilledBilledCost,
    SUM(CASE WHEN is_filled THEN charged END) AS x_FilledCharged,
    CAST(SUM(CASE WHEN is_unmapped THEN x_RowCount ELSE 0 END) AS bigint) AS x_UnmappedRowCount,
    SUM(CASE WHEN is_unmapped THEN BilledCost END) AS x_UnmappedBilledCost,
    SUM(CASE WHEN is_unmapped THEN charged END) AS x_UnmappedCharged
FROM charges
GROUP BY
    yearmonth,
    x_Provider,
    x_BillingMonth,
    ServiceName,
    BillingCurrency
