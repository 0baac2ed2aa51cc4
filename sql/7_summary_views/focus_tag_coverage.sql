-- One row is the share of cost that carries one tag attribute, by provider, month and currency.
-- x_Coverage is a ratio of EffectiveCost (1.0 is all of it), null where that cost sums to 0; an
-- empty tag value counts as none.
CREATE OR REPLACE VIEW ${database}.focus_tag_coverage AS
WITH totals AS (
    SELECT
        x_Provider,
        yearmonth,
        x_Attribute,
        BillingCurrency,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(
            CASE
                WHEN NULLIF(TRIM(x_Value), '') IS NULL THEN CAST(0 AS decimal(38, 18))
                ELSE EffectiveCost
            END
        ) AS x_TaggedEffectiveCost,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
        CAST(
            SUM(CASE WHEN NULLIF(TRIM(x_Value), '') IS NULL THEN 0 ELSE x_RowCount END) AS bigint
        ) AS x_TaggedRowCount
    FROM ${database}.focus_cost_by_tag
    GROUP BY
        x_Provider,
        yearmonth,
        x_Attribute,
        BillingCurrency
)

SELECT
    x_Provider,
    yearmonth,
    x_Attribute,
    BillingCurrency,
    EffectiveCost,
    x_TaggedEffectiveCost,
    x_RowCount,
    x_TaggedRowCount,
    CAST(
        CAST(x_TaggedEffectiveCost AS double) / NULLIF(CAST(EffectiveCost AS double), 0)
        AS decimal(38, 6)
    ) AS x_Coverage
FROM totals
