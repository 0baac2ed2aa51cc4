-- One row is one charge as ${title} delivered it, in any batch that was written: sum the view.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_${provider}_normalized (
${normalized_columns}
)
COMMENT 'One row is one charge; every batch, superseded ones too'
PARTITIONED BY (
${partition_columns}
)
STORED AS PARQUET
LOCATION '${lake}/normalized/${provider}/'
TBLPROPERTIES ('classification' = 'parquet')
