-- One row is one exchange rate and the days it holds: from valid_from until before valid_until.
-- A line that is there twice counts once. rate is null where lines of one day disagree or one is
-- no rate: nobody can say which is right, and the refresh names them. There is no rate at all
-- while a file has `to` before `from`: every rate would be its own inverse.
CREATE OR REPLACE VIEW ${database}.focus_exchange_rates AS
WITH written AS (
    SELECT
        UPPER(TRIM(from_currency)) AS from_currency,
        UPPER(TRIM(to_currency)) AS to_currency,
        CASE
            WHEN REGEXP_LIKE(TRIM(valid_from), '^[0-9]{4}-[0-9]{2}-[0-9]{2}$$')
                THEN TRY_CAST(TRIM(valid_from) AS date)
        END AS valid_from,
        -- At most 8 digits and 12 decimals: what fits is never rounded.
        CASE
            WHEN REGEXP_LIKE(TRIM(rate), '^[0-9]{1,8}([.][0-9]{1,12})?$$')
                THEN NULLIF(TRY_CAST(TRIM(rate) AS decimal(20, 12)), 0)
        END AS rate
    FROM ${database}.focus_fx_rates
),

days AS (
    SELECT
        from_currency,
        to_currency,
        valid_from,
        CASE
            WHEN COUNT(rate) = COUNT(*) AND MIN(rate) = MAX(rate) THEN MIN(rate)
        END AS rate
    FROM written
    WHERE
        valid_from IS NOT NULL
        AND REGEXP_LIKE(from_currency, '^[A-Z]{3}$$')
        AND REGEXP_LIKE(to_currency, '^[A-Z]{3}$$')
        AND NOT EXISTS (
            SELECT 1
            FROM written
            WHERE from_currency IN ('TO', CONCAT(CHR(65279), 'TO'))
        )
    GROUP BY
        from_currency,
        to_currency,
        valid_from
)

SELECT
    from_currency,
    to_currency,
    valid_from,
    LEAD(valid_from) OVER (
        PARTITION BY from_currency, to_currency
        ORDER BY valid_from
    ) AS valid_until,
    rate
FROM days
