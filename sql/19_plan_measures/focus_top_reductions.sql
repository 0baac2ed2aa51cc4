-- One row is one way to spend less, the largest first (x_Rank, by currency of the reporting).
-- What was wasted is taken from the newest whole month; reductions are those of your list. Without
-- a rate x_SavingConverted is null and the row stands behind the others.
CREATE OR REPLACE VIEW ${database}.focus_top_reductions AS
WITH horizon AS (
    SELECT
        x_Provider,
        -- The month of the last known day, if it is whole, else the one before.
        DATE_FORMAT(
            DATE_ADD('month', -1, DATE_TRUNC('month', DATE_ADD('day', 1, x_LastDay))), '%Y%m'
        ) AS yearmonth
    FROM ${database}.focus_complete_days
),

rates AS (
    SELECT
        from_currency,
        REPLACE(CAST(valid_from AS varchar), '-', '') AS first_day,
        COALESCE(REPLACE(CAST(valid_until AS varchar), '-', ''), '99999999') AS end_day,
        rate
    FROM ${database}.focus_exchange_rates
    WHERE to_currency = '${reporting_currency}' AND from_currency <> '${reporting_currency}'
),

ways AS (
    SELECT waste.*
    FROM ${database}.focus_waste AS waste
    LEFT JOIN horizon
        ON waste.x_Provider = horizon.x_Provider
    WHERE waste.x_Reason = 'reduction' OR waste.yearmonth = horizon.yearmonth
),

converted AS (
    SELECT
        ways.x_Reason,
        ways.x_What,
        ways.x_Provider,
        ways.x_Account,
        ways.ServiceName,
        ways.yearmonth,
        ways.BillingCurrency,
        ways.x_Cost,
        ways.x_Effort,
        ways.x_ReductionOwner,
        CAST(
            CAST(ways.x_Cost AS decimal(24, 6))
            * CASE
                WHEN ways.BillingCurrency = '${reporting_currency}' THEN CAST(1 AS decimal(20, 12))
                ELSE rates.rate
            END AS decimal(38, 18)
        ) AS x_SavingConverted
    FROM ways
    LEFT JOIN rates
        ON
            ways.BillingCurrency = rates.from_currency
            AND CONCAT(ways.yearmonth, '01') >= rates.first_day
            AND CONCAT(ways.yearmonth, '01') < rates.end_day
)

SELECT
    ROW_NUMBER() OVER (
        ORDER BY
            COALESCE(x_SavingConverted, CAST(-1 AS decimal(38, 18))) DESC,
            x_Cost DESC,
            x_What,
            x_Account,
            ServiceName,
            x_Reason
    ) AS x_Rank,
    x_What,
    x_Reason,
    x_Provider,
    x_Account,
    ServiceName,
    yearmonth,
    BillingCurrency,
    x_Cost AS x_Saving,
    CAST('${reporting_currency}' AS varchar) AS x_ReportingCurrency,
    x_SavingConverted,
    x_Effort,
    x_ReductionOwner
FROM converted
WHERE x_Cost > 0
