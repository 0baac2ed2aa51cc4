-- One row is the charges of any provider that agree in day and every other key, live batches only.
-- x_ChargeDay is the day in the provider's own zone, x_ChargeDate the day in UTC. Sums by any keys
-- equal those of focus_unified to the last digit; a null cost is left out of a sum.
CREATE OR REPLACE VIEW ${database}.focus_daily AS
${every_daily_view}
