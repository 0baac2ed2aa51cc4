-- One row is the charges of ${title} that agree in day and every other key, live batches only.
CREATE OR REPLACE VIEW ${database}.focus_${provider}_by_day AS
SELECT
${daily_keys},
${daily_sums},
    COUNT(*) AS x_RowCount,
    yearmonth,
    batch_ts
FROM ${database}.focus_${provider}_normalized
WHERE ${live}
GROUP BY ${daily_groups}
