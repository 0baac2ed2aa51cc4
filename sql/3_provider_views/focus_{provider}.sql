-- One row is one charge of ${title} in ${delivered}.
CREATE OR REPLACE VIEW ${database}.focus_${provider} AS
SELECT
${provider_columns}
FROM ${database}.focus_${provider}_normalized
WHERE ${live}
