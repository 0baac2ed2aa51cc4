-- One row is a row of focus_daily, its costs also in the reporting currency; rates are chosen as in
-- focus_unified_converted. A group's cost is converted as a whole and rounded once, so its converted
-- costs lie nearer to the exact product than a sum of converted charges does, from which they can
-- differ by half a unit of the 18th decimal for each charge.
CREATE OR REPLACE VIEW ${database}.focus_daily_converted AS
WITH rates AS (
    SELECT
        from_currency,
        valid_from,
        REPLACE(CAST(valid_from AS varchar), '-', '') AS first_day,
        COALESCE(REPLACE(CAST(valid_until AS varchar), '-', ''), '99999999') AS end_day,
        rate
    FROM ${database}.focus_exchange_rates
    WHERE to_currency = '${reporting_currency}' AND from_currency <> '${reporting_currency}'
),

rated AS (
    SELECT
        charges.*,
        CAST('${reporting_currency}' AS varchar) AS x_ReportingCurrency,
        CASE
            WHEN charges.BillingCurrency = '${reporting_currency}'
                THEN CAST(1 AS decimal(20, 12))
            ELSE rates.rate
        END AS x_FxRate,
        rates.valid_from AS x_FxRateValidFrom
    FROM ${database}.focus_daily AS charges
    LEFT JOIN rates
        ON charges.BillingCurrency = rates.from_currency
        AND CONCAT(charges.x_BillingMonth, '01') >= rates.first_day
        AND CONCAT(charges.x_BillingMonth, '01') < rates.end_day
)

SELECT
    rated.*,
${converted_costs}
FROM rated
