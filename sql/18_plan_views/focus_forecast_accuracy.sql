-- One row is what would have been forecast on day 5, 10 or 20 of a past month, and what came,
-- as the refresh worked it out and kept it. focus_forecast_accuracy_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_forecast_accuracy AS
${kept_forecast_accuracy}
