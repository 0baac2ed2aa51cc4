-- One row is one charge of focus_unified, its costs also in the reporting currency.
-- The rate is the one that holds on the first day of x_BillingMonth, the charge's own billing month,
-- so a month has one rate whatever is pushed when; a currency against itself is 1. Without a rate the converted costs are
-- null, and focus_missing_rates counts them. Cost times rate is exact, then rounded once, half
-- away from zero, to 18 decimals: whole and decimal part are multiplied apart, which keeps both
-- within the 38 digits of a decimal.
CREATE OR REPLACE VIEW ${database}.focus_unified_converted AS
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
    FROM ${database}.focus_unified AS charges
    LEFT JOIN rates
        ON charges.BillingCurrency = rates.from_currency
        AND CONCAT(charges.x_BillingMonth, '01') >= rates.first_day
        AND CONCAT(charges.x_BillingMonth, '01') < rates.end_day
)

SELECT
    rated.*,
${converted_costs}
FROM rated
