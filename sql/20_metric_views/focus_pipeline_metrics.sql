-- One row is one measure of a provider's month, in one currency where it is about money.
-- met is null where there is no target or no value; what is measured says lib's metrics.csv.
-- Measures of charges go by their own billing month (x_BillingMonth), those of batches by the
-- folder's. reason: why there is no value, or what the value leaves out.
CREATE OR REPLACE VIEW ${database}.focus_pipeline_metrics AS
WITH declared (provider, delivery) AS (
    VALUES
${deliveries}
),

-- What is dated after a batch was delivered had not been used by then. A report of a day is
-- delivered with that day.
batches AS (
    SELECT
        live.*,
        CASE
            WHEN declared.delivery = 'increment' THEN DATE_ADD('day', 1, live.delivered_at)
            ELSE live.delivered_at
        END AS delivered_by
    FROM ${database}.focus_live_batches AS live
    LEFT JOIN declared
        ON live.provider = declared.provider
),

-- Days of charges by batch, with how far their charges reach: those of a day or less, if any.
charged AS (
    SELECT
        charges.x_Provider AS provider,
        charges.x_Export AS export,
        charges.yearmonth,
        charges.batch_ts,
        charges.x_BillingMonth AS month,
        charges.BillingCurrency,
        CAST(charges.ChargePeriodStart AS date) AS day,
        MAX(
            CASE
                WHEN
                    charges.ChargePeriodEnd
                    <= COALESCE(batches.delivered_by, batches.published_at)
                    AND DATE_DIFF('hour', charges.ChargePeriodStart, charges.ChargePeriodEnd) <= 25
                    THEN charges.ChargePeriodEnd
            END
        ) AS short_until,
        MAX(
            CASE
                WHEN
                    charges.ChargePeriodEnd
                    <= COALESCE(batches.delivered_by, batches.published_at)
                    THEN charges.ChargePeriodEnd
            END
        ) AS any_until,
        SUM(
            CASE
                WHEN x_Owner IS NULL AND ${is_charged} THEN EffectiveCost
                ELSE CAST(0 AS decimal(38, 18))
            END
        ) AS cost
    FROM ${database}.focus_unified AS charges
    INNER JOIN batches
        ON charges.x_Provider = batches.provider
        AND charges.yearmonth = batches.yearmonth
        AND charges.batch_ts = batches.batch_ts
    GROUP BY
        charges.x_Provider,
        charges.x_Export,
        charges.yearmonth,
        charges.batch_ts,
        charges.x_BillingMonth,
        charges.BillingCurrency,
        CAST(charges.ChargePeriodStart AS date)
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
    FROM batches
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

-- An id is a resource's within its account; accounts without an id have a name.
resources AS (
    SELECT
        x_Provider AS provider,
        x_BillingMonth AS month,
        BillingAccountId,
        SubAccountId,
        CASE WHEN ${sub_account_is_blank} THEN SubAccountName END AS account_name,
        ResourceId,
        MAX(CASE WHEN ${has_required_attributes} THEN 1 ELSE 0 END) AS tagged
    FROM ${database}.focus_unified
    WHERE ResourceId IS NOT NULL
    GROUP BY
        x_Provider,
        x_BillingMonth,
        BillingAccountId,
        SubAccountId,
        CASE WHEN ${sub_account_is_blank} THEN SubAccountName END,
        ResourceId
),

compliance AS (
    SELECT
        provider,
        month,
        COUNT(*) AS resource_count,
        SUM(tagged) AS tagged
    FROM resources
    GROUP BY
        provider,
        month
),

-- Up to when an export's charges are complete; days that end later are not.
reach AS (
    SELECT
        provider,
        export,
        COALESCE(MAX(short_until), MAX(any_until)) AS until
    FROM charged
    GROUP BY
        provider,
        export
),

days AS (
    SELECT
        charged.provider,
        charged.export,
        charged.month,
        charged.BillingCurrency,
        charged.day,
        charged.cost
    FROM charged
    INNER JOIN reach
        ON charged.provider = reach.provider
        AND COALESCE(charged.export, '') = COALESCE(reach.export, '')
    WHERE CAST(DATE_ADD('day', 1, charged.day) AS timestamp) <= reach.until
),

last_days AS (
    SELECT
        provider,
        export,
        month,
        BillingCurrency,
        MAX(MAX(day)) OVER (PARTITION BY provider, export, month) AS last_day
    FROM days
    GROUP BY
        provider,
        export,
        month,
        BillingCurrency
),

-- Each export's own two weeks: sites may be pushed days apart. Days of any billing month: in the
-- first days of a month the week before is in the old one.
weeks AS (
    SELECT
        last_days.provider,
        last_days.month,
        last_days.BillingCurrency,
        SUM(
            CASE WHEN DATE_DIFF('day', days.day, last_days.last_day) < 7 THEN days.cost END
        ) AS this_week,
        SUM(
            CASE WHEN DATE_DIFF('day', days.day, last_days.last_day) >= 7 THEN days.cost END
        ) AS week_before
    FROM last_days
    INNER JOIN days
        ON last_days.provider = days.provider
        AND COALESCE(last_days.export, '') = COALESCE(days.export, '')
        AND COALESCE(last_days.BillingCurrency, '') = COALESCE(days.BillingCurrency, '')
    WHERE DATE_DIFF('day', days.day, last_days.last_day) BETWEEN 0 AND 13
    GROUP BY
        last_days.provider,
        last_days.month,
        last_days.BillingCurrency
),

trends AS (
    SELECT
        months.provider,
        months.month,
        months.BillingCurrency,
        COALESCE(weeks.this_week, CAST(0 AS decimal(38, 18))) AS this_week,
        CASE WHEN weeks.week_before > 0 THEN weeks.week_before END AS week_before,
        weeks.provider IS NOT NULL AS has_days
    FROM (
        SELECT DISTINCT
            provider,
            month,
            BillingCurrency
        FROM charged
    ) AS months
    LEFT JOIN weeks
        ON months.provider = weeks.provider
        AND months.month = weeks.month
        AND COALESCE(months.BillingCurrency, '') = COALESCE(weeks.BillingCurrency, '')
),

measured AS (
    SELECT
        CAST('focus_rows_exported' AS varchar) AS metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar) AS BillingCurrency,
        CAST(row_count AS double) AS value,
        CAST(NULL AS varchar) AS reason,
        CAST(NULL AS varchar) AS x_BillingMonth
    FROM live
    UNION ALL
    SELECT
        'focus_version_supported',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(focus_version AS double),
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM live
    UNION ALL
    SELECT
        'export_freshness_hours',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(since_charge AS double) / 3600000e0,
        CASE WHEN since_charge IS NULL THEN 'no charge ended before the batch was published' END,
        CAST(NULL AS varchar)
    FROM live
    UNION ALL
    SELECT
        'export_freshness_hours_from_delivery',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(since_delivery AS double) / 3600000e0,
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM live
    UNION ALL
    SELECT
        'M2',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(since_start AS double) / 3600000e0,
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM live
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
        'M5',
        unmapped.provider,
        unmapped.yearmonth,
        CAST(NULL AS varchar),
        CAST(COALESCE(unmapped.whole_rows, 0) + COALESCE(unmapped.shared_rows, 0) AS double)
        / NULLIF(CAST(live.row_count AS double), 0e0),
        CAST(NULL AS varchar),
        CAST(NULL AS varchar)
    FROM unmapped
    INNER JOIN live
        ON unmapped.provider = live.provider
        AND unmapped.yearmonth = live.yearmonth
    WHERE COALESCE(unmapped.whole_rows, unmapped.shared_rows) IS NOT NULL
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
        'M8',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(rows_rejected AS double) / NULLIF(CAST(rows_in AS double), 0e0),
        CASE WHEN rows_in = 0 THEN 'no row was read' END,
        CAST(NULL AS varchar)
    FROM attempts
    UNION ALL
    SELECT
        'M14',
        provider,
        month,
        CAST(NULL AS varchar),
        CAST(tagged AS double) / NULLIF(CAST(resource_count AS double), 0e0),
        CAST(NULL AS varchar),
        month
    FROM compliance
    UNION ALL
    SELECT
        'M15',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(published AS double) / NULLIF(CAST(attempted AS double), 0e0),
        CASE
            WHEN refused_again > 0
                THEN 'a published batch was refused when it was read again: the older one is live'
        END,
        CAST(NULL AS varchar)
    FROM attempts
),

metrics (metric, title, unit, comparison, target) AS (
    VALUES
${metrics}
)

SELECT
    measured.metric,
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
    CAST(measured.reason AS varchar) AS reason,
    measured.x_BillingMonth
FROM measured
INNER JOIN metrics
    ON measured.metric = metrics.metric
