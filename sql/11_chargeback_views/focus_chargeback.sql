-- One row is the statement of a department for a month, in one currency: what to book.
-- x_Direct, x_Shared, x_Adjustments and x_Total are billed cost, which is what is invoiced (an AI
-- bill has no other); the columns ..EffectiveCost say the same of effective cost.
-- x_SharedByPool names each pool with its share; focus_chargeback_lines has them as rows.
CREATE OR REPLACE VIEW ${database}.focus_chargeback AS
WITH summed AS (
    SELECT
        yearmonth,
        x_Department,
        BillingCurrency,
        x_Line,
        x_Pool,
        MAX(x_BusinessUnit) AS x_BusinessUnit,
        MAX(x_ReportingCurrency) AS x_ReportingCurrency,
        MIN(CASE WHEN x_IsClosed THEN 1 ELSE 0 END) AS closed,
        SUM(BilledCost) AS billed,
        SUM(EffectiveCost) AS effective,
        SUM(x_BilledCostConverted) AS converted
    FROM ${database}.focus_chargeback_lines
    GROUP BY 1, 2, 3, 4, 5
)

SELECT
    yearmonth,
    x_Department,
    MAX(x_BusinessUnit) AS x_BusinessUnit,
    BillingCurrency,
    COALESCE(SUM(CASE WHEN x_Line = 'direct' THEN billed END), CAST(0 AS decimal(38, 18)))
        AS x_Direct,
    COALESCE(SUM(CASE WHEN x_Line = 'shared' THEN billed END), CAST(0 AS decimal(38, 18)))
        AS x_Shared,
    NULLIF(
        ARRAY_JOIN(
            ARRAY_AGG(
                CASE
                    WHEN x_Line = 'shared' THEN CONCAT(x_Pool, ' ', CAST(billed AS varchar))
                END
                ORDER BY x_Pool
            ),
            '; '
        ),
        ''
    ) AS x_SharedByPool,
    COALESCE(SUM(CASE WHEN x_Line = 'adjustment' THEN billed END), CAST(0 AS decimal(38, 18)))
        AS x_Adjustments,
    COALESCE(SUM(billed), CAST(0 AS decimal(38, 18))) AS x_Total,
    SUM(CASE WHEN x_Line = 'direct' THEN effective END) AS x_DirectEffectiveCost,
    SUM(CASE WHEN x_Line = 'shared' THEN effective END) AS x_SharedEffectiveCost,
    SUM(CASE WHEN x_Line = 'adjustment' THEN effective END) AS x_AdjustmentsEffectiveCost,
    SUM(effective) AS x_TotalEffectiveCost,
    MAX(x_ReportingCurrency) AS x_ReportingCurrency,
    SUM(converted) AS x_TotalConverted,
    MIN(closed) = 1 AS x_IsClosed
FROM summed
GROUP BY
    yearmonth,
    x_Department,
    BillingCurrency
