-- One row is one day of one series that is judged: what it cost, what was to be expected.
-- A department's days are those of the charges with its cost centers, not of what it bears.
-- x_Expected is the level of the days before (their median) times what the weekday usually is of
-- its level (the median of the weeks before). x_Score counts deviations. x_Kind: rise, drop, new
-- (a series that is usually zero), drip (the last week against a month some weeks ago), or null.
CREATE OR REPLACE VIEW ${database}.focus_anomaly_days AS
WITH floors (currency, amount) AS (
    VALUES
${plan_anomaly_floors}
),

series AS (
    SELECT
        CASE days.x_Scope WHEN 'tagged_department' THEN 'department' ELSE days.x_Scope END AS scope,
        days.x_Value AS value,
        days.x_Provider,
        days.BillingCurrency,
        days.x_ChargeDay AS day,
        days.x_DayNo AS day_no,
        days.x_LastDayNo AS last_no,
        days.x_HistoryDays AS history_days,
        days.x_Cost AS cost,
        CAST(days.x_Running AS decimal(24, 6)) AS running,
        CAST(days.x_Usual AS decimal(24, 6)) AS usual,
        COALESCE(floors.amount, ${plan_anomaly_amount}) AS least
    FROM ${database}.focus_daily_series AS days
    LEFT JOIN floors
        ON days.BillingCurrency = floors.currency
    WHERE
        days.x_DayNo <= days.x_LastDayNo
        AND days.x_Scope IN ('provider', 'account', 'service', 'tagged_department')
),

windows AS (
    SELECT
        series.*,
        ARRAY_SORT(
            ARRAY_AGG(running) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
                ROWS BETWEEN ${plan_level_days} PRECEDING AND 1 PRECEDING
            )
        ) AS level_costs,
        ARRAY_SORT(
            ARRAY_AGG(running) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
                ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
            )
        ) AS week_costs,
        ARRAY_SORT(
            ARRAY_AGG(running) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
                ROWS BETWEEN ${plan_drip_until} PRECEDING AND ${plan_drip_days} PRECEDING
            )
        ) AS earlier_costs,
        MAX(running) OVER (
            PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
            ROWS BETWEEN 56 PRECEDING AND 1 PRECEDING
        ) AS most,
        LAG(usual, 7) OVER (
            PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
        ) AS usual_before,
        LAG(usual, 35) OVER (
            PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
        ) AS usual_earlier
    FROM series
),

levels AS (
    SELECT
        windows.*,
        CAST(${plan_level_median} AS decimal(24, 6)) AS level,
        CAST(${plan_week_median} AS decimal(24, 6)) AS week,
        CASE
            WHEN history_days > ${plan_drip_until}
                THEN CAST(${plan_earlier_median} AS decimal(24, 6))
        END AS earlier
    FROM windows
),

ratios AS (
    SELECT
        levels.*,
        CASE
            WHEN level > 0
                THEN
                    CAST(
                        LEAST(
                            ROUND(CAST(running AS double) / CAST(level AS double), 6), 1e6
                        ) AS decimal(18, 6)
                    )
        END AS ratio
    FROM levels
),

patterns AS (
    SELECT
        ratios.*,
        ARRAY_SORT(
            FILTER(
                ARRAY[
${plan_pattern_before}
                ],
                one -> one IS NOT NULL
            )
        ) AS pattern
    FROM ratios
),

middles AS (
    SELECT
        patterns.*,
        CASE
            WHEN CARDINALITY(pattern) >= ${plan_pattern_least}
                THEN CAST(${plan_pattern_median} AS decimal(18, 6))
        END AS weekday
    FROM patterns
),

spread AS (
    SELECT
        middles.*,
        ARRAY_SORT(TRANSFORM(pattern, one -> ABS(one - weekday))) AS apart
    FROM middles
),

measured AS (
    SELECT
        spread.*,
        GREATEST(
            CAST(CAST('1.4826' AS decimal(5, 4)) * ${plan_apart_median} AS decimal(18, 6)),
            ${plan_least_deviation}
        ) AS deviation,
        CAST(level * weekday AS decimal(24, 6)) AS expected,
        CAST(earlier * COALESCE(weekday, 1) AS decimal(24, 6)) AS expected_earlier
    FROM spread
),

-- After quiet days the level is low: a rise has to stand out from the same weekdays before them, too.
compared AS (
    SELECT
        measured.*,
        GREATEST(
            expected,
            COALESCE(usual_before, expected),
            COALESCE(usual_earlier, expected)
        ) AS highest,
        GREATEST(
            LAG(week, 14) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
            ),
            LAG(week, 21) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
            )
        ) AS week_before,
        -- A level that was reached at once and alarmed then is not a drip some weeks later.
        GREATEST(
            earlier,
            LAG(level, ${plan_settled_days}) OVER (
                PARTITION BY scope, value, x_Provider, BillingCurrency ORDER BY day_no
            )
        ) AS settled
    FROM measured
),

judged AS (
    SELECT
        compared.*,
        CASE
            WHEN level = 0 AND history_days > 28
                THEN
                    CASE
                        WHEN
                            running - usual_before >= ${plan_new_times} * least
                            AND running >= ${plan_new_times} * most
                            THEN 'new'
                    END
            WHEN
                ratio - weekday > ${plan_score} * deviation
                AND running - highest >= ${plan_rise_share} * highest
                AND running - highest >= least
                THEN 'rise'
            WHEN
                running < expected
                AND weekday - ratio > ${plan_score} * deviation
                AND expected - running >= ${plan_drop_share} * expected
                AND expected - running >= least
                THEN 'drop'
            WHEN
                week - settled > ${plan_drip_share} * settled
                AND week - week_before > ${plan_drip_growth} * week_before
                AND week - settled >= least
                AND running - expected_earlier >= least
                AND settled > 0
                THEN 'drip'
        END AS kind
    FROM compared
)

SELECT
    scope AS x_Scope,
    value AS x_Value,
    x_Provider,
    BillingCurrency,
    day AS x_ChargeDay,
    day_no AS x_DayNo,
    last_no AS x_LastDayNo,
    cost AS x_Actual,
    -- What recurs on the day, and corrections, are expected as they came.
    CAST(
        cost - running
        + CASE kind
            WHEN 'drip' THEN expected_earlier
            WHEN 'new' THEN usual_before
            ELSE expected
        END
        AS decimal(38, 18)
    ) AS x_Expected,
    CASE
        WHEN ratio IS NOT NULL AND weekday IS NOT NULL
            THEN
                CAST(
                    ROUND(
                        CAST(ratio - weekday AS double) / CAST(deviation AS double), 6
                    )
                    AS decimal(38, 6)
                )
    END AS x_Score,
    CAST(kind AS varchar) AS x_Kind
FROM judged
