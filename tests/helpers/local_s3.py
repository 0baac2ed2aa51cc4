"""A local S3 endpoint for tests: ministack, in an environment of its own (.venv-ministack).

python tests/helpers/local_s3.py installs it and does nothing else.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "local-s3.txt"
# One for each Python: .ci/run uses two.
FOLDER = ROOT / f".venv-ministack-{sys.version_info.major}.{sys.version_info.minor}"


def install() -> Path:
    """The ministack program, installed if it is not there or the pinned version has changed."""
    ready, program = FOLDER / "ready", FOLDER / "bin" / "ministack"
    if not ready.is_file() or ready.read_text() != REQUIREMENTS.read_text():
        venv.create(FOLDER, with_pip=True, clear=True)
        python = FOLDER / "bin" / "python"
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "-r", REQUIREMENTS], check=True)
        ready.write_text(REQUIREMENTS.read_text())
    return program


@contextmanager
def running() -> Iterator[str]:
    """Yields the address of an empty S3 endpoint, e.g. http://127.0.0.1:40321."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    # Without BIND_HOST it listens on every network of the machine.
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as log:
        environment["TMPDIR"] = scratch  # it leaves a file with its process id there
        server = subprocess.Popen(
            [install()], env=environment, cwd=FOLDER, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(server, address, log)
            yield address
        finally:
            # Asked to end, it waits for every open connection; there is nothing worth saving.
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen, address: str, log) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"ministack did not start: {log.read().decode(errors='replace')[-2000:]}")


if __name__ == "__main__":
    print(install())
