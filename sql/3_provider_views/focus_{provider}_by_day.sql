-- One row is the charges of ${title} that agree in day and every other key, live batches only.
-- Of a batch that has no daily summary the charges themselves are grouped.
CREATE OR REPLACE VIEW ${database}.focus_${provider}_by_day AS
${days}
