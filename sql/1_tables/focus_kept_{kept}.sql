-- One row is one row of focus_${kept} in any revision that was kept; that view shows those that count.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_kept_${kept} (
${kept_columns}
)
COMMENT 'One row is one row of focus_${kept} in any revision that was kept'
PARTITIONED BY (
${kept_keys}
)
STORED AS PARQUET
LOCATION '${lake}/kept/${kept}/'
TBLPROPERTIES ('classification' = 'parquet')
