-- One row is one charge of Microsoft Azure in the newest published run of its month and export.
CREATE OR REPLACE VIEW ${database}.focus_azure AS
SELECT
${provider_columns}
FROM ${database}.focus_azure_normalized
WHERE ${live}
