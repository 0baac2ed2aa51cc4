-- One row is a measure of the live batches of a provider's folder month, or why it has no value:
-- rows, FOCUS version and columns of what is shown, how fresh it was when it was published (hours),
-- and M5, the share of rows without a service category.
CREATE OR REPLACE VIEW ${database}.focus_export_measures AS
WITH batch_reach AS (
    SELECT
        x_Provider AS provider,
        yearmonth,
        batch_ts,
        COALESCE(MAX(x_ShortUntil), MAX(x_AnyUntil)) AS charged_until
    FROM ${database}.focus_charge_days
    GROUP BY
        x_Provider,
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
)

SELECT
    metric,
    provider,
    yearmonth,
    CAST(value AS decimal(38, 6)) AS value,
    CAST(reason AS varchar) AS reason
FROM of_live
UNION ALL
SELECT
    'focus_columns_present',
    provider,
    yearmonth,
    CAST(COUNT(*) AS decimal(38, 6)),
    CAST(NULL AS varchar)
FROM ${database}.focus_columns_present
WHERE populated_rows > 0
GROUP BY
    provider,
    yearmonth
