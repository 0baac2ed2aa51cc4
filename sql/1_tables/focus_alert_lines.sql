-- One row is one line about an alert: begun, sent, failed, or a finding that was only recorded.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_alert_lines (
${alert_columns}
)
COMMENT 'One row is one line about an alert'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/alerts/'
TBLPROPERTIES ('classification' = 'json')
