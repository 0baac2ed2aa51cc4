-- One row is one batch that focus_unified shows: its rows there, and its times in UTC.
-- Which batches those are was chosen when the catalog was refreshed, as in the provider views; what
-- was published since is in neither. Rows of a superseded export in the same folder are left out.
CREATE OR REPLACE VIEW ${database}.focus_live_batches AS
WITH live AS (
${every_live_view}
)

SELECT
    live.provider,
    live.yearmonth,
    live.batch_ts,
    MAX(SUBSTR(batches.focus_version, 1, 3)) AS focus_version,
    CAST(
        MAX(batches.rows_out)
        - COALESCE(SUM(ELEMENT_AT(batches.export_rows, live.superseded_export)), 0) AS bigint
    ) AS row_count,
    CAST(MAX(SUBSTR(REPLACE(batches.charge_period_end_max, 'T', ' '), 1, 23)) AS timestamp)
        AS charged_until,
    CAST(MAX(SUBSTR(REPLACE(batches.delivered_at, 'T', ' '), 1, 23)) AS timestamp)
        AS delivered_at,
    CAST(MAX(SUBSTR(REPLACE(batches.started_at, 'T', ' '), 1, 23)) AS timestamp) AS started_at,
    CAST(MAX(SUBSTR(REPLACE(batches.published_at, 'T', ' '), 1, 23)) AS timestamp)
        AS published_at,
    live.provider AS x_Provider
FROM live
INNER JOIN ${database}.focus_batches AS batches
    ON live.provider = batches.provider
    AND live.yearmonth = batches.yearmonth
    AND live.batch_ts = batches.batch_ts
WHERE batches.status = 'published'
GROUP BY
    live.provider,
    live.yearmonth,
    live.batch_ts
