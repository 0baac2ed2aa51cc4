"""What the FOCUS project's own validator says about focus_v1_2 of the sample, beside what we say.

Makes a sample, runs both jobs, writes the view to one Parquet file and gives it to focus-validator
in a Python 3.12 of its own (.venv-validator, made on the first run). Every requirement that fails
there must stand in scripts/second_opinion.csv with a reason, and every one in it must still fail.
Exit code 0: as written there. 1: something differs. 2: no Python 3.12 here.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "second_opinion"
VENV = ROOT / ".venv-validator"
EXPECTED = ROOT / "scripts" / "second_opinion.csv"
# Composite requirements fail with their parts; the parts say what is wrong.
FAILED = re.compile(r"^❌ (\S+): FAIL\s+\(violations=(\d+), msg=(?!.*: AND failed)", re.MULTILINE)


def main() -> int:
    """Run everything; print each requirement that fails and what we say about it."""
    python = _python()
    if python is None:
        print("no Python 3.12 here, which focus-validator needs", file=sys.stderr)
        return 2
    _environment(python)
    found = _validate(_view())
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        expected = {row["rule"]: row for row in csv.DictReader(file)}
    for rule, violations in sorted(found.items()):
        row = expected.get(rule)
        verdict = f"{row['verdict']}: {row['reason']}" if row else "NOT EXPLAINED"
        print(f"{rule}: {violations} rows; {verdict}")
    for rule in sorted(expected.keys() - found.keys()):
        print(f"{rule}: passes now; remove it from {EXPECTED.name}")
    return 0 if found.keys() == expected.keys() else 1


def _python() -> str | None:
    finder = ["sh", str(ROOT / "scripts" / "find_python.sh"), "3.12"]
    done = subprocess.run(
        finder, capture_output=True, text=True, env={**os.environ, "PYTHON": ""}, check=False
    )
    return done.stdout.strip() or None if done.returncode == 0 else None


def _environment(python: str) -> None:
    ready, wanted = VENV / "ready", ROOT / "requirements" / "focus-validator.txt"
    if ready.exists() and ready.read_text() == wanted.read_text():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(VENV)], check=True)
    subprocess.run([_of_venv("pip"), "install", "-q", "-r", str(wanted)], check=True)
    ready.write_text(wanted.read_text())


def _of_venv(program: str) -> str:
    return str(VENV / "bin" / program)


def _view() -> Path:
    """focus_v1_2 of a small sample as one Parquet file."""
    shutil.rmtree(WORK, ignore_errors=True)
    raw, lake, target = WORK / "raw", WORK / "lake", WORK / "focus_v1_2.parquet"
    sample = ["-m", "focus_lake.sample", "--out", raw, "--rows", "3000", "--pushes", "1"]
    sample += ["--until", "202601"]
    normalize = [ROOT / "jobs" / "normalize_focus.py", "--raw", raw, "--lake", lake]
    refresh = [ROOT / "jobs" / "refresh_catalog.py", "--engine", "duckdb", "--lake", lake]
    for command in (sample, [*normalize, "--quiet_minutes", "0"], refresh):
        subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as catalog:
        catalog.execute(f"COPY (SELECT * FROM focus_v1_2) TO '{target}' (FORMAT parquet)")
    return target


def _validate(file: Path) -> dict[str, int]:
    """Requirement -> violations, of those that fail. The exit code tells nothing: it is 0."""
    where = "import focus_validator as f; print(f.__path__[0])"
    package = subprocess.run(
        [_of_venv("python"), "-c", where], check=True, capture_output=True, text=True
    )
    done = subprocess.run(
        [
            *(_of_venv("focus-validator"), "--data-file", str(file), "--block-download"),
            *("--validate-version", "1.2", "--focus-dataset", "CostAndUsage"),
        ],
        cwd=Path(package.stdout.strip()).parent,  # it looks for its rules below where it is run
        capture_output=True,
        text=True,
        check=True,
    )
    if "=== Validation Results ===" not in done.stdout:
        raise SystemExit(f"focus-validator said nothing that can be read:\n{done.stdout[-2000:]}")
    return {rule: int(violations) for rule, violations in FAILED.findall(done.stdout)}


if __name__ == "__main__":
    sys.exit(main())
