-- One row is one line of your reference data in one checked revision; focus_${called} has those that count.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database}.focus_reference_${called} (
${reference_columns}
)
COMMENT 'One row is one line of reference data in any revision that was ever checked'
STORED AS PARQUET
LOCATION '${lake}/checked/${kind}/'
TBLPROPERTIES ('classification' = 'parquet')
