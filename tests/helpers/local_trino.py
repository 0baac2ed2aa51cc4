"""One local Trino for the tests that need it, over a folder that holds any number of lakes."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "trino_server.py"


def script():
    """scripts/trino_server.py as a module; scripts are not a package."""
    spec = importlib.util.spec_from_file_location("trino_server", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["trino_server"] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class LocalTrino:
    """root: the folder of the lakes; a lake root/NAME is local:///NAME to its tables."""

    root: Path
    port: int

    def options(self, lake: Path, database: str) -> list[str]:
        """The refresh job's options for a lake under root."""
        return [
            *("--engine", "trino", "--lake", str(lake), "--database", database),
            *("--trino_port", str(self.port), "--location", f"local:///{lake.name}"),
        ]

    def cursor(self, database: str):
        import trino

        connection = trino.dbapi.connect(
            host="127.0.0.1", port=self.port, user="tests", catalog="hive", schema=database
        )
        return connection.cursor()

    def query(self, sql: str, database: str) -> list[tuple]:
        cursor = self.cursor(database)
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


@contextmanager
def running(root: Path, s3_endpoint: str | None = None):
    """Trino over root; the test is skipped, and says what to do, where it was never fetched."""
    server_script = script()
    if not server_script.available():
        pytest.skip("Trino is not fetched: python scripts/trino_server.py fetch (821 MB, once)")
    (root / "lake").mkdir()
    (root / "trino").mkdir()
    with server_script.running(root / "lake", root / "trino", s3_endpoint=s3_endpoint) as server:
        yield LocalTrino(root, server.port)
