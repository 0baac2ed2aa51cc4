-- One row is one charge with exactly the columns of FOCUS 1.3; JSON columns are JSON text.
CREATE OR REPLACE VIEW ${database}.focus_v1_3 AS
SELECT
${focus_v1_3}
FROM ${database}.focus_unified
