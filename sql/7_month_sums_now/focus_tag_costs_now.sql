-- One row is the cost of a folder's month under one tag attribute, by provider, billing month and
-- currency: what focus_tag_coverage adds up. Without a value of the attribute it is not tagged.
CREATE OR REPLACE VIEW ${database}.focus_tag_costs_now AS
SELECT
    yearmonth,
    x_Provider,
    x_BillingMonth,
    x_Attribute,
    BillingCurrency,
    SUM(EffectiveCost) AS EffectiveCost,
    SUM(CASE WHEN x_Value IS NULL THEN CAST(0 AS decimal(38, 18)) ELSE EffectiveCost END)
        AS x_TaggedEffectiveCost,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    CAST(SUM(CASE WHEN x_Value IS NULL THEN 0 ELSE x_RowCount END) AS bigint) AS x_TaggedRowCount,
    SUM(x_ChargedEffectiveCost) AS x_ChargedEffectiveCost,
    SUM(CASE WHEN x_Value IS NOT NULL THEN x_ChargedEffectiveCost END)
        AS x_TaggedChargedEffectiveCost,
    SUM(x_TaxEffectiveCost) AS x_TaxEffectiveCost
FROM ${database}.focus_cost_by_tag
GROUP BY
    yearmonth,
    x_Provider,
    x_BillingMonth,
    x_Attribute,
    BillingCurrency
