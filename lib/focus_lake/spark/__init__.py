"""Where Spark comes from: Glue, spark-submit or this machine; and the Java it needs."""
