-- One row is one charge of Google Cloud in the newest published export of its month.
CREATE OR REPLACE VIEW ${database}.focus_gcp AS
SELECT
${provider_columns}
FROM ${database}.focus_gcp_normalized
WHERE ${live}
