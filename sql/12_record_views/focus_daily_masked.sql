-- One row is the charges that agree in day and every other key, as in focus_daily; what can name a
-- person is a keyed hash or null, as in focus_unified_masked.
CREATE OR REPLACE VIEW ${database}.focus_daily_masked AS
SELECT
${masked_daily_columns}
FROM ${database}.focus_daily
