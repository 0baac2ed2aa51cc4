-- One row is one measure of a provider's month as one refresh found it: a trend is drawn over runs.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_metric_history (
${metric_columns}
)
COMMENT 'One row is one measure as one refresh found it'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/metrics/'
TBLPROPERTIES ('classification' = 'json')
