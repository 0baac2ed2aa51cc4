-- One row is the cost of a provider, month and currency under one value of one tag attribute.
-- x_Value is null for cost without the attribute. Each attribute shares out the whole cost, so
-- sum one attribute, never all of them.
CREATE OR REPLACE VIEW ${database}.focus_cost_by_tag AS
WITH costs AS (
    SELECT
        x_Provider,
        yearmonth,
        BillingCurrency,
${attribute_columns},
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        COUNT(*) AS x_RowCount
    FROM ${database}.focus_unified
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency,
${attribute_columns}
),

valued AS (
    SELECT
        costs.x_Provider,
        costs.yearmonth,
        attributes.x_Attribute,
        CASE attributes.x_Attribute
${attribute_cases}
        END AS x_Value,
        costs.BillingCurrency,
        costs.BilledCost,
        costs.EffectiveCost,
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
    CAST(SUM(x_RowCount) AS bigint) AS x_RowCount
FROM valued
GROUP BY
    x_Provider,
    yearmonth,
    x_Attribute,
    x_Value,
    BillingCurrency
