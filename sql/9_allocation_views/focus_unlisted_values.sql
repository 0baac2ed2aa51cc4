-- One row is a value of a tag attribute that nobody has listed, and what it costs in a month.
-- Listed is what tag_values names, as written or as meant; a cost center also in cost_centers.
CREATE OR REPLACE VIEW ${database}.focus_unlisted_values AS
WITH written AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        x_Brand,
        x_Project,
        x_Owner,
        x_CostCenter,
        x_Environment,
        x_Application,
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(x_RowCount) AS x_RowCount
    FROM ${database}.focus_daily
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
),

valued AS (
    SELECT
        written.yearmonth,
        written.x_Provider,
        attributes.x_Attribute,
        TRIM(
            CASE attributes.x_Attribute
                WHEN 'x_Brand' THEN written.x_Brand
                WHEN 'x_Project' THEN written.x_Project
                WHEN 'x_Owner' THEN written.x_Owner
                WHEN 'x_CostCenter' THEN written.x_CostCenter
                WHEN 'x_Environment' THEN written.x_Environment
                WHEN 'x_Application' THEN written.x_Application
            END
        ) AS x_Value,
        written.BillingCurrency,
        written.BilledCost,
        written.EffectiveCost,
        written.x_RowCount
    FROM written
    CROSS JOIN (
        VALUES
            (CAST('x_Brand' AS varchar)),
            (CAST('x_Project' AS varchar)),
            (CAST('x_Owner' AS varchar)),
            (CAST('x_CostCenter' AS varchar)),
            (CAST('x_Environment' AS varchar)),
            (CAST('x_Application' AS varchar))
    ) AS attributes (x_Attribute)
),

listed AS (
    SELECT
        attribute,
        value
    FROM ${database}.focus_tag_values
    UNION
    SELECT
        attribute,
        meant
    FROM ${database}.focus_tag_values
    UNION
    SELECT
        CAST('x_CostCenter' AS varchar),
        cost_center
    FROM ${database}.focus_cost_centers
)

SELECT
    valued.yearmonth,
    valued.x_Provider,
    valued.x_Attribute,
    valued.x_Value,
    valued.BillingCurrency,
    SUM(valued.BilledCost) AS BilledCost,
    SUM(valued.EffectiveCost) AS EffectiveCost,
    CAST(SUM(valued.x_RowCount) AS bigint) AS x_RowCount
FROM valued
LEFT JOIN listed
    ON valued.x_Attribute = listed.attribute AND valued.x_Value = listed.value
WHERE valued.x_Value <> '' AND listed.value IS NULL
GROUP BY
    valued.yearmonth,
    valued.x_Provider,
    valued.x_Attribute,
    valued.x_Value,
    valued.BillingCurrency
