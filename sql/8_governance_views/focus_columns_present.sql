-- One row is one FOCUS column of the versions that a provider's month came in.
-- populated_rows: rows that were delivered with a value, before anything was filled; live rows.
-- row_count: every live row of the month, also those of files whose version has no such column.
CREATE OR REPLACE VIEW ${database}.focus_columns_present AS
WITH months AS (
    SELECT
        provider,
        yearmonth,
        CAST(SUM(row_count) AS bigint) AS row_count
    FROM ${database}.focus_live_batches
    GROUP BY
        provider,
        yearmonth
),

whole AS (
    SELECT
        live.provider,
        live.yearmonth,
        live.batch_ts,
        live.focus_version,
        names.column_name,
        live.row_count - ELEMENT_AT(batches.delivered_nulls, names.column_name) AS populated_rows
    FROM ${database}.focus_live_batches AS live
    INNER JOIN ${database}.focus_batches AS batches
        ON live.provider = batches.provider
        AND live.yearmonth = batches.yearmonth
        AND live.batch_ts = batches.batch_ts
    CROSS JOIN UNNEST(MAP_KEYS(batches.delivered_nulls)) AS names (column_name)
    WHERE batches.status = 'published'
),

-- A batch that holds a superseded export, too, counts by export.
shared AS (
    SELECT
        exports.provider,
        exports.yearmonth,
        exports.batch_ts,
        exports.export,
        exports.row_count,
        batches.export_nulls,
        places.place
    FROM ${database}.focus_live_exports AS exports
    INNER JOIN ${database}.focus_batches AS batches
        ON exports.provider = batches.provider
        AND exports.yearmonth = batches.yearmonth
        AND exports.batch_ts = batches.batch_ts
    CROSS JOIN UNNEST(
        CASE
            WHEN CARDINALITY(batches.export_nulls) > 0
                THEN SEQUENCE(1, CARDINALITY(batches.export_nulls))
        END
    ) AS places (place)
    WHERE batches.status = 'published' AND exports.is_shared
),

parts AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        ELEMENT_AT(export_nulls, place).column_name AS column_name,
        CAST(SUM(row_count - ELEMENT_AT(export_nulls, place).row_count) AS bigint)
            AS populated_rows
    FROM shared
    WHERE ELEMENT_AT(export_nulls, place).export = export
    GROUP BY
        provider,
        yearmonth,
        batch_ts,
        ELEMENT_AT(export_nulls, place).column_name
),

counted AS (
    SELECT
        whole.provider,
        whole.yearmonth,
        whole.focus_version,
        whole.column_name,
        COALESCE(parts.populated_rows, whole.populated_rows) AS populated_rows
    FROM whole
    LEFT JOIN parts
        ON whole.provider = parts.provider
        AND whole.yearmonth = parts.yearmonth
        AND whole.batch_ts = parts.batch_ts
        AND whole.column_name = parts.column_name
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
    MAX(months.row_count) AS row_count,
    CAST(SUM(counted.populated_rows) AS bigint) AS populated_rows,
    CAST(
        CAST(SUM(counted.populated_rows) AS double)
        / NULLIF(CAST(MAX(months.row_count) AS double), 0)
        AS decimal(38, 6)
    ) AS share,
    MAX(known_columns.column_name) IS NOT NULL AS known_upstream,
    counted.provider AS x_Provider
FROM counted
INNER JOIN months
    ON counted.provider = months.provider
    AND counted.yearmonth = months.yearmonth
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
