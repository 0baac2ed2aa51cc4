-- One row is one anomaly: days close together on which a scope's cost was not as expected,
-- as the refresh worked it out and kept it. focus_cost_anomalies_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_cost_anomalies AS
${kept_cost_anomalies}
