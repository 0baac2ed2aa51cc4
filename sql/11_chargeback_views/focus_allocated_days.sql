-- One row is what allocation adds on one day to the charges that carry a payer's own cost center.
-- Below zero it takes away. Allocation knows months: what a payer bears of a service in a month,
-- less the charges with its cost center, is spread over the days as the service's own cost is. The
-- days of a month add up to the month exactly.
CREATE OR REPLACE VIEW ${database}.focus_allocated_days AS
WITH own AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        COALESCE(ServiceName, '(no service)') AS service,
        -- A charge without a day counts on its month's first one.
        COALESCE(x_ChargeDay, DATE '1970-01-05') AS day,
        NULLIF(TRIM(x_CostCenter), '') AS payer,
        SUM(COALESCE(EffectiveCost, BilledCost)) AS cost
    FROM ${database}.focus_daily
    GROUP BY
        yearmonth,
        x_Provider,
        BillingCurrency,
        COALESCE(ServiceName, '(no service)'),
        COALESCE(x_ChargeDay, DATE '1970-01-05'),
        NULLIF(TRIM(x_CostCenter), '')
),

borne AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        COALESCE(ServiceName, '(no service)') AS service,
        x_Payer AS payer,
        COALESCE(EffectiveCost, BilledCost) AS cost
    FROM ${database}.focus_allocated_cost
    WHERE x_Payer <> '(unallocated)'
    UNION ALL
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        service,
        payer,
        -cost
    FROM own
    WHERE payer IS NOT NULL
),

rests AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        service,
        payer,
        SUM(cost) AS rest
    FROM borne
    GROUP BY
        yearmonth,
        x_Provider,
        BillingCurrency,
        service,
        payer
    HAVING SUM(cost) <> 0
),

services AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        service,
        day,
        SUM(SUM(cost)) OVER (
            PARTITION BY yearmonth, x_Provider, BillingCurrency, service ORDER BY day
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS upto,
        SUM(SUM(cost)) OVER (
            PARTITION BY yearmonth, x_Provider, BillingCurrency, service
        ) AS whole,
        ROW_NUMBER() OVER (
            PARTITION BY yearmonth, x_Provider, BillingCurrency, service ORDER BY day DESC
        ) AS days_left
    FROM own
    GROUP BY
        yearmonth,
        x_Provider,
        BillingCurrency,
        service,
        day
),

-- The part of the month's cost that had come by the end of the day; by the last day all of it.
parts AS (
    SELECT
        services.*,
        CASE
            WHEN days_left = 1 THEN CAST(1 AS decimal(13, 9))
            WHEN whole > 0
                THEN
                    CAST(
                        LEAST(
                            GREATEST(
                                ROUND(CAST(upto AS double) / CAST(whole AS double), 9), -1e3
                            ),
                            1e3
                        ) AS decimal(13, 9)
                    )
            ELSE CAST(0 AS decimal(13, 9))
        END AS part
    FROM services
),

steps AS (
    SELECT
        parts.*,
        COALESCE(
            LAG(part) OVER (
                PARTITION BY yearmonth, x_Provider, BillingCurrency, service ORDER BY day
            ),
            CAST(0 AS decimal(13, 9))
        ) AS part_before
    FROM parts
)

SELECT
    rests.yearmonth,
    rests.x_Provider,
    rests.BillingCurrency,
    rests.payer AS x_Payer,
    steps.day AS x_ChargeDay,
    SUM(
        CASE
            WHEN steps.days_left = 1 THEN rests.rest
            ELSE CAST(CAST(rests.rest AS decimal(24, 6)) * steps.part AS decimal(38, 18))
        END
        - CAST(CAST(rests.rest AS decimal(24, 6)) * steps.part_before AS decimal(38, 18))
    ) AS x_Cost
FROM rests
INNER JOIN steps
    ON
        rests.yearmonth = steps.yearmonth
        AND rests.x_Provider = steps.x_Provider
        AND rests.BillingCurrency = steps.BillingCurrency
        AND rests.service = steps.service
GROUP BY
    rests.yearmonth,
    rests.x_Provider,
    rests.BillingCurrency,
    rests.payer,
    steps.day
