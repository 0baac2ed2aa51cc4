"""The wheel and the zip for Glue: both carry every data file and work in an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Reads one data file of each kind, as the library does.
USE = """
import json
import focus_lake
from focus_lake import declare, resources
from focus_lake.spec import columns
print(json.dumps({
    "from": focus_lake.__file__,
    "focus columns": len(columns.focus()),
    "alibaba's name": declare.load("alibaba").name,
    "folders of sql": sorted(item.name for item in resources.sql().iterdir() if item.is_dir()),
}))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A dist folder with one wheel and one zip."""
    dist = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "scripts" / "package.py", dist], check=True)
    return dist


@pytest.fixture
def empty_environment(tmp_path) -> Path:
    """The Python of a virtual environment with nothing in it, not even pip."""
    venv.create(tmp_path / "empty")
    return tmp_path / "empty" / "bin" / "python"


def use(python: Path, cwd: Path, **environment: str) -> dict:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", USE], cwd=cwd, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sql_folders() -> list[str]:
    return sorted({path.parent.name for path in (ROOT / "sql").glob("*/*.sql")})


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(built, empty_environment, tmp_path):
    [wheel] = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", empty_environment, "install"]
    subprocess.run([*pip, "--quiet", "--no-index", wheel], check=True)
    seen = use(empty_environment, tmp_path)
    assert seen.pop("from").startswith(str(tmp_path / "empty"))
    assert seen == {
        "focus columns": 67,
        "alibaba's name": "alibaba",
        "folders of sql": sql_folders(),
    }


@pytest.mark.slow
def test_the_zip_works_on_the_path_without_being_unpacked(built, empty_environment, tmp_path):
    [archive] = built.glob("*.zip")
    seen = use(empty_environment, tmp_path, PYTHONPATH=str(archive))
    assert seen.pop("from").startswith(str(archive))
    assert seen == {
        "focus columns": 67,
        "alibaba's name": "alibaba",
        "folders of sql": sql_folders(),
    }


@pytest.mark.slow
def test_every_data_file_of_the_library_and_of_sql_is_packaged(built):
    def data_files(folder: Path, packaged_as: str) -> set[str]:
        names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {
            f"{packaged_as}/{name}"
            for name in names
            if name.suffix not in (".py", ".pyc") and not str(name).startswith(".")
        }

    ours = data_files(ROOT / "lib" / "focus_lake", "focus_lake")
    ours |= data_files(ROOT / "sql", "focus_lake/sql")
    [archive] = built.glob("*.zip")
    assert ours - set(zipfile.ZipFile(archive).namelist()) == set()
