-- One row is what one of your policies found at the last refresh: what it would say, or says.
-- focus_policy_findings_now has the meaning of its columns, and works the same out at this moment.
CREATE OR REPLACE VIEW ${database}.focus_policy_findings AS
${kept_policy_findings}
