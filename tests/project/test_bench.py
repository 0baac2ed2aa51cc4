"""The bench: that it runs, and that DuckDB by its own way makes the job's rows. No times here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "bench.py"


@pytest.mark.slow
def test_the_bench_runs_and_duckdb_makes_the_same_rows(tmp_path):
    sizes = ["--rows", "2000", "--small_rows", "500", "--rounds", "1", "--files", "5"]
    sizes += ["--batches", "60", "--questions_rows", "2000"]
    command = [sys.executable, str(BENCH), *sizes, "--folder", str(tmp_path)]
    no_trino = {**os.environ, "FOCUS_LAKE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, env=no_trino)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the job and DuckDB made the same rows" in done.stdout
    assert re.fullmatch(r"ratio to DuckDB: \d+\.\d\d", done.stdout.splitlines()[-1])
