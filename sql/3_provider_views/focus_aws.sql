-- One row is one charge of Amazon Web Services in the newest published delivery of its month and export.
CREATE OR REPLACE VIEW ${database}.focus_aws AS
SELECT
${provider_columns}
FROM ${database}.focus_aws_normalized
WHERE ${live}
