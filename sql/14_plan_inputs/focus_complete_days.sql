-- One row is one provider, and how far its days are known: x_LastDay is the last whole one.
-- A day is known when every export of the provider charged up to its end (the ledger's
-- charged_until) and delivered after it; later days are unknown, not low. Days are the
-- provider's own. An export that fell silent long before the others does not hold them back.
-- x_Horizon is the end of the newest provider's month, x_AheadNo that of the month after it.
-- x_HasEnded: the provider itself fell silent so long ago that nothing more is expected of it.
-- x_OpenMonth is the first month, up to x_Horizon's, of which days of any other are unknown.
CREATE OR REPLACE VIEW ${database}.focus_complete_days AS
WITH zones (provider, hours) AS (
    VALUES
${plan_provider_zones}
),

pushes AS (
    SELECT
        batches.provider,
        exports.export,
        CAST(
            CONCAT(SUBSTR(batches.yearmonth, 1, 4), '-', SUBSTR(batches.yearmonth, 5, 2), '-01')
            AS date
        ) AS first_day,
        CAST(
            DATE_ADD(
                'hour',
                zones.hours,
                CAST(SUBSTR(REPLACE(batches.charge_period_end_max, 'T', ' '), 1, 19) AS timestamp)
            ) AS date
        ) AS charged_until,
        CAST(
            DATE_ADD(
                'hour',
                zones.hours - ${plan_settle_hours},
                CAST(
                    SUBSTR(
                        REPLACE(COALESCE(batches.delivered_at, batches.published_at), 'T', ' '),
                        1,
                        19
                    ) AS timestamp
                )
            ) AS date
        ) AS delivered
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(batches.exports) AS exports (export)
    INNER JOIN zones
        ON batches.provider = zones.provider
    WHERE batches.status = 'published'
),

ends AS (
    SELECT
        provider,
        export,
        first_day,
        LEAST(
            CAST(DATE_ADD('month', 1, first_day) AS date),
            COALESCE(charged_until, CAST(DATE_ADD('month', 1, first_day) AS date)),
            COALESCE(delivered, CAST(DATE_ADD('month', 1, first_day) AS date))
        ) AS known_until
    FROM pushes
),

exports AS (
    SELECT
        provider,
        export,
        MIN(first_day) AS first_day,
        MAX(known_until) AS known_until
    FROM ends
    GROUP BY
        provider,
        export
),

newest AS (
    SELECT
        exports.*,
        MAX(known_until) OVER (PARTITION BY provider) AS newest
    FROM exports
),

providers AS (
    SELECT
        provider,
        MIN(first_day) AS first_day,
        CAST(DATE_ADD('day', -1, MIN(known_until)) AS date) AS last_day
    FROM newest
    WHERE DATE_DIFF('day', known_until, newest) <= ${plan_silent_days}
    GROUP BY provider
),

horizon AS (
    SELECT
        providers.*,
        MAX(last_day) OVER () AS newest
    FROM providers
),

ended AS (
    SELECT
        horizon.*,
        DATE_DIFF('day', last_day, newest) > ${plan_silent_days} AS has_ended
    FROM horizon
),

ahead AS (
    SELECT
        provider,
        first_day,
        last_day,
        has_ended,
        CAST(
            LEAST(
                MIN(
                    CASE
                        WHEN NOT has_ended THEN DATE_TRUNC('month', DATE_ADD('day', 1, last_day))
                    END
                ) OVER (),
                DATE_TRUNC('month', newest)
            ) AS date
        ) AS open_month,
        CAST(
            DATE_ADD(
                'day', -1, CAST(DATE_ADD('month', 1, DATE_TRUNC('month', newest)) AS date)
            ) AS date
        ) AS horizon
    FROM ended
)

SELECT
    provider AS x_Provider,
    first_day AS x_FirstDay,
    last_day AS x_LastDay,
    CAST(DATE_DIFF('day', DATE '1970-01-05', last_day) AS bigint) AS x_LastDayNo,
    horizon AS x_Horizon,
    CAST(DATE_DIFF('day', DATE '1970-01-05', horizon) AS bigint) AS x_HorizonNo,
    CAST(
        DATE_DIFF('day', DATE '1970-01-05', DATE_ADD('month', 1, DATE_ADD('day', 1, horizon))) - 1
        AS bigint
    ) AS x_AheadNo,
    open_month AS x_OpenMonth,
    has_ended AS x_HasEnded
FROM ahead
