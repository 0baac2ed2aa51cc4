-- One row is one line of the ledger: what became of one batch; only published ones can be live.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_batches (
${batch_columns}
)
COMMENT 'One row is what became of one batch'
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('case.insensitive' = 'true')
STORED AS TEXTFILE
LOCATION '${lake}/ledger/'
TBLPROPERTIES ('classification' = 'json')
