-- One row is one charge of Alibaba Cloud in the newest published push of its month and account.
CREATE OR REPLACE VIEW ${database}.focus_alibaba AS
SELECT
${provider_columns}
FROM ${database}.focus_alibaba_normalized
WHERE ${live}
