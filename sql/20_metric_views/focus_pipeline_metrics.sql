-- One row is one measure of a provider's month, in one currency where it is about money.
-- met is null where there is no target or no value; what is measured says lib's metrics.csv.
CREATE OR REPLACE VIEW ${database}.focus_pipeline_metrics AS
WITH live AS (
    SELECT
        provider,
        yearmonth,
        SUM(row_count) AS row_count,
        MAX(focus_version) AS focus_version,
        MAX(DATE_DIFF('millisecond', charged_until, published_at)) AS since_charge,
        MAX(DATE_DIFF('millisecond', delivered_at, published_at)) AS since_delivery,
        MAX(DATE_DIFF('millisecond', started_at, published_at)) AS since_start
    FROM ${database}.focus_live_batches
    GROUP BY
        provider,
        yearmonth
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
        live.provider,
        live.yearmonth,
        SUM(ELEMENT_AT(batches.null_counts, 'ServiceCategory')) AS row_count
    FROM ${database}.focus_live_batches AS live
    INNER JOIN ${database}.focus_batches AS batches
        ON live.provider = batches.provider
        AND live.yearmonth = batches.yearmonth
        AND live.batch_ts = batches.batch_ts
    WHERE batches.status = 'published'
    GROUP BY
        live.provider,
        live.yearmonth
),

attempts AS (
    SELECT
        provider,
        yearmonth,
        SUM(rows_in) AS rows_in,
        SUM(rows_rejected) AS rows_rejected,
        COUNT(*) AS attempted,
        SUM(CASE WHEN status = 'published' THEN 1 ELSE 0 END) AS published
    FROM ${database}.focus_batches
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

resources AS (
    SELECT
        x_Provider AS provider,
        yearmonth,
        ResourceId,
        MAX(CASE WHEN ${has_required_attributes} THEN 1 ELSE 0 END) AS tagged
    FROM ${database}.focus_unified
    WHERE ResourceId IS NOT NULL
    GROUP BY
        x_Provider,
        yearmonth,
        ResourceId
),

compliance AS (
    SELECT
        provider,
        yearmonth,
        COUNT(*) AS resource_count,
        SUM(tagged) AS tagged
    FROM resources
    GROUP BY
        provider,
        yearmonth
),

unallocated AS (
    SELECT
        x_Provider AS provider,
        yearmonth,
        BillingCurrency,
        CAST(ChargePeriodStart AS date) AS day,
        SUM(
            CASE
                WHEN NULLIF(TRIM(x_Owner), '') IS NULL THEN EffectiveCost
                ELSE CAST(0 AS decimal(38, 18))
            END
        ) AS cost
    FROM ${database}.focus_unified
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency,
        CAST(ChargePeriodStart AS date)
),

last_days AS (
    SELECT
        provider,
        yearmonth,
        BillingCurrency,
        MAX(day) AS last_day
    FROM unallocated
    GROUP BY
        provider,
        yearmonth,
        BillingCurrency
),

-- Days of any billing month: in the first days of a month the week before is in the old one.
weeks AS (
    SELECT
        last_days.provider,
        last_days.yearmonth,
        last_days.BillingCurrency,
        SUM(
            CASE WHEN DATE_DIFF('day', days.day, last_days.last_day) < 7 THEN days.cost END
        ) AS this_week,
        SUM(
            CASE WHEN DATE_DIFF('day', days.day, last_days.last_day) >= 7 THEN days.cost END
        ) AS week_before
    FROM last_days
    INNER JOIN unallocated AS days
        ON last_days.provider = days.provider
        AND last_days.BillingCurrency = days.BillingCurrency
    WHERE DATE_DIFF('day', days.day, last_days.last_day) BETWEEN 0 AND 13
    GROUP BY
        last_days.provider,
        last_days.yearmonth,
        last_days.BillingCurrency
),

measured AS (
    SELECT
        CAST('focus_rows_exported' AS varchar) AS metric,
        provider,
        yearmonth,
        CAST(NULL AS varchar) AS BillingCurrency,
        CAST(row_count AS double) AS value
    FROM live
    UNION ALL
    SELECT
        'focus_version_supported',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(focus_version AS double)
    FROM live
    UNION ALL
    SELECT
        'export_freshness_hours',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CASE WHEN since_charge < 0 THEN 0e0 ELSE CAST(since_charge AS double) / 3600000e0 END
    FROM live
    UNION ALL
    SELECT
        'export_freshness_hours_from_delivery',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(since_delivery AS double) / 3600000e0
    FROM live
    UNION ALL
    SELECT
        'M2',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(since_start AS double) / 3600000e0
    FROM live
    UNION ALL
    SELECT
        'focus_columns_present',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(column_count AS double)
    FROM populated
    UNION ALL
    SELECT
        'M1',
        x_Provider,
        yearmonth,
        BillingCurrency,
        CAST(x_Coverage AS double)
    FROM ${database}.focus_tag_coverage
    WHERE x_Attribute = 'x_Owner'
    UNION ALL
    SELECT
        'M4',
        provider,
        yearmonth,
        BillingCurrency,
        CAST(this_week - week_before AS double) / NULLIF(CAST(week_before AS double), 0e0)
    FROM weeks
    UNION ALL
    SELECT
        'M5',
        unmapped.provider,
        unmapped.yearmonth,
        CAST(NULL AS varchar),
        CAST(unmapped.row_count AS double) / NULLIF(CAST(live.row_count AS double), 0e0)
    FROM unmapped
    INNER JOIN live
        ON unmapped.provider = live.provider
        AND unmapped.yearmonth = live.yearmonth
    UNION ALL
    SELECT
        'M7',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(passed AS double) / NULLIF(CAST(made AS double), 0e0)
    FROM audits
    UNION ALL
    SELECT
        'M8',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(rows_rejected AS double) / NULLIF(CAST(rows_in AS double), 0e0)
    FROM attempts
    UNION ALL
    SELECT
        'M14',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(tagged AS double) / NULLIF(CAST(resource_count AS double), 0e0)
    FROM compliance
    UNION ALL
    SELECT
        'M15',
        provider,
        yearmonth,
        CAST(NULL AS varchar),
        CAST(published AS double) / NULLIF(CAST(attempted AS double), 0e0)
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
    END AS met
FROM measured
INNER JOIN metrics
    ON measured.metric = metrics.metric
