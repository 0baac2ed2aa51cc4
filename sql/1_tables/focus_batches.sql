-- One row is one line of the ledger: what became of one batch; only published ones can be live.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_batches (
${batch_columns}
)
COMMENT 'One row is what became of one batch'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/ledger/'
TBLPROPERTIES ('classification' = 'json')
