"""Builds the wheel and the zip for Glue into a folder: python scripts/package.py dist.

Glue takes the wheel through --additional-python-modules, the zip through --extra-py-files.
The zip is the wheel under another name: Spark's executors import a .zip and no .whl.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(out: Path) -> tuple[Path, Path]:
    """(wheel, zip), built in a scratch folder so that nothing stale is packaged."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for folder in ("lib", "sql"):
            shutil.copytree(ROOT / folder, source / folder, ignore=ignore)
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        # The environment's own setuptools builds: nothing is fetched.
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", scratch, source]
        subprocess.run(command, check=True)
        [wheel] = Path(scratch).glob("*.whl")
        out.mkdir(parents=True, exist_ok=True)
        kept = Path(shutil.copy(wheel, out))
    archive = out / f"{'-'.join(kept.name.split('-')[:2])}.zip"
    shutil.copy(kept, archive)
    return kept, archive


if __name__ == "__main__":
    for path in build(Path(sys.argv[1])):
        print(path)
