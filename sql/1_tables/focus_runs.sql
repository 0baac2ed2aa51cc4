-- One row is one run of one job: who, when, with what, and how it ended.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_runs (
${run_columns}
)
COMMENT 'One row is one run of one job'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/runs/'
TBLPROPERTIES ('classification' = 'json')
