-- One row is one budget: planned, spent and to be expected in its month or year,
-- as the refresh worked it out and kept it. focus_budget_status_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_budget_status AS
${kept_budget_status}
