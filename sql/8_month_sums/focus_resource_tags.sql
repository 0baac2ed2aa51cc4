-- One row is a resource that a month's charges name, and whether it carries the required attributes,
-- as the refresh worked it out and kept it. focus_resource_tags_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_resource_tags AS
${kept_resource_tags}
