-- One row is one commitment in one month: bought, used, unused,
-- as the refresh worked it out and kept it. focus_commitments_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_commitments AS
${kept_commitments}
