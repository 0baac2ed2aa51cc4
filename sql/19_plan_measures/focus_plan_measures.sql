-- One row is a measure of plans, policies and alerts. M6: findings said, by day and policy, on
-- average over the days and policies that said any; M9: anomalies judged false, of those judged;
-- M10: median seconds of the common queries, by the month in which they were asked;
-- M12: the fewest days that a rule or policy which counts since that month was in shadow; M13: the
-- fastest burn rate of the month's budgets in one currency, of a provider where the budget is its.
CREATE OR REPLACE VIEW ${database}.focus_plan_measures AS
WITH said AS (
    SELECT
        lines.day_sent,
        ELEMENT_AT(lines.findings, places.place).policy AS policy
    FROM ${database}.focus_alert_lines AS lines
    CROSS JOIN UNNEST(
        CASE
            WHEN CARDINALITY(lines.findings) > 0 THEN SEQUENCE(1, CARDINALITY(lines.findings))
        END
    ) AS places (place)
    WHERE lines.kind = 'begun'
),

actions AS (
    SELECT
        day_sent,
        policy,
        COUNT(*) AS said
    FROM said
    GROUP BY
        day_sent,
        policy
),

begun AS (
    SELECT
        shadow_from,
        active_from
    FROM ${database}.focus_allocation_rules
    WHERE status = 'active'
    UNION ALL
    SELECT
        shadow_from,
        active_from
    FROM ${database}.focus_policies
    WHERE mode <> 'shadow'
),

budgets AS (
    SELECT
        CASE WHEN x_Scope = 'provider' THEN x_Value END AS provider,
        yearmonth,
        x_Currency,
        x_BurnRate,
        x_Reason
    FROM ${database}.focus_budget_status
),

-- Of an even number of queries the two in the middle count.
timed AS (
    SELECT
        DATE_FORMAT(CAST(day AS timestamp), '%Y%m') AS yearmonth,
        seconds,
        ROW_NUMBER() OVER (
            PARTITION BY DATE_FORMAT(CAST(day AS timestamp), '%Y%m') ORDER BY seconds
        ) AS place,
        COUNT(*) OVER (PARTITION BY DATE_FORMAT(CAST(day AS timestamp), '%Y%m')) AS asked
    FROM ${database}.focus_query_times
)

SELECT
    CAST('M6' AS varchar) AS metric,
    CAST(NULL AS varchar) AS provider,
    CONCAT(SUBSTR(day_sent, 1, 4), SUBSTR(day_sent, 6, 2)) AS yearmonth,
    CAST(NULL AS varchar) AS BillingCurrency,
    CAST(CAST(SUM(said) AS double) / CAST(COUNT(*) AS double) AS decimal(38, 6)) AS value,
    CAST(NULL AS varchar) AS reason
FROM actions
GROUP BY CONCAT(SUBSTR(day_sent, 1, 4), SUBSTR(day_sent, 6, 2))
UNION ALL
SELECT
    'M9',
    x_Provider,
    DATE_FORMAT(CAST(x_FirstDay AS timestamp), '%Y%m'),
    CAST(NULL AS varchar),
    CAST(
        CAST(SUM(CASE WHEN x_Status = 'false' THEN 1 ELSE 0 END) AS double)
        / CAST(COUNT(*) AS double)
        AS decimal(38, 6)
    ),
    CAST(NULL AS varchar)
FROM ${database}.focus_cost_anomalies
WHERE x_Status IN ('true', 'false')
GROUP BY
    x_Provider,
    DATE_FORMAT(CAST(x_FirstDay AS timestamp), '%Y%m')
UNION ALL
SELECT
    'M10',
    CAST(NULL AS varchar),
    yearmonth,
    CAST(NULL AS varchar),
    CAST(AVG(CAST(seconds AS double)) AS decimal(38, 6)),
    CAST(NULL AS varchar)
FROM timed
WHERE 2 * place BETWEEN asked AND asked + 2
GROUP BY yearmonth
UNION ALL
SELECT
    'M12',
    CAST(NULL AS varchar),
    DATE_FORMAT(CAST(active_from AS timestamp), '%Y%m'),
    CAST(NULL AS varchar),
    CAST(MIN(DATE_DIFF('day', shadow_from, active_from)) AS decimal(38, 6)),
    CAST(
        CASE
            WHEN COUNT(shadow_from) < COUNT(*)
                THEN CONCAT(
                    CAST(COUNT(*) - COUNT(shadow_from) AS varchar),
                    ' of ',
                    CAST(COUNT(*) AS varchar),
                    ' left out: no shadow_from'
                )
        END AS varchar
    )
FROM begun
WHERE active_from IS NOT NULL
GROUP BY DATE_FORMAT(CAST(active_from AS timestamp), '%Y%m')
UNION ALL
SELECT
    'M13',
    provider,
    yearmonth,
    x_Currency,
    MAX(x_BurnRate),
    CAST(CASE WHEN MAX(x_BurnRate) IS NULL THEN MIN(x_Reason) END AS varchar)
FROM budgets
GROUP BY
    provider,
    yearmonth,
    x_Currency
