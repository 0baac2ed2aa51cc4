-- One row is one charge of AI services in the newest published export of its month.
CREATE OR REPLACE VIEW ${database}.focus_ai_spend AS
SELECT
${provider_columns}
FROM ${database}.focus_ai_spend_normalized
WHERE ${live}
