-- One row is one day of one series: a scope's cost at one provider in one currency.
-- Days are the provider's own (x_ChargeDay); a charge outside its billing month counts on the
-- month's nearest day, so that the days of a month add up to the bill. Days after the provider's
-- last complete day have no cost: unknown, not low. x_Fixed is what recurs on that day of a month
-- (known from the months before alone, at once where the provider calls it recurring), x_Usual the middle of the last same weekdays, without it;
-- x_Drifts how far the level has moved from x_Usual by that day and the six after it.
-- x_DayNo counts days from Monday 1970-01-05.
CREATE OR REPLACE VIEW ${database}.focus_daily_series AS
-- A day without a charge costs nothing: each row reaches to the day before the next one.
WITH reaching AS (
    SELECT
        costs.x_Scope AS scope,
        costs.x_Value AS value,
        costs.x_Provider,
        costs.BillingCurrency,
        costs.x_DayNo AS day_no,
        costs.x_Cost AS cost,
        costs.x_Regular AS regular,
        costs.x_Recurring AS recurring,
        complete.x_LastDayNo AS last_no,
        complete.x_AheadNo AS ahead_no,
        LEAD(costs.x_DayNo) OVER (
            PARTITION BY costs.x_Scope, costs.x_Value, costs.x_Provider, costs.BillingCurrency
            ORDER BY costs.x_DayNo
        ) AS next_no,
        MIN(costs.x_DayNo) OVER (
            PARTITION BY costs.x_Scope, costs.x_Value, costs.x_Provider, costs.BillingCurrency
        ) AS began_no
    FROM ${database}.focus_scope_costs AS costs
    INNER JOIN ${database}.focus_complete_days AS complete
        ON costs.x_Provider = complete.x_Provider
    WHERE costs.x_DayNo <= complete.x_LastDayNo
),

dense AS (
    SELECT
        reaching.scope,
        reaching.value,
        reaching.x_Provider,
        reaching.BillingCurrency,
        days.day_no,
        reaching.last_no,
        reaching.began_no,
        CAST(DATE_ADD('day', days.day_no, DATE '1970-01-05') AS date) AS day,
        CASE
            WHEN days.day_no > reaching.last_no THEN CAST(NULL AS decimal(38, 18))
            WHEN days.day_no = reaching.day_no THEN reaching.cost
            ELSE CAST(0 AS decimal(38, 18))
        END AS cost,
        -- Estimates are made of amounts with six decimals, which every product below can hold; a
        -- day of 10^18 and more is unknown.
        CASE
            WHEN days.day_no > reaching.last_no THEN CAST(NULL AS decimal(24, 6))
            WHEN days.day_no = reaching.day_no THEN TRY_CAST(reaching.regular AS decimal(24, 6))
            ELSE CAST(0 AS decimal(24, 6))
        END AS regular,
        CASE
            WHEN days.day_no = reaching.day_no THEN TRY_CAST(reaching.recurring AS decimal(24, 6))
        END AS recurring
    FROM reaching
    CROSS JOIN
        UNNEST(
            SEQUENCE(
                reaching.day_no,
                COALESCE(reaching.next_no - 1, reaching.ahead_no)
            )
        ) AS days (day_no)
),

before AS (
    SELECT
        dense.*,
        DAY(day) AS month_day,
        DAY(DATE_ADD('day', 1, day)) = 1 AS ends_month,
        ARRAY_SORT(
            FILTER(
                ARRAY[
${plan_weeks_before}
                ],
                one -> one IS NOT NULL
            )
        ) AS same_days
    FROM dense
),

-- What a day cost beyond the same weekdays before, if that is much.
beyond AS (
    SELECT
        before.*,
        CASE
            WHEN
                CARDINALITY(same_days) >= 2
                AND regular - ${plan_same_days_median} > ${plan_fixed_share} * ${plan_same_days_median}
                AND regular - ${plan_same_days_median} >= ${plan_fixed_amount}
                THEN CAST(regular - ${plan_same_days_median} AS decimal(24, 6))
        END AS excess
    FROM before
),

named AS (
    SELECT
        beyond.*,
        -- One month is enough where the provider calls the charge recurring, and where a series
        -- has hardly any other charges.
        CASE
            WHEN recurring * 2 >= excess THEN excess
            WHEN
                SUM(CASE WHEN regular <> 0 THEN 1 ELSE 0 END) OVER (
                    PARTITION BY ${plan_series} ORDER BY day_no
                    ROWS BETWEEN 45 PRECEDING AND 1 PRECEDING
                ) <= 4
                THEN excess
        END AS named_excess
    FROM beyond
),

-- The same day of the months before; a month's last day also counts as such.
months AS (
    SELECT
        named.*,
        ARRAY_SORT(
            FILTER(
                ARRAY[
${plan_months_before}
                ],
                one -> one IS NOT NULL
            )
        ) AS recurred,
        ARRAY_SORT(
            FILTER(
                ARRAY[
${plan_month_ends_before}
                ],
                one -> one IS NOT NULL
            )
        ) AS recurred_at_end,
        LAG(excess, 1) OVER (
            PARTITION BY ${plan_series}, month_day ORDER BY day_no
        ) AS last_month,
        LAG(excess, 2) OVER (
            PARTITION BY ${plan_series}, month_day ORDER BY day_no
        ) AS month_before,
        COALESCE(
            LAG(named_excess, 1) OVER (
                PARTITION BY ${plan_series}, month_day ORDER BY day_no
            ),
            CASE
                WHEN
                    LAG(regular, 1) OVER (
                        PARTITION BY ${plan_series}, month_day ORDER BY day_no
                    ) IS NULL
                    THEN
                        LAG(named_excess, 2) OVER (
                            PARTITION BY ${plan_series}, month_day ORDER BY day_no
                        )
            END
        ) AS named_last_month
    FROM named
),

monthly AS (
    SELECT
        months.*,
        CASE
            WHEN CARDINALITY(recurred) >= ${plan_fixed_months}
                THEN CAST(${plan_recurred_median} AS decimal(24, 6))
            WHEN ends_month AND CARDINALITY(recurred_at_end) >= ${plan_fixed_months}
                THEN CAST(${plan_recurred_at_end_median} AS decimal(24, 6))
            WHEN named_last_month IS NOT NULL THEN named_last_month
            ELSE CAST(0 AS decimal(24, 6))
        END AS monthly
    FROM months
),

running AS (
    SELECT
        monthly.*,
        CASE
            WHEN monthly > 0 AND regular > ${plan_same_days_median}
                THEN
                    CAST(
                        regular - LEAST(monthly, regular - ${plan_same_days_median})
                        AS decimal(24, 6)
                    )
            ELSE regular
        END AS running
    FROM monthly
),

weeks AS (
    SELECT
        running.*,
        ARRAY_SORT(
            FILTER(
                ARRAY[
                    running,
${plan_weeks_running}
                ],
                one -> one IS NOT NULL
            )
        ) AS these_days
    FROM running
),

usual AS (
    SELECT
        weeks.*,
        CAST(${plan_these_days_median} AS decimal(24, 6)) AS usual
    FROM weeks
),

-- How far the last days are from what was usual on them: the level may have moved.
moving AS (
    SELECT
        usual.*,
        CASE
            WHEN usual > 0
                THEN
                    CAST(
                        LEAST(
                            ROUND(CAST(running AS double) / CAST(usual AS double), 6),
                            1e6
                        ) AS decimal(18, 6)
                    )
        END AS moved
    FROM usual
),

moved AS (
    SELECT
        moving.*,
        ARRAY_SORT(
            FILTER(
                ARRAY[
                    moved,
${plan_days_moved}
                ],
                one -> one IS NOT NULL
            )
        ) AS moves
    FROM moving
),

drift AS (
    SELECT
        moved.*,
        CASE
            WHEN ABS(${plan_moves_median} - 1) > ${plan_drift_least}
                THEN CAST(LEAST(${plan_moves_median}, ${plan_drift_most}) AS decimal(38, 6))
            ELSE CAST(1 AS decimal(38, 6))
        END AS drift
    FROM moved
)

SELECT
    scope AS x_Scope,
    value AS x_Value,
    x_Provider,
    BillingCurrency,
    DATE_FORMAT(day, '%Y%m') AS yearmonth,
    day AS x_ChargeDay,
    CAST(day_no AS bigint) AS x_DayNo,
    CAST(last_no AS bigint) AS x_LastDayNo,
    CAST(day_no - began_no + 1 AS bigint) AS x_HistoryDays,
    cost AS x_Cost,
    CAST(running AS decimal(38, 18)) AS x_Running,
    CAST(
        CASE
            WHEN CARDINALITY(recurred) > ${plan_fixed_months} THEN monthly
            WHEN named_last_month IS NOT NULL THEN monthly
            WHEN
                ABS(last_month - month_before) <= ${plan_fixed_alike} * month_before
                THEN monthly
            WHEN
                ends_month AND CARDINALITY(recurred_at_end) > ${plan_fixed_months}
                THEN monthly
            ELSE CAST(0 AS decimal(24, 6))
        END AS decimal(38, 18)
    ) AS x_Fixed,
    CAST(usual AS decimal(38, 18)) AS x_Usual,
    ARRAY[
        drift,
${plan_drifts}
    ] AS x_Drifts
FROM drift
