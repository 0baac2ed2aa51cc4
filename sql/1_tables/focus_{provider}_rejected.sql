-- One row is one row of ${title} that could not be read, whole and with the reason.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_${provider}_rejected (
${rejected_columns}
)
COMMENT 'One row is one rejected row of a raw file'
PARTITIONED BY (
${partition_columns}
)
STORED AS PARQUET
LOCATION '${lake}/rejected/${provider}/'
TBLPROPERTIES ('classification' = 'parquet')
