-- One row is what came of one export for one month: the last push, the next one expected, late or
-- not, final or month to date. Times are UTC. A month that should have begun and has no push is a
-- row as well. The schedule is the declaration's; without one x_IsLate or x_IsFinal is null, and
-- x_Reason says so. A push that was refused has come: see x_LastRefused.
CREATE OR REPLACE VIEW ${database}.focus_delivery_status AS
WITH arrived AS (
    SELECT
        batches.provider,
        names.export,
        batches.yearmonth,
        batches.status,
        CAST(
            SUBSTR(
                REPLACE(COALESCE(batches.delivered_at, batches.published_at), 'T', ' '), 1, 23
            ) AS timestamp
        ) AS delivered_at
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(batches.exports) AS names (export)
),

pushes AS (
    SELECT
        provider,
        export,
        yearmonth,
        MAX(delivered_at) AS last_push,
        MAX(CASE WHEN status = 'published' THEN delivered_at END) AS last_published,
        MAX(CASE WHEN status = 'rejected' THEN delivered_at END) AS last_refused
    FROM arrived
    GROUP BY
        provider,
        export,
        yearmonth
),

schedules (provider, delivery, every_hours, late_after_hours) AS (
    VALUES
${schedules}
),

-- Exports that are known to have ended, with their last month.
ended (provider, export, last_month) AS (
    VALUES
${ended_exports}
),

-- From three years ago to the month after the refresh; final_by is null where none is declared.
calendar (provider, yearmonth, starts, ends, final_by) AS (
    VALUES
${delivery_calendar}
),

exports AS (
    SELECT
        pushes.provider,
        pushes.export,
        MIN(pushes.yearmonth) AS first_month,
        MIN(ended.last_month) AS last_month
    FROM pushes
    LEFT JOIN ended
        ON pushes.provider = ended.provider
        AND pushes.export = ended.export
    GROUP BY
        pushes.provider,
        pushes.export
),

expected AS (
    SELECT
        exports.provider,
        exports.export,
        calendar.yearmonth
    FROM exports
    INNER JOIN calendar
        ON exports.provider = calendar.provider
        AND exports.first_month <= calendar.yearmonth
    WHERE
        CAST(calendar.starts AS timestamp) <= ${now}
        AND (exports.last_month IS NULL OR calendar.yearmonth <= exports.last_month)
    UNION
    SELECT
        provider,
        export,
        yearmonth
    FROM pushes
),

timed AS (
    SELECT
        expected.provider,
        expected.export,
        expected.yearmonth,
        schedules.delivery,
        schedules.every_hours,
        schedules.late_after_hours,
        calendar.provider IS NULL AS is_long_ago,
        CAST(calendar.starts AS timestamp) AS starts,
        CAST(calendar.ends AS timestamp) AS ends,
        CAST(calendar.final_by AS timestamp) AS final_by,
        pushes.last_push,
        pushes.last_published,
        pushes.last_refused,
        -- Until here the last push of a month leaves nothing out: a snapshot is the whole month
        -- only if it was made after the month's end, increments end with the month.
        CASE schedules.delivery
            WHEN 'snapshot' THEN CAST(calendar.ends AS timestamp)
            ELSE DATE_ADD('hour', -2 * schedules.every_hours, CAST(calendar.ends AS timestamp))
        END AS whole_from,
        ${now} AS now_utc
    FROM expected
    INNER JOIN schedules
        ON expected.provider = schedules.provider
    LEFT JOIN calendar
        ON expected.provider = calendar.provider
        AND expected.yearmonth = calendar.yearmonth
    LEFT JOIN pushes
        ON expected.provider = pushes.provider
        AND expected.export = pushes.export
        AND expected.yearmonth = pushes.yearmonth
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_long_ago THEN TRUE
            WHEN now_utc < ends THEN FALSE
            WHEN final_by IS NULL THEN NULL
            ELSE now_utc >= final_by AND COALESCE(last_published >= whole_from, FALSE)
        END AS is_final,
        -- The first day must pass and then be delivered.
        COALESCE(
            DATE_ADD('hour', every_hours, last_push),
            DATE_ADD('hour', 2 * every_hours, starts)
        ) AS next_push,
        CASE
            WHEN delivery = 'snapshot' AND final_by IS NOT NULL THEN final_by
            WHEN delivery = 'snapshot' THEN DATE_ADD('hour', every_hours, ends)
            -- The increment after the month's last one lies in the next month's folder.
            ELSE DATE_ADD('second', -1, ends)
        END AS last_due
    FROM timed
),

due AS (
    SELECT
        *,
        CASE
            WHEN is_long_ago OR (is_final IS NOT NULL AND is_final) THEN NULL
            WHEN delivery = 'snapshot' AND final_by IS NOT NULL
                THEN LEAST(COALESCE(next_push, final_by), final_by)
            WHEN next_push <= last_due THEN next_push
        END AS next_expected
    FROM judged
)

SELECT
    provider AS x_Provider,
    export AS x_Export,
    yearmonth,
    last_push AS x_LastPush,
    last_published AS x_LastPublished,
    last_refused AS x_LastRefused,
    next_expected AS x_NextExpected,
    final_by AS x_FinalBy,
    CASE
        WHEN next_expected IS NOT NULL
            THEN now_utc > DATE_ADD('hour', late_after_hours, next_expected)
        WHEN is_final OR every_hours IS NOT NULL THEN FALSE
    END AS x_IsLate,
    CASE
        WHEN now_utc > DATE_ADD('hour', late_after_hours, next_expected)
            THEN CAST(
                CAST(DATE_DIFF('minute', next_expected, now_utc) AS double) / 60e0
                AS decimal(38, 6)
            )
    END AS x_LateHours,
    is_final AS x_IsFinal,
    CAST(
        CASE
            WHEN every_hours IS NULL AND final_by IS NULL AND NOT is_long_ago THEN 'no_schedule'
            WHEN is_final IS NULL THEN 'no_final_day'
        END AS varchar
    ) AS x_Reason
FROM due
