"""Builds the wheel, the zip and a release for Glue into a folder: python scripts/package.py dist.

The zip is the wheel under another name: Spark's executors import a .zip and no .whl. A release is
a folder with all that the jobs on Glue read, named after the version and what is in it:

    dist/releases/0.2.0-1a2b3c4d5e6f/   normalize_focus.py  refresh_catalog.py  ..  focus_lake.zip
                                        focus_lake-...whl  pyathena-...whl  typst-...whl  ..
                                        SHA256SUMS

The same source gives the same bytes and the same name, so a deployment of it changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "requirements" / "glue.txt"
SUMS = "SHA256SUMS"
OLDEST = "315532800"  # 1980-01-01, the oldest a zip can say; real dates would change the bytes


def build(out: Path) -> tuple[Path, Path]:
    """(wheel, zip), built in a scratch folder so that nothing stale is packaged."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for folder in ("lib", "sql"):
            shutil.copytree(ROOT / folder, source / folder, ignore=ignore)
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        for path in source.rglob("*"):  # rights are in the wheel, and depend on umasks
            path.chmod(0o755 if path.is_dir() else 0o644)
        # The environment's own setuptools builds: nothing is fetched.
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", scratch, source]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": OLDEST}
        subprocess.run(command, check=True, env=environment, umask=0o022)
        [wheel] = Path(scratch).glob("*.whl")
        out.mkdir(parents=True, exist_ok=True)
        kept = Path(shutil.copy(wheel, out))
    archive = out / f"{'-'.join(kept.name.split('-')[:2])}.zip"
    shutil.copy(kept, archive)
    return kept, archive


def release(out: Path) -> Path:
    """The folder of a release below out/releases; its name is its place in the artifact bucket."""
    wheel, archive = build(out)
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch, "draft")
        draft.mkdir()
        shutil.copy(wheel, draft)
        shutil.copy(archive, draft / "focus_lake.zip")
        for name in jobs():
            shutil.copy(ROOT / "jobs" / name, draft)
        _fetch_wheels(draft)
        sums = "".join(f"{digest(path)}  {path.name}\n" for path in sorted(draft.iterdir()))
        (draft / SUMS).write_text(sums)
        version = wheel.name.split("-")[1]
        folder = out / "releases" / f"{version}-{hashlib.sha256(sums.encode()).hexdigest()[:12]}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(draft, folder)
    return folder


def modules() -> dict[str, str]:
    """Name and version of what requirements/glue.txt names."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", MODULES.read_text(), re.MULTILINE))


def jobs() -> list[str]:
    """The scripts that the template's jobs run, as they are named below a release."""
    template = (ROOT / "glue_workflow.json").read_text(encoding="utf-8")
    return sorted(re.findall(r"\$\{Release\}/(\w+\.py)", template))


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fetch_wheels(folder: Path) -> None:
    """Wheels of what Glue has not, so that a run at night does not depend on PyPI.

    They are those of Glue's machines, x86-64 Linux with Python 3.11, wherever this runs.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--platform", "manylinux2014_x86_64"]
    command += ["--python-version", "3.11", "--abi", "cp311", "--abi", "abi3", "--abi", "none"]
    wanted = [f"{name}=={version}" for name, version in modules().items() if name != "boto3"]
    subprocess.run([*command, "--dest", folder, *wanted], check=True)


if __name__ == "__main__":
    made = release(Path(sys.argv[1]))
    for path in sorted(made.iterdir()):
        print(f"{path}  {path.stat().st_size:,} bytes  sha256 {digest(path)}")
