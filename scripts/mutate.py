"""Break the lines that decide about money one at a time; tell which breaks no test sees.

python scripts/mutate.py, from `make mutate`: mutmut in a copy of the project below build/mutate,
since it wants the sources in src/. Prints the survivors; docs/mutation.md says why each may live.
WORKERS=1 in the environment leaves the other cores to somebody else. What a run has found so far
stands in build/mutate at once: `cd build/mutate && mutmut results`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutate"
# What is broken, and the tests that must see it.
MODULES = (
    "transform/decimals.py",
    "transform/times.py",
    "transform/tags.py",
    "transform/select.py",
    "transform/enrich.py",
    "transform/repairs.py",
    "lake/live.py",
    "lake/ledger.py",
)
TESTS = (
    "tests/transform",
    "tests/declare/test_fills.py",
    "tests/lake/test_live.py",
    "tests/lake/test_ledger.py",
    "tests/lake/test_journal.py",
)


def main() -> int:
    """Run mutmut over MODULES and print what survived; 0 when it ran."""
    shutil.rmtree(COPY, ignore_errors=True)
    ours = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lib" / "focus_lake", COPY / "src" / "focus_lake", ignore=ours)
    for part in ("sql", "tests", "scripts"):
        shutil.copytree(ROOT / part, COPY / part, ignore=ours)
    for name in MODULES:
        _without_caches(COPY / "src" / "focus_lake" / name)
    (COPY / "pyproject.toml").write_text(_settings(), encoding="utf-8")
    mutmut = [str(Path(sys.executable).parent / "mutmut")]  # `-m mutmut` would see no test
    workers = ["--max-children", os.environ["WORKERS"]] if "WORKERS" in os.environ else []
    code = subprocess.run([*mutmut, "run", *workers], cwd=COPY).returncode
    if code:
        return code
    found = subprocess.run([*mutmut, "results"], cwd=COPY, capture_output=True)
    survivors = re.findall(r"^\s*(\S+): (survived|no tests|timeout)$", found.stdout.decode(), re.M)
    for name, what in survivors:
        print(f"{what}: {name}   (cd build/mutate && mutmut show {name})")
    print(f"{len(survivors)} breaks that no test sees; docs/mutation.md explains those known")
    return 0


def _without_caches(module: Path) -> None:
    """mutmut breaks no function that is decorated, and what a cache has kept hides a break."""
    text = module.read_text(encoding="utf-8")
    cached = r"(?m)^ *@(functools\.)?(lru_)?cache(\(.*\))?\n"
    module.write_text(re.sub(cached, "", text), encoding="utf-8")


def _settings() -> str:
    pytest = re.search(
        r"\[tool\.pytest\.ini_options\]\n.*?(?=\n\[|\Z)",
        (ROOT / "pyproject.toml").read_text(),
        re.S,
    )
    assert pytest, "pyproject.toml has no [tool.pytest.ini_options]"
    own = pytest[0].replace('pythonpath = ["lib",', 'pythonpath = ["src",')
    modules = ", ".join(f'"src/focus_lake/{name}"' for name in MODULES)
    tests = ", ".join(f'"{name}"' for name in TESTS)
    return (
        f"{own}\n[tool.mutmut]\nsource_paths = [{modules}]\n"
        f"pytest_add_cli_args_test_selection = [{tests}]\n"
        'pytest_add_cli_args = ["-m", "not thorough"]\n'
        'also_copy = ["src", "sql", "tests", "scripts", "pyproject.toml"]\n'
    )


if __name__ == "__main__":
    sys.exit(main())
