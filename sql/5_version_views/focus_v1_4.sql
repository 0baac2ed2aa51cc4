-- One row is one charge with exactly the columns of FOCUS 1.4; JSON columns are JSON text.
CREATE OR REPLACE VIEW ${database}.focus_v1_4 AS
SELECT
${focus_v1_4}
FROM ${database}.focus_unified
