-- One row is a measure of a month, provider and currency after allocation, beside M1, which is
-- before it. Of what is above zero by payer and service, so that credits hide nothing; with tax.
-- M1_after_allocation: the share that has a payer; unallocated_share: the rest.
CREATE OR REPLACE VIEW ${database}.focus_allocation_measures AS
WITH borne AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        SUM(CASE WHEN EffectiveCost > 0 THEN EffectiveCost END) AS whole,
        SUM(CASE WHEN EffectiveCost > 0 AND x_Payer <> '(unallocated)' THEN EffectiveCost END)
            AS owned
    FROM ${database}.focus_allocated_cost
    GROUP BY
        yearmonth,
        x_Provider,
        BillingCurrency
),

shared AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        CASE
            WHEN whole > 0
                THEN CAST(
                    CAST(COALESCE(owned, CAST(0 AS decimal(38, 18))) AS double)
                    / CAST(whole AS double)
                    AS decimal(38, 6)
                )
        END AS coverage,
        CASE WHEN whole IS NULL THEN 'no effective cost above zero' END AS reason
    FROM borne
)

SELECT
    CAST('M1_after_allocation' AS varchar) AS metric,
    x_Provider AS provider,
    yearmonth,
    BillingCurrency,
    coverage AS value,
    CAST(reason AS varchar) AS reason
FROM shared
UNION ALL
SELECT
    'unallocated_share',
    x_Provider,
    yearmonth,
    BillingCurrency,
    CAST(1 - coverage AS decimal(38, 6)),
    CAST(reason AS varchar)
FROM shared
