-- One row is one charge of the company's own datacenters in the newest published file of its month.
CREATE OR REPLACE VIEW ${database}.focus_datacenter AS
SELECT
${provider_columns}
FROM ${database}.focus_datacenter_normalized
WHERE ${live}
