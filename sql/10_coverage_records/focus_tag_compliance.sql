-- One row is a provider's billing month: its resources, and those that carry the required attributes,
-- as the refresh worked it out and kept it. focus_tag_compliance_now says how they are counted.
CREATE OR REPLACE VIEW ${database}.focus_tag_compliance AS
${kept_tag_compliance}
