-- One row is one line of a statement as it was written; focus_closings says which statements count.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_statements (
${statement_columns}
)
COMMENT 'One row is one line of a statement that was closed'
STORED AS PARQUET
LOCATION '${lake}/statements/lines/'
TBLPROPERTIES ('classification' = 'parquet')
