"""Spark, started when there is something for it to do: on a laptop, or the one that Glue gives."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from focus_lake.errors import ClusterError
from focus_lake.log import utc_now
from focus_lake.resources import data

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

# The JVM only hands out tasks (the rows are in Python and Arrow), so a small heap will do, and
# the quick compiler starts faster than the thorough one ever pays back.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
HEAP = "1g"
# Where Spark SQL does the work instead, the thorough compiler is worth its while.
SQL_JAVA_OPTIONS = "-XX:+UseSerialGC -Xshare:auto -Xss4m"
SQL_HEAP = "2g"
# Nobody looks at ended queries, whose plans over a hundred columns would fill the heap.
FORGETFUL = {
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "10",
    "spark.ui.retainedStages": "10",
    "spark.ui.retainedTasks": "100",
}


class Cluster:
    """Runs functions on Spark's executors; Spark starts at the first need.

    context: a SparkContext to use, such as Glue's; None makes a local one on all cores.
    """

    def __init__(self, context: SparkContext | None = None):
        self._context, self._own = context, context is None
        self._starter: threading.Thread | None = None
        self._failure: Exception | None = None

    def begin(self) -> None:
        """Start Spark in the background, while the driver does what needs none."""
        if self._context is None and self._starter is None:
            self._starter = threading.Thread(target=self._start, daemon=True)
            self._starter.start()

    def _start(self) -> None:
        try:
            self._context = submitted_context() if is_submitted() else local_context()
        except Exception as error:  # raised again where Spark is needed
            self._failure = error

    @property
    def context(self) -> SparkContext:
        self.begin()
        if self._starter is not None:
            self._starter.join()
        if self._failure is not None:
            raise ClusterError(f"Spark does not start: {self._failure}") from self._failure
        if self._context is None:
            raise ClusterError("Spark was stopped; start the job again")
        return self._context

    @property
    def cores(self) -> int:
        return self.context.defaultParallelism

    @property
    def version(self) -> str:
        return self.context.version

    def map(self, function: Callable, items: Iterable) -> list:
        """function(item) for each item, one Spark task each; results in the items' order.

        Raises ClusterError with the reason if a task fails for good.
        """
        items, context = list(items), self.context
        try:
            return context.parallelize(items, max(1, len(items))).map(function).collect()
        except Exception as error:  # py4j's or pyspark's own, which differs by version
            raise ClusterError(cause(str(error))) from error

    def stop(self) -> None:
        """Stop a Spark that was started here."""
        if self._starter is not None:
            self._starter.join()
        if self._own and self._context is not None:
            self._context.stop()
            self._context = None


class Here:
    """In the place of a Cluster: runs functions in this process, one after the other."""

    cores, version = 1, None

    def begin(self) -> None:
        """There is nothing to start."""

    def map(self, function: Callable, items: Iterable) -> list:
        """function(item) for each item. Raises what the function raises."""
        return [function(item) for item in items]


def cause(trace: str) -> str:
    """What a failed task said, from the traces of Java and Python that Spark wraps it in."""
    ours = re.search(r"^\s*focus_lake\.errors\.\w+: (.+)", trace, re.MULTILINE)
    if ours:
        return ours[1]
    lines = r"Traceback \(most recent call last\):\n(?:\s.*\n)*(\S.*)"
    python = re.search(lines, trace)
    causes = re.findall(r"^Caused by: [\w.$]+: (.+)", trace, re.MULTILINE)
    said = python[1] if python else next(iter(causes), trace.strip().splitlines()[0])
    return f"a Spark task failed: {said}"


def is_submitted() -> bool:
    """Whether spark-submit started this process, as Glue and EMR do: its JVM is there already."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def submitted_context() -> SparkContext:
    """The SparkContext of the cluster that this program was submitted to."""
    from pyspark import SparkContext

    return SparkContext.getOrCreate()


def sql_session(context: SparkContext | None = None) -> SparkSession:
    """A session for DataFrames, set up for wide rows: of the context, else the one that is there,
    as in a notebook, else one of its own.

    With over a hundred columns the code of a whole stage is too large for Java to compile; step
    by step it is not.
    """
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession() if context is None else None
    if context is None and there is None and not is_submitted():
        context = local_context(SQL_JAVA_OPTIONS, SQL_HEAP)
    session = there or (SparkSession(context) if context else SparkSession.builder.getOrCreate())
    session.conf.set("spark.sql.codegen.wholeStage", "false")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    if not is_submitted():
        session.conf.set(
            "spark.sql.shuffle.partitions", str(session.sparkContext.defaultParallelism)
        )
    return session


def local_context(java_options: str = JAVA_OPTIONS, heap: str = HEAP) -> SparkContext:
    """A SparkContext on this machine's cores, quiet and on loopback only."""
    from focus_lake.spark.java import java_home

    os.environ["JAVA_HOME"] = str(java_home())
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    library = str(Path(__file__).parents[2])  # the Python workers import focus_lake, too
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": heap,
        "spark.driver.extraJavaOptions": f"{java_options} {_quiet()}",
        **FORGETFUL,
    }
    conf = SparkConf().setMaster("local[*]").setAppName("focus_lake").setAll(list(settings.items()))
    java_says, java = os.pipe()
    threading.Thread(target=_relay, args=(java_says,), daemon=True).start()
    try:
        gateway = launch_gateway(conf, {"stderr": java})  # type: ignore[no-untyped-call]
    finally:
        os.close(java)
    return SparkContext(conf=conf, gateway=gateway)


def _relay(pipe: int) -> None:
    """Pass on what Java says on standard error; what its log did not write becomes JSON, too."""
    with open(pipe, encoding="utf-8", errors="replace") as lines:
        for words in filter(None, map(str.rstrip, lines)):
            if not words.startswith("{"):
                event = {"time": utc_now(), "level": "warning", "event": "spark", "message": words}
                words = json.dumps(event, ensure_ascii=False)
            print(words, file=sys.stderr, flush=True)


def _quiet() -> str:
    """Spark logs errors only, so that standard error stays JSON lines."""
    file = data("spark", "log4j2.properties")
    return f"-Dlog4j2.configurationFile={file}" if isinstance(file, Path) else ""
