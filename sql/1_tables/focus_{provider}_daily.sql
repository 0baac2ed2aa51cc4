-- One row is the charges of ${title} that agree in day and every other key, in any batch: sum the view.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_${provider}_daily (
${daily_columns}
)
COMMENT 'One row is a group of charges of a day; every batch, superseded ones too'
PARTITIONED BY (
${partition_columns}
)
STORED AS PARQUET
LOCATION '${lake}/daily/${provider}/'
TBLPROPERTIES ('classification' = 'parquet')
