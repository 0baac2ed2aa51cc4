-- One row is the share of cost that carries one tag attribute, by provider, month and currency.
-- The month is the charges' own billing month, under both its names. x_Coverage is a ratio (1.0 is
-- all of it) of what was charged: EffectiveCost above zero without tax, for a credit is not a cost
-- that someone could own and no resource has tax. Where it is null x_Reason says why.
CREATE OR REPLACE VIEW ${database}.focus_tag_coverage AS
WITH totals AS (
    SELECT
        x_Provider,
        x_BillingMonth,
        x_Attribute,
        BillingCurrency,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(x_TaggedEffectiveCost) AS x_TaggedEffectiveCost,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
        CAST(SUM(x_TaggedRowCount) AS bigint) AS x_TaggedRowCount,
        SUM(x_ChargedEffectiveCost) AS x_ChargedEffectiveCost,
        SUM(x_TaggedChargedEffectiveCost) AS x_TaggedChargedEffectiveCost,
        SUM(x_TaxEffectiveCost) AS x_TaxEffectiveCost
    FROM ${database}.focus_tag_costs
    GROUP BY
        x_Provider,
        x_BillingMonth,
        x_Attribute,
        BillingCurrency
)

SELECT
    x_Provider,
    x_BillingMonth AS yearmonth,
    x_Attribute,
    BillingCurrency,
    EffectiveCost,
    x_TaggedEffectiveCost,
    x_RowCount,
    x_TaggedRowCount,
    CAST(
        CAST(
            CASE
                WHEN x_ChargedEffectiveCost > 0
                    THEN COALESCE(x_TaggedChargedEffectiveCost, CAST(0 AS decimal(38, 18)))
            END AS double
        ) / NULLIF(CAST(x_ChargedEffectiveCost AS double), 0)
        AS decimal(38, 6)
    ) AS x_Coverage,
    x_BillingMonth,
    x_ChargedEffectiveCost,
    x_TaggedChargedEffectiveCost,
    x_TaxEffectiveCost,
    CAST(
        CASE
            WHEN x_ChargedEffectiveCost > 0 THEN NULL
            WHEN EffectiveCost IS NULL THEN 'no EffectiveCost'
            ELSE 'no charge above zero but tax'
        END AS varchar
    ) AS x_Reason
FROM totals
