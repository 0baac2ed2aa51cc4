-- One row is ${one_row}.
CREATE OR REPLACE VIEW ${database}.focus_${called} AS
SELECT
${kind_columns}
FROM ${database}.focus_reference_${called}
WHERE revision = '${revision}'
