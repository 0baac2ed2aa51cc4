-- One row is one FOCUS column of the version that a provider's month came in.
-- populated_rows: rows that were delivered with a value, before anything was filled; live batches.
CREATE OR REPLACE VIEW ${database}.focus_columns_present AS
WITH counted AS (
    SELECT
        live.provider,
        live.yearmonth,
        live.focus_version,
        names.column_name,
        live.row_count,
        live.row_count - ELEMENT_AT(batches.delivered_nulls, names.column_name) AS populated_rows
    FROM ${database}.focus_live_batches AS live
    INNER JOIN ${database}.focus_batches AS batches
        ON live.provider = batches.provider
        AND live.yearmonth = batches.yearmonth
        AND live.batch_ts = batches.batch_ts
    CROSS JOIN UNNEST(MAP_KEYS(batches.delivered_nulls)) AS names (column_name)
    WHERE batches.status = 'published'
),

focus_columns (focus_version, column_name, level) AS (
    VALUES
${focus_columns}
),

known_gaps (provider, rule, column_name) AS (
    VALUES
${known_gaps}
),

known_columns AS (
    SELECT DISTINCT
        provider,
        column_name
    FROM known_gaps
    WHERE rule IN ('focus-required-columns', 'focus-not-null')
)

SELECT
    counted.provider,
    counted.yearmonth,
    counted.column_name,
    MAX(counted.focus_version) AS focus_version,
    MIN(focus_columns.level) AS level,
    CAST(SUM(counted.row_count) AS bigint) AS row_count,
    CAST(SUM(counted.populated_rows) AS bigint) AS populated_rows,
    CAST(
        CAST(SUM(counted.populated_rows) AS double)
        / NULLIF(CAST(SUM(counted.row_count) AS double), 0)
        AS decimal(38, 6)
    ) AS share,
    MAX(known_columns.column_name) IS NOT NULL AS known_upstream
FROM counted
LEFT JOIN focus_columns
    ON counted.focus_version = focus_columns.focus_version
    AND counted.column_name = focus_columns.column_name
LEFT JOIN known_columns
    ON counted.provider = known_columns.provider
    AND counted.column_name = known_columns.column_name
GROUP BY
    counted.provider,
    counted.yearmonth,
    counted.column_name
