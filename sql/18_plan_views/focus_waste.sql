-- One row is money of one month that bought nothing, or a way to spend less,
-- as the refresh worked it out and kept it. focus_waste_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_waste AS
${kept_waste}
