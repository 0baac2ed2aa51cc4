-- One row is the cost of a folder's month under one tag attribute, as the refresh worked it out and
-- kept it. focus_tag_costs_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_tag_costs AS
${kept_tag_costs}
