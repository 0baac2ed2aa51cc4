-- One row is one part of one day's forecast of a series; sum them by day or by month.
-- x_KnownDays tells how many days of the month were known: 5, 10 and 20 in the months so far, and
-- null for the forecast of today. x_Part: known (what was charged up to then), usual (for a day
-- after it: the middle of the last same weekdays), fixed (what recurs on that day of a month),
-- came (what was charged after all);
-- usual before and fixed before are what would have been usual on the days that are known.
CREATE OR REPLACE VIEW ${database}.focus_forecast_parts AS
WITH known (known_days) AS (
    VALUES
${plan_known_days}
),

past AS (
    SELECT
        complete.x_Provider,
        known.known_days,
        DATE_ADD(
            'month', months.month_no, DATE_TRUNC('month', complete.x_FirstDay)
        ) AS target,
        complete.x_LastDayNo AS last_no,
        complete.x_AheadNo AS ahead_no
    FROM ${database}.focus_complete_days AS complete
    CROSS JOIN known
    CROSS JOIN
        UNNEST(
            SEQUENCE(
                0,
                DATE_DIFF(
                    'month',
                    DATE_TRUNC('month', complete.x_FirstDay),
                    DATE_TRUNC('month', complete.x_LastDay)
                )
            )
        ) AS months (month_no)
),

-- A provider that fell silent for good is not expected to cost anything.
ahead AS (
    SELECT
        complete.x_Provider,
        CAST(NULL AS integer) AS known_days,
        DATE_ADD('month', months.month_no, complete.x_OpenMonth) AS target,
        complete.x_LastDayNo AS last_no,
        complete.x_AheadNo AS ahead_no
    FROM ${database}.focus_complete_days AS complete
    CROSS JOIN
        UNNEST(
            SEQUENCE(0, 11 + DATE_DIFF('month', complete.x_OpenMonth, complete.x_Horizon))
        ) AS months (month_no)
    WHERE NOT complete.x_HasEnded
),

targets AS (
    SELECT
        x_Provider,
        known_days,
        DATE_FORMAT(target, '%Y%m') AS yearmonth,
        DATE_DIFF('day', DATE '1970-01-05', target) AS first_no,
        DATE_DIFF('day', DATE '1970-01-05', DATE_ADD('month', 1, target)) - 1 AS end_no,
        last_no,
        ahead_no
    FROM (
        SELECT
            x_Provider,
            known_days,
            CAST(target AS date) AS target,
            last_no,
            ahead_no
        FROM past
        UNION ALL
        SELECT
            x_Provider,
            known_days,
            CAST(target AS date) AS target,
            last_no,
            ahead_no
        FROM ahead
    ) AS months
),

points AS (
    SELECT
        targets.*,
        CASE
            WHEN known_days IS NULL THEN last_no
            ELSE first_no + known_days - 1
        END AS known_no
    FROM targets
    WHERE known_days IS NULL OR first_no + known_days - 1 <= last_no
),

days AS (
    SELECT
        points.*,
        days.day_no,
        CASE
            WHEN days.day_no <= points.ahead_no THEN days.day_no
            WHEN days.day_no = points.end_no THEN points.ahead_no
            ELSE
                LEAST(
                    points.ahead_no
                    - DAY(DATE_ADD('day', points.ahead_no, DATE '1970-01-05'))
                    + 1
                    + days.day_no - points.first_no,
                    points.ahead_no - 1
                )
        END AS fixed_no
    FROM points
    CROSS JOIN UNNEST(SEQUENCE(points.first_no, points.end_no)) AS days (day_no)
),

parts (part) AS (
    VALUES
        ('known'),
        ('usual'),
        ('fixed'),
        ('came'),
        ('usual before'),
        ('fixed before')
),

calendar AS (
    SELECT
        days.x_Provider,
        days.known_days,
        days.yearmonth,
        days.known_no,
        days.day_no,
        parts.part,
        CASE parts.part
            WHEN 'usual'
                THEN days.known_no - MOD(7 - MOD(days.day_no - days.known_no, 7), 7)
            WHEN 'usual before' THEN days.known_no - MOD(days.known_no - days.day_no, 7)
            WHEN 'fixed' THEN days.fixed_no
            ELSE days.day_no
        END AS source_no
    FROM days
    INNER JOIN parts
        ON
            (parts.part = 'known' AND days.day_no <= days.known_no)
            OR (parts.part IN ('usual', 'fixed') AND days.day_no > days.known_no)
            OR (
                parts.part IN ('usual before', 'fixed before')
                AND days.known_days IS NULL
                AND days.day_no <= days.known_no
            )
            OR (
                parts.part = 'came'
                AND days.day_no > days.known_no
                AND days.end_no <= days.last_no
            )
)

SELECT
    series.x_Scope,
    series.x_Value,
    series.x_Provider,
    series.BillingCurrency,
    calendar.yearmonth,
    CAST(calendar.known_days AS bigint) AS x_KnownDays,
    CAST(calendar.known_no AS bigint) AS x_KnownNo,
    CAST(calendar.day_no AS bigint) AS x_DayNo,
    CAST(calendar.part AS varchar) AS x_Part,
    series.x_HistoryDays,
    CASE
        WHEN calendar.part IN ('usual', 'usual before')
            THEN
                CAST(
                    CAST(series.x_Usual AS decimal(24, 6))
                    * COALESCE(
                        CAST(
                            ELEMENT_AT(
                                series.x_Drifts, calendar.known_no - calendar.source_no + 1
                            ) AS decimal(12, 6)
                        ),
                        CAST(1 AS decimal(12, 6))
                    )
                    AS decimal(38, 18)
                )
        WHEN calendar.part IN ('fixed', 'fixed before') THEN series.x_Fixed
        ELSE series.x_Cost
    END AS x_Amount
FROM ${database}.focus_daily_series AS series
INNER JOIN calendar
    ON
        series.x_Provider = calendar.x_Provider
        AND series.x_DayNo = calendar.source_no
WHERE series.x_Scope <> 'tagged_department'
