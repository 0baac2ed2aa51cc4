-- One row is one charge of Oracle Cloud Infrastructure in any published daily increment.
CREATE OR REPLACE VIEW ${database}.focus_oci AS
SELECT
${provider_columns}
FROM ${database}.focus_oci_normalized
WHERE ${live}
