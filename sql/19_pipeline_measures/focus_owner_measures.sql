-- One row is a measure of who owns what was charged in a provider's own billing month, or why it has
-- no value: M1, cost with an owner, and M4, the growth of cost without one against the week before,
-- both in one currency; M14, resources with all required attributes.
CREATE OR REPLACE VIEW ${database}.focus_owner_measures AS
-- A day is complete when it ended before the last charge of its export did.
WITH days AS (
    SELECT
        x_Provider AS provider,
        x_Export AS export,
        x_BillingMonth AS month,
        BillingCurrency,
        x_Day AS day,
        x_UnownedCost AS cost,
        CAST(DATE_ADD('day', 1, x_Day) AS timestamp) <= COALESCE(
            MAX(x_ShortUntil) OVER (PARTITION BY x_Provider, x_Export),
            MAX(x_AnyUntil) OVER (PARTITION BY x_Provider, x_Export)
        ) AS is_complete
    FROM ${database}.focus_charge_days
),

-- Each export's own two weeks: sites may be pushed days apart. Days of any billing month: in the
-- first days of a month the week before is in the old one.
weeks AS (
    SELECT
        provider,
        export,
        month,
        BillingCurrency,
        day,
        is_complete,
        MAX(CASE WHEN is_complete THEN day END) OVER (
            PARTITION BY provider, export, BillingCurrency, month
        ) AS last_day,
        SUM(cost) OVER (
            PARTITION BY provider, export, BillingCurrency, is_complete
            ORDER BY day
            RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND CURRENT ROW
        ) AS this_week,
        SUM(cost) OVER (
            PARTITION BY provider, export, BillingCurrency, is_complete
            ORDER BY day
            RANGE BETWEEN INTERVAL '13' DAY PRECEDING AND INTERVAL '7' DAY PRECEDING
        ) AS week_before
    FROM days
),

-- The last complete day of each export and currency; its batches are rows of equal weeks.
last_days AS (
    SELECT
        provider,
        export,
        month,
        BillingCurrency,
        MAX(CASE WHEN is_complete AND day = last_day THEN this_week END) AS this_week,
        MAX(CASE WHEN is_complete AND day = last_day THEN week_before END) AS week_before
    FROM weeks
    GROUP BY
        provider,
        export,
        month,
        BillingCurrency
),

trends AS (
    SELECT
        provider,
        month,
        BillingCurrency,
        COALESCE(SUM(this_week), CAST(0 AS decimal(38, 18))) AS this_week,
        CASE WHEN SUM(week_before) > 0 THEN SUM(week_before) END AS week_before,
        COUNT(this_week) > 0 AS has_days
    FROM last_days
    GROUP BY
        provider,
        month,
        BillingCurrency
)

SELECT
    CAST('M1' AS varchar) AS metric,
    x_Provider AS provider,
    yearmonth AS x_BillingMonth,
    BillingCurrency,
    CAST(x_Coverage AS decimal(38, 6)) AS value,
    CAST(
        CASE
            WHEN x_Reason IS NOT NULL THEN x_Reason
            WHEN EffectiveCost <> x_ChargedEffectiveCost
                THEN 'without credits and tax, see focus_tag_coverage'
        END AS varchar
    ) AS reason
FROM ${database}.focus_tag_coverage
WHERE x_Attribute = 'x_Owner'
UNION ALL
SELECT
    'M4',
    provider,
    month,
    BillingCurrency,
    CAST(
        CAST(this_week - week_before AS double) / CAST(week_before AS double) AS decimal(38, 6)
    ),
    CAST(
        CASE
            WHEN NOT has_days THEN 'no complete day of charges'
            WHEN week_before IS NULL THEN 'no unowned charge in the week before'
        END AS varchar
    )
FROM trends
UNION ALL
SELECT
    'M14',
    x_Provider,
    x_BillingMonth,
    CAST(NULL AS varchar),
    CAST(
        CAST(x_TaggedResources AS double) / NULLIF(CAST(x_Resources AS double), 0e0)
        AS decimal(38, 6)
    ),
    CAST(NULL AS varchar)
FROM ${database}.focus_tag_compliance
