"""The bench: that it runs, and that DuckDB by its own way makes the job's rows. No times here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "bench.py"


@pytest.mark.slow
def test_the_bench_runs_and_duckdb_makes_the_same_rows(tmp_path):
    sizes = ["--rows", "2000", "--small_rows", "500", "--rounds", "1", "--files", "5"]
    sizes += ["--batches", "60", "--questions_rows", "0"]
    command = [sys.executable, str(BENCH), *sizes, "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the job and DuckDB made the same rows" in done.stdout
    assert re.search(r"(?m)^ratio to DuckDB: \d+\.\d\d", done.stdout)
