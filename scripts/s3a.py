"""The jars that let Spark read s3:// on a laptop: fetched once, checked, kept in a cache folder.

`.venv/bin/python scripts/s3a.py` fetches them for the installed Spark; Glue has its own.
The usual way (hadoop-aws and its AWS SDK bundle) is 280 MB for Spark 3.5 and 650 MB for 4.1; the
modules that S3A uses, less what Spark ships, are 7 and 14 MB. s3a_jars.csv pins them.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from focus_lake.errors import StorageError  # noqa: E402, after the path is set

# Ivy, which Spark ships to fetch packages by name, has Maven Central's address in this class.
IVY_CLASS = "org/apache/ivy/plugins/resolver/IBiblioResolver.class"


@dataclass(frozen=True)
class Jar:
    """One pinned jar; bytes is its size, sha256 that of its content."""

    group: str
    artifact: str
    version: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Where it lies in a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


def jars(spark: str) -> list[Jar]:
    """The jars for a Spark version such as "3.5.6"; its first two numbers decide.

    The versions of hadoop-aws are those of the Hadoop that Spark ships (pyspark/jars).
    """
    line = ".".join(spark.split(".")[:2])
    rows = list(csv.DictReader((HERE / "s3a_jars.csv").read_text(encoding="utf-8").splitlines()))
    found = [
        Jar(row["group"], row["artifact"], row["version"], int(row["bytes"]), row["sha256"])
        for row in rows
        if row["spark"] == line
    ]
    if not found:
        known = sorted({row["spark"] for row in rows})
        raise StorageError(f"no S3 jars are pinned for Spark {spark}, only for {', '.join(known)}")
    return found


def cache_folder() -> Path:
    """FOCUS_LAKE_CACHE, else the user's cache folder."""
    if folder := os.environ.get("FOCUS_LAKE_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "focus_lake")


def s3a_classpath(spark: str) -> list[Path]:
    """The jars' paths, for spark.driver.extraClassPath; StorageError if they were not fetched.

    A file in the cache is whole: fetch() checks it before it gets its name.
    """
    paths = [cache_folder() / "jars" / jar.name for jar in jars(spark)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise StorageError(
            f"s3:// paths need Spark's S3 connector, {len(missing)} jars of which are not in "
            f"{paths[0].parent}: run `{sys.executable} scripts/s3a.py` once"
        )
    return paths


def maven() -> str:
    """Address of the Maven repository: FOCUS_LAKE_MAVEN, else Maven Central as Spark knows it."""
    if mirror := os.environ.get("FOCUS_LAKE_MAVEN"):
        return mirror.rstrip("/")
    import pyspark

    for jar in sorted(Path(pyspark.__file__).parent.glob("jars/ivy-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            found = re.search(rb"https://[\w.]+/maven2", archive.read(IVY_CLASS))
        if found:
            return found[0].decode()
    raise StorageError("this pyspark does not say where Maven Central is: set FOCUS_LAKE_MAVEN")


def fetch(spark: str) -> list[Path]:
    """Downloads what is missing, from FOCUS_LAKE_MAVEN (a mirror's address) or Maven Central.

    Where that cannot be reached and `mvn` is installed, mvn fetches, by its own settings (mirror,
    proxy, login). StorageError if neither works or a content is not the pinned one.
    """
    folder = cache_folder() / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in jars(spark) if not (folder / jar.name).is_file()]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if missing:
            _download(missing, Path(scratch))
        for jar in missing:
            _check(jar, Path(scratch, jar.name)).replace(folder / jar.name)
    return s3a_classpath(spark)


def _download(missing: list[Jar], folder: Path) -> None:
    base = maven()
    try:
        for jar in missing:
            with urllib.request.urlopen(f"{base}/{jar.path}", timeout=60) as answer:
                (folder / jar.name).write_bytes(answer.read())
    except (urllib.error.URLError, TimeoutError) as error:
        if not shutil.which("mvn"):
            raise StorageError(
                f"{base} cannot be reached ({error}): set FOCUS_LAKE_MAVEN to your Maven mirror, "
                "or install mvn, whose settings are used then"
            ) from error
        _download_with_mvn(missing, folder)


def _download_with_mvn(missing: list[Jar], folder: Path) -> None:
    # Every jar is listed, so what each of them depends on is left out.
    dependency = (
        "<dependency><groupId>{0.group}</groupId><artifactId>{0.artifact}</artifactId>"
        "<version>{0.version}</version><exclusions><exclusion><groupId>*</groupId>"
        "<artifactId>*</artifactId></exclusion></exclusions></dependency>"
    )
    pom = folder / "pom.xml"
    pom.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>focus_lake</groupId>"
        "<artifactId>jars</artifactId><version>1</version><dependencies>"
        + "".join(map(dependency.format, missing))
        + "</dependencies></project>"
    )
    command = ["mvn", "-q", "-f", str(pom), "dependency:copy-dependencies"]
    done = subprocess.run([*command, f"-DoutputDirectory={folder}"], capture_output=True, text=True)
    if done.returncode:
        raise StorageError(f"mvn could not fetch the S3 jars: {done.stdout.strip()[-500:]}")


def _check(jar: Jar, path: Path) -> Path:
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != jar.sha256:
        raise StorageError(
            f"{jar.path}: {len(content)} bytes with sha256 {found}, not the {jar.bytes} bytes with "
            f"{jar.sha256} that are pinned; is FOCUS_LAKE_MAVEN a Maven repository?"
        )
    return path


def main() -> None:
    spark = version("pyspark")
    paths = fetch(spark)
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(f"Spark {spark}: {len(paths)} jars, {size:.1f} MB in {paths[0].parent}")


if __name__ == "__main__":
    main()
