-- One row is what one outcome cost in one month: a ticket, an order, a million tokens,
-- as the refresh worked it out and kept it. focus_unit_cost_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_unit_cost AS
${kept_unit_cost}
