-- One row is one line of your own rates: the CSV files of <lake>/reference/fx_rates/, as text.
-- Columns go by position, headers are rows like any other; focus_exchange_rates has the numbers.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_fx_rates (
${fx_rate_columns}
)
COMMENT 'One row is one line of your own exchange rates, as text, headers included'
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
STORED AS TEXTFILE
LOCATION '${lake}/reference/fx_rates/'
TBLPROPERTIES ('classification' = 'csv')
