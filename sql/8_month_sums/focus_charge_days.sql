-- One row is the charges of a batch that begin on one day, in one export, billing month and currency,
-- as the refresh worked it out and kept it. focus_charge_days_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_charge_days AS
${kept_charge_days}
