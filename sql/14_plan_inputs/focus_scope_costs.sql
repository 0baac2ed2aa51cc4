-- One row is one scope's cost of one day at one provider in one currency,
-- as the refresh worked it out and kept it. focus_scope_costs_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_scope_costs AS
${kept_scope_costs}
