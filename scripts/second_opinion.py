"""What the FOCUS project's own validator says about files of focus_lake.export, beside what we say.

Makes a sample, runs both jobs, exports FOCUS 1.2 (the only version that focus-validator has rules
for) as Parquet and as CSV, and gives the files to focus-validator in a Python 3.12 of its own
(.venv-validator, made on the first run). Every requirement that fails there must stand in
scripts/second_opinion.csv with a reason, and every one in it must still fail.
Exit code 0: as written there. 1: something differs. 2: no Python 3.12 here.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "second_opinion"
VENV = ROOT / ".venv-validator"
VERSION = "1.2"
# CSV of Alibaba cannot be read there: its issuer's names are all digits, which the validator's CSV
# reader takes for a column of numbers, and stops when it compares them with a provider's name.
EXPORTS = {"alibaba": "parquet", "aws": "csv"}
SAMPLE = ["--rows", "3000", "--pushes", "1", "--months", "1", "--until", "202601"]
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
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        expected = {(row["export"], row["rule"]): row for row in csv.DictReader(file)}
    found = {
        (export, rule): violations
        for export, path in _exported()
        for rule, violations in _validate(path).items()
    }
    for (export, rule), violations in sorted(found.items()):
        row = expected.get((export, rule))
        verdict = f"{row['verdict']}: {row['reason']}" if row else "NOT EXPLAINED"
        print(f"{export}: {rule}: {violations} rows; {verdict}")
    for export, rule in sorted(expected.keys() - found.keys()):
        print(f"{export}: {rule}: passes now; remove it from {EXPECTED.name}")
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


def _exported() -> Iterator[tuple[str, Path]]:
    """What a sample's export is called in the table, and its file: one month of each provider."""
    shutil.rmtree(WORK, ignore_errors=True)
    raw, lake = WORK / "raw", WORK / "lake"
    providers = ["--providers", ",".join(EXPORTS)]
    _run("-m", "focus_lake.sample", "--out", raw, *SAMPLE, *providers)
    jobs, quiet = ROOT / "jobs", ["--quiet_minutes", "0"]
    _run(jobs / "normalize_focus.py", "--raw", raw, "--lake", lake, *providers, *quiet)
    _run(jobs / "refresh_catalog.py", "--engine", "duckdb", "--lake", lake, *providers)
    for provider, form in EXPORTS.items():
        out = WORK / provider
        chosen = ["--version", VERSION, "--format", form, "--providers", provider]
        _run("-m", "focus_lake.export", "--lake", lake, "--out", out, *chosen)
        (path,) = out.glob(f"*/*.{form}")
        yield f"{provider} {form}", path


def _run(*command: object) -> None:
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def _validate(file: Path) -> dict[str, int]:
    """Requirement -> violations, of those that fail. The exit code tells nothing: it is 0."""
    where = "import focus_validator as f; print(f.__path__[0])"
    package = subprocess.run(
        [_of_venv("python"), "-c", where], check=True, capture_output=True, text=True
    )
    done = subprocess.run(
        [
            *(_of_venv("focus-validator"), "--data-file", str(file), "--block-download"),
            *("--validate-version", VERSION, "--focus-dataset", "CostAndUsage"),
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
