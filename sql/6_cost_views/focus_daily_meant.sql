-- One row is one row of focus_daily, with the values of the six attributes as tag_values means them.
-- What was written stays in focus_daily and on the charges.
CREATE OR REPLACE VIEW ${database}.focus_daily_meant AS
SELECT
${meant_days}
FROM ${database}.focus_daily AS days
${meant_joins}
