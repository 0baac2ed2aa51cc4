"""The catalog: tables, partitions and views over the lake, on Athena, Trino and DuckDB."""
