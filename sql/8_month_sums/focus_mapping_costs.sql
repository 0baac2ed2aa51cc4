-- One row is a service of a folder's month and what of it came without a category, as the refresh
-- worked it out and kept it. focus_mapping_costs_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_mapping_costs AS
${kept_mapping_costs}
