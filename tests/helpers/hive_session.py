"""A Spark with Hive's embedded metastore that runs the statements given, in a process of its own.

Arguments: scratch folder, class path of further jars. Standard input: JSON list of statements.
Standard output: one JSON list of rows a statement, values as text.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from focus_lake.spark.java import java_home


def main(scratch: Path, jars: str) -> None:
    os.environ["JAVA_HOME"] = str(java_home())
    settings = {
        "spark.driver.extraClassPath": jars,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={scratch}/metastore;create=true"
        ),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch}",
        # As Athena does: the ledger lies in a folder a provider.
        "spark.hadoop.mapreduce.input.fileinputformat.input.dir.recursive": "true",
    }
    builder = SparkSession.builder.master("local[2]").enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for statement in json.load(sys.stdin):
        rows = [[str(value) for value in row] for row in spark.sql(statement).collect()]
        print(json.dumps(rows, ensure_ascii=False), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
