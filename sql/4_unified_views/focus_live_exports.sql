-- One row is one export (account and site) whose rows of a month focus_unified shows, by batch.
-- is_shared: the batch holds a superseded export, too, so what the ledger counts of the whole batch
-- is not what is shown of it.
CREATE OR REPLACE VIEW ${database}.focus_live_exports AS
WITH live AS (
${every_live_view}
),

shown AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        COUNT(superseded_export) > 0 AS is_shared
    FROM live
    GROUP BY
        provider,
        yearmonth,
        batch_ts
),

exported AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        batches.batch_ts,
        names.export,
        ELEMENT_AT(batches.export_rows, names.export) AS row_count
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(batches.exports) AS names (export)
    WHERE batches.status = 'published'
)

SELECT
    exported.provider,
    exported.yearmonth,
    exported.batch_ts,
    exported.export,
    exported.row_count,
    shown.is_shared,
    exported.provider AS x_Provider
FROM exported
INNER JOIN shown
    ON exported.provider = shown.provider
    AND exported.yearmonth = shown.yearmonth
    AND exported.batch_ts = shown.batch_ts
LEFT JOIN live AS superseded
    ON exported.provider = superseded.provider
    AND exported.yearmonth = superseded.yearmonth
    AND exported.batch_ts = superseded.batch_ts
    AND exported.export = superseded.superseded_export
WHERE superseded.superseded_export IS NULL
