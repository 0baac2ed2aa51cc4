-- One row is one measure of a provider's month, in one currency where it is about money, worked out
-- when it is asked. focus_pipeline_metrics has what the last refresh worked out, at once.
-- met is null where there is no target or no value; what is measured says lib's metrics.csv.
-- Measures of charges go by their own billing month (x_BillingMonth), those of batches by the
-- folder's. reason: why there is no value, or what the value leaves out.
CREATE OR REPLACE VIEW ${database}.focus_metrics_now AS
WITH charged AS (
    SELECT
        x_Provider AS provider,
        x_Export AS export,
        yearmonth,
        batch_ts,
        x_BillingMonth AS month,
        BillingCurrency,
        x_Day AS day,
        x_ShortUntil AS short_until,
        x_AnyUntil AS any_until,
        x_UnownedCost AS cost
    FROM ${database}.focus_charge_days
),

batch_reach AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        COALESCE(MAX(short_until), MAX(any_until)) AS charged_until
    FROM charged
    GROUP BY
        provider,
        yearmonth,
        batch_ts
),

live AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        SUM(batches.row_count) AS row_count,
        MAX(batches.focus_version) AS focus_version,
        MAX(
            DATE_DIFF(
                'millisecond',
                CASE
                    WHEN batches.charged_until <= batches.published_at
                        THEN batches.charged_until
                    ELSE batch_reach.charged_until
                END,
                batches.published_at
            )
        ) AS since_charge,
        MAX(DATE_DIFF('millisecond', batches.delivered_at, batches.published_at))
            AS since_delivery,
        MAX(DATE_DIFF('millisecond', batches.started_at, batches.published_at)) AS since_start
    FROM ${database}.focus_live_batches AS batches
    LEFT JOIN batch_reach
        ON batches.provider = batch_reach.provider
        AND batches.yearmonth = batch_reach.yearmonth
        AND batches.batch_ts = batch_reach.batch_ts
    GROUP BY
        batches.provider,
        batches.yearmonth
),

populated AS (
    SELECT
        provider,
        yearmonth,
        COUNT(*) AS column_count
    FROM ${database}.focus_columns_present
    WHERE populated_rows > 0
    GROUP BY
        provider,
        yearmonth
),

unmapped AS (
    SELECT
        exports.provider,
        exports.yearmonth,
        SUM(
            CASE
                WHEN exports.is_shared THEN ELEMENT_AT(batches.export_unmapped, exports.export)
            END
        ) AS shared_rows,
        SUM(
            CASE
                WHEN exports.number = 1 AND NOT exports.is_shared
                    THEN ELEMENT_AT(batches.null_counts, 'ServiceCategory')
            END
        ) AS whole_rows
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (
                PARTITION BY provider, yearmonth, batch_ts ORDER BY export
            ) AS number
        FROM ${database}.focus_live_exports
    ) AS exports
    INNER JOIN ${database}.focus_batches AS batches
        ON exports.provider = batches.provider
        AND exports.yearmonth = batches.yearmonth
        AND exports.batch_ts = batches.batch_ts
    WHERE batches.status = 'published'
    GROUP BY
        exports.provider,
        exports.yearmonth
),

-- A published batch whose later attempt was refused has two lines and is one batch.
outcomes AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        SUM(rows_in) AS rows_in,
        SUM(rows_rejected) AS rows_rejected,
        MAX(CASE WHEN status = 'published' THEN 1 ELSE 0 END) AS is_published,
        MAX(CASE WHEN status = 'published' THEN 0 ELSE 1 END) AS is_refused
    FROM ${database}.focus_batches
    GROUP BY
        provider,
        yearmonth,
        batch_ts
),

attempts AS (
    SELECT
        provider,
        yearmonth,
        SUM(rows_in) AS rows_in,
        SUM(rows_rejected) AS rows_rejected,
        COUNT(*) AS attempted,
        SUM(is_published) AS published,
        SUM(is_published * is_refused) AS refused_again
    FROM outcomes
    GROUP BY
        provider,
        yearmonth
),

audits AS (
    SELECT
        provider,
        yearmonth,
        COUNT(*) AS made,
        SUM(CASE WHEN verdict = 'agrees' THEN 1 ELSE 0 END) AS passed
    FROM ${database}.focus_audits
    GROUP BY
        provider,
        yearmonth
),

-- A day is complete when it ended before the last charge of its export did.
days AS (
    SELECT
        provider,
        export,
        month,
        BillingCurrency,
        day,
        cost,
        CAST(DATE_ADD('day', 1, day) AS timestamp) <= COALESCE(
            MAX(short_until) OVER (PARTITION BY provider, export),
            MAX(any_until) OVER (PARTITION BY provider, export)
        ) AS is_complete
    FROM charged
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
),

-- Several measures of one row, so that what they are made of is read once.
of_live AS (
    SELECT
        names.metric,
        live.provider,
        live.yearmonth,
        CASE names.metric
            WHEN 'focus_rows_exported' THEN CAST(live.row_count AS double)
            WHEN 'focus_version_supported' THEN CAST(live.focus_version AS double)
            WHEN 'export_freshness_hours' THEN CAST(live.since_charge AS double) / 3600000e0
            WHEN 'export_freshness_hours_from_delivery'
                THEN CAST(live.since_delivery AS double) / 3600000e0
            WHEN 'M2' THEN CAST(live.since_start AS double) / 3600000e0
            WHEN 'M5'
                THEN
                    CAST(
                        COALESCE(unmapped.whole_rows, 0) + COALESCE(unmapped.shared_rows, 0)
                        AS double
                    ) / NULLIF(CAST(live.row_count AS double), 0e0)
        END AS value,
        CASE
            WHEN names.metric = 'export_freshness_hours' AND live.since_charge IS NULL
                THEN 'no charge ended before the batch was published'
        END AS reason
    FROM live
    LEFT JOIN unmapped
        ON live.provider = unmapped.provider
        AND live.yearmonth = unmapped.yearmonth
    CROSS JOIN (
        VALUES
            (CAST('focus_rows_exported' AS varchar)),
            (CAST('focus_version_supported' AS varchar)),
            (CAST('export_freshness_hours' AS varchar)),
            (CAST('export_freshness_hours_from_delivery' AS varchar)),
            (CAST('M2' AS varchar)),
            (CAST('M5' AS varchar))
    ) AS names (metric)
    WHERE
        names.metric <> 'M5'
        OR COALESCE(unmapped.whole_rows, unmapped.shared_rows) IS NOT NULL
),

of_attempts AS (
    SELECT
        names.metric,
        attempts.provider,
        attempts.yearmonth,
        CASE names.metric
            WHEN 'M8'
                THEN
                    CAST(attempts.rows_rejected AS double)
                    / NULLIF(CAST(attempts.rows_in AS double), 0e0)
            ELSE
                CAST(attempts.published AS double)
                / NULLIF(CAST(attempts.attempted AS double), 0e0)
        END AS value,
        CASE
            WHEN names.metric = 'M8' AND attempts.rows_in = 0 THEN 'no row was read'
            WHEN names.metric = 'batches_published' AND attempts.refused_again > 0
                THEN 'a published batch was refused when it was read again: the older one is live'
        END AS reason
    FROM attempts
    CROSS JOIN (VALUES (CAST('M8' AS varchar)), (CAST('batches_published' AS varchar))) AS names (metric)
),

-- focus_record_measures as it was at the refresh.
recorded (metric, provider, yearmonth, BillingCurrency, value, reason) AS (
    VALUES
${record_measures}
),

measured AS (
    SELECT
        metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar) AS BillingCurrency,
        value,
        reason,
        CAST(NULL AS varchar) AS x_BillingMonth
    FROM of_live
    UNION ALL
    SELECT
        metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        value,
        reason,
        CAST(NULL AS varchar)
    FROM of_attempts
    UNION ALL
    SELECT
        'focus_columns_present',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(column_count AS double),
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM populated
    UNION ALL
    SELECT
        'M1',
        x_Provider,
        yearmonth,
        BillingCurrency,
        CAST(x_Coverage AS double),
        CASE
            WHEN x_Reason IS NOT NULL THEN x_Reason
            WHEN EffectiveCost <> x_ChargedEffectiveCost
                THEN 'without credits and tax, see focus_tag_coverage'
        END,
        yearmonth
    FROM ${database}.focus_tag_coverage
    WHERE x_Attribute = 'x_Owner'
    UNION ALL
    SELECT
        'M4',
        provider,
        month,
        BillingCurrency,
        CAST(this_week - week_before AS double) / CAST(week_before AS double),
        CASE
            WHEN NOT has_days THEN 'no complete day of charges'
            WHEN week_before IS NULL THEN 'no unowned charge in the week before'
        END,
        month
    FROM trends
    UNION ALL
    SELECT
        'M7',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(passed AS double) / NULLIF(CAST(made AS double), 0e0),
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM audits
    UNION ALL
    SELECT
        'M14',
        x_Provider,
        x_BillingMonth,
        CAST(NULL AS varchar),
        CAST(x_TaggedResources AS double) / NULLIF(CAST(x_Resources AS double), 0e0),
        CAST(NULL AS varchar),
        x_BillingMonth
    FROM ${database}.focus_tag_compliance
    UNION ALL
    SELECT
        metric,
        provider,
        yearmonth,
        BillingCurrency,
        CAST(value AS double),
        reason,
        CAST(NULL AS varchar)
    FROM recorded
    WHERE metric IS NOT NULL
),

metrics (metric, title, unit, comparison, missing, target) AS (
    VALUES
${metrics}
)

-- Every measure is there: where nothing was measured with the reason alone.
SELECT
    metrics.metric,
    metrics.title,
    measured.provider,
    measured.yearmonth,
    measured.BillingCurrency,
    CAST(measured.value AS decimal(38, 6)) AS value,
    metrics.unit,
    metrics.comparison,
    metrics.target,
    CASE metrics.comparison
        WHEN '<' THEN CAST(measured.value AS decimal(38, 6)) < metrics.target
        WHEN '<=' THEN CAST(measured.value AS decimal(38, 6)) <= metrics.target
        WHEN '>=' THEN CAST(measured.value AS decimal(38, 6)) >= metrics.target
    END AS met,
    CAST(
        CASE WHEN measured.metric IS NULL THEN metrics.missing ELSE measured.reason END AS varchar
    ) AS reason,
    measured.x_BillingMonth
FROM metrics
LEFT JOIN measured
    ON metrics.metric = measured.metric
WHERE metrics.metric IS NOT NULL
