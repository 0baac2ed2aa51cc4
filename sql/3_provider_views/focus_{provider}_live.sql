-- One row is one batch that the view of ${title} shows, or, with superseded_export, an export in it that the view leaves out.
-- The same literals as in that view, written in the same refresh: measures and rows tell one state.
CREATE OR REPLACE VIEW ${database}.focus_${provider}_live AS
SELECT
    yearmonth,
    batch_ts,
    CAST(NULL AS varchar) AS superseded_export
FROM ${database}.focus_${provider}_normalized
WHERE 1 = 0
UNION ALL
SELECT
    yearmonth,
    batch_ts,
    superseded_export
FROM (
    VALUES
${live_batches}
) AS live (yearmonth, batch_ts, superseded_export)
WHERE yearmonth IS NOT NULL
