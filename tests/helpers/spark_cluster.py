"""A standalone Spark cluster on loopback: one master and workers of one core, each a process."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from focus_lake.spark.java import java_home

HOME = Path(pyspark.__file__).parent
WAIT = 120  # seconds until a process must have said that it is there
QUIET = ["--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1"]


@dataclass(frozen=True)
class SparkCluster:
    """Its address, and the folder in which each worker keeps what its executors were given."""

    master: str
    work: tuple[Path, ...]

    def submit(self, library: Path, script: Path, *argv: str) -> subprocess.CompletedProcess:
        """Run a script as Glue does: with the library as a zip, and nothing else of ours."""
        command = [HOME / "bin" / "spark-submit", "--master", self.master, *QUIET]
        command += ["--conf", "spark.executor.memory=1g", "--py-files", library, script, *argv]
        return subprocess.run(
            list(map(str, command)), env=environment(), capture_output=True, text=True, timeout=300
        )


def environment() -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    python = {"PYSPARK_PYTHON": os.sys.executable, "PYSPARK_DRIVER_PYTHON": os.sys.executable}
    return {**given, **python, "JAVA_HOME": str(java_home()), "SPARK_LOCAL_IP": "127.0.0.1"}


@contextmanager
def running(folder: Path, workers: int = 2) -> Iterator[SparkCluster]:
    """A cluster that ends with the block; logs and workers' folders are in folder."""
    started: list[subprocess.Popen] = []
    place = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]

    def start(name: str, kind: str, *options: str, until: str) -> str:
        log = folder / f"{name}.log"
        command = [
            HOME / "bin" / "spark-class",
            f"org.apache.spark.deploy.{kind}",
            *place,
            *options,
        ]
        with log.open("w") as out:
            words = list(map(str, command))
            process = subprocess.Popen(words, env=environment(), stdout=out, stderr=out)
        started.append(process)
        return _said(process, log, until)

    try:
        master = start("master", "master.Master", until=r"Starting Spark master at (spark://\S+)")
        work = tuple(folder / f"worker-{number}" for number in range(workers))
        for path in work:
            options = ("--cores", "1", "--memory", "1g", "--work-dir", str(path), master)
            start(path.name, "worker.Worker", *options, until=r"(Successfully registered)")
        yield SparkCluster(master, work)
    finally:
        for process in reversed(started):
            process.kill()  # executors end with their worker
            process.wait()


def _said(process: subprocess.Popen, log: Path, pattern: str) -> str:
    end = time.monotonic() + WAIT
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"no {pattern!r} in {log}:\n{log.read_text(errors='replace')[-2000:]}")
