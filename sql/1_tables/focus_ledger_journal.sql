-- One row is one entry of the journal: a change of a ledger line, written before the change.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_ledger_journal (
${journal_columns}
)
COMMENT 'One row is one change of a ledger line'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/journal/'
TBLPROPERTIES ('classification' = 'json')
