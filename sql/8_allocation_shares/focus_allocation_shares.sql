-- One row is what one payer bears of a month's cost of a service, as the refresh worked it out and
-- kept it; focus_allocated_now works it out.
CREATE OR REPLACE VIEW ${database}.focus_allocation_shares AS
${kept_allocation_shares}
