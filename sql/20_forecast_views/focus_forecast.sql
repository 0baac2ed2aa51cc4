-- One row is the forecast of one scope, month and currency,
-- as the refresh worked it out and kept it. focus_forecast_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_forecast AS
${kept_forecast}
