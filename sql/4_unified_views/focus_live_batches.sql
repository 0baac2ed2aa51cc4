-- One row is one batch that is live by the ledger: its rows, and its times in UTC.
-- Snapshots: the newest published batch of an export and month; increments: every published one.
CREATE OR REPLACE VIEW ${database}.focus_live_batches AS
WITH exported AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        batches.batch_ts,
        names.export
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(batches.exports) AS names (export)
    WHERE batches.status = 'published'
),

newest AS (
    SELECT
        provider,
        yearmonth,
        export,
        MAX(batch_ts) AS batch_ts
    FROM exported
    GROUP BY
        provider,
        yearmonth,
        export
),

declared (provider, delivery) AS (
    VALUES
${deliveries}
),

live AS (
    SELECT DISTINCT
        exported.provider,
        exported.yearmonth,
        exported.batch_ts
    FROM exported
    INNER JOIN newest
        ON exported.provider = newest.provider
        AND exported.yearmonth = newest.yearmonth
        AND exported.export = newest.export
    INNER JOIN declared
        ON exported.provider = declared.provider
    WHERE declared.delivery = 'increment' OR exported.batch_ts = newest.batch_ts
)

SELECT
    live.provider,
    live.yearmonth,
    live.batch_ts,
    SUBSTR(batches.focus_version, 1, 3) AS focus_version,
    batches.rows_out AS row_count,
    CAST(SUBSTR(REPLACE(batches.charge_period_end_max, 'T', ' '), 1, 23) AS timestamp)
        AS charged_until,
    CAST(SUBSTR(REPLACE(batches.delivered_at, 'T', ' '), 1, 23) AS timestamp) AS delivered_at,
    CAST(SUBSTR(REPLACE(batches.started_at, 'T', ' '), 1, 23) AS timestamp) AS started_at,
    CAST(SUBSTR(REPLACE(batches.published_at, 'T', ' '), 1, 23) AS timestamp) AS published_at
FROM live
INNER JOIN ${database}.focus_batches AS batches
    ON live.provider = batches.provider
    AND live.yearmonth = batches.yearmonth
    AND live.batch_ts = batches.batch_ts
WHERE batches.status = 'published'
