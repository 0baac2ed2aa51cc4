-- One row is one charge as in focus_v1_3, its times by the provider's own calendar and clock.
-- Billing periods are whole months, so queries that group or filter by BillingPeriodStart find a
-- provider's own month, which FOCUS's UTC lets begin some hours before or after.
CREATE OR REPLACE VIEW ${database}.focus_v1_3_local AS
SELECT
${focus_v1_3_local}
FROM ${database}.focus_unified
