-- One row is one month that was closed: which statement counts, and what it rests on.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_closings (
${closing_columns}
)
COMMENT 'One row is one closed month'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS TEXTFILE
LOCATION '${lake}/statements/closings/'
TBLPROPERTIES ('classification' = 'json')
