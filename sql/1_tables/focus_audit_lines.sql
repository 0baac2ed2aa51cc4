-- One row is one audit of one batch: its rows worked out again from the raw files, and compared.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_audit_lines (
${audit_columns}
)
COMMENT 'One row is one audit of one batch'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/audits/'
TBLPROPERTIES ('classification' = 'json')
