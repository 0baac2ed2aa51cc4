-- One row is one charge of any provider, live batches only; what can name a person is a keyed hash
-- (the same name, the same hash) or null, by records/personal.csv and reference/masking/.
CREATE OR REPLACE VIEW ${database}.focus_unified_masked AS
SELECT
${masked_columns}
FROM ${database}.focus_unified
