-- One row is the cost of a provider, month and currency under one value of one tag attribute.
-- x_Value is null for cost without the attribute. Each attribute shares out the whole cost, so
-- sum one attribute, never all of them. x_ChargedEffectiveCost: what was charged above zero, tax
-- apart; x_TaxEffectiveCost: tax. yearmonth is the folder's month, x_BillingMonth the charge's own.
CREATE OR REPLACE VIEW ${database}.focus_cost_by_tag AS
WITH costs AS (
    SELECT
        x_Provider,
        yearmonth,
        x_BillingMonth,
        BillingCurrency,
${attribute_columns},
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(CASE WHEN ${is_charged} THEN EffectiveCost END) AS x_ChargedEffectiveCost,
        SUM(CASE WHEN ChargeCategory = 'Tax' THEN EffectiveCost END) AS x_TaxEffectiveCost,
        CAST(SUM(x_RowCount) AS bigint) AS x_RowCount
    FROM ${database}.focus_daily
    GROUP BY
        x_Provider,
        yearmonth,
        x_BillingMonth,
        BillingCurrency,
${attribute_columns}
),

valued AS (
    SELECT
        costs.x_Provider,
        costs.yearmonth,
        costs.x_BillingMonth,
        attributes.x_Attribute,
        CASE attributes.x_Attribute
${attribute_cases}
        END AS x_Value,
        costs.BillingCurrency,
        costs.BilledCost,
        costs.EffectiveCost,
        costs.x_ChargedEffectiveCost,
        costs.x_TaxEffectiveCost,
        costs.x_RowCount
    FROM costs
    CROSS JOIN (
        VALUES
${attribute_rows}
    ) AS attributes (x_Attribute)
)

SELECT
    x_Provider,
    yearmonth,
    x_Attribute,
    x_Value,
    BillingCurrency,
    SUM(BilledCost) AS BilledCost,
    SUM(EffectiveCost) AS EffectiveCost,
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount,
    x_BillingMonth,
    SUM(x_ChargedEffectiveCost) AS x_ChargedEffectiveCost,
    SUM(x_TaxEffectiveCost) AS x_TaxEffectiveCost
FROM valued
GROUP BY
    x_Provider,
    yearmonth,
    x_BillingMonth,
    x_Attribute,
    x_Value,
    BillingCurrency
