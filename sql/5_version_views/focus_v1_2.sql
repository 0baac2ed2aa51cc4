-- One row is one charge with exactly the columns of FOCUS 1.2; JSON columns are JSON text.
CREATE OR REPLACE VIEW ${database}.focus_v1_2 AS
SELECT
${focus_v1_2}
FROM ${database}.focus_unified
