"""What `make setup` decides: which Python, and whether an environment is whole."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def make_venv():
    spec = importlib.util.spec_from_file_location("make_venv", ROOT / "scripts" / "make_venv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def whole(make_venv, tmp_path) -> Path:
    """An environment that looks finished; the packages are left out."""
    folder = tmp_path / ".venv"
    venv.create(folder)
    (folder / "ready").write_text(make_venv.recipe(folder))
    return folder


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """An empty folder that is the whole PATH; find_python.sh itself needs only sh."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def find_python(*versions: str, **environment: str) -> subprocess.CompletedProcess:
    command = ["/bin/sh", ROOT / "scripts" / "find_python.sh", *versions]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True
    )


def test_a_whole_environment_is_left_alone(make_venv, whole):
    assert make_venv.is_ready(whole)


def test_an_environment_whose_making_was_interrupted_is_made_anew(make_venv, whole):
    (whole / "ready").unlink()
    assert not make_venv.is_ready(whole)


def test_an_environment_whose_python_has_gone_is_made_anew(make_venv, whole):
    (whole / "bin" / "python").unlink()
    (whole / "bin" / "python").symlink_to("/nonexistent/python")
    assert not make_venv.is_ready(whole)


def test_an_environment_that_was_moved_is_made_anew(make_venv, whole, tmp_path):
    moved = whole.rename(tmp_path / ".venv-moved")
    assert not make_venv.is_ready(moved)


def test_a_changed_requirement_makes_the_environment_anew(make_venv, whole, tmp_path, monkeypatch):
    changed = tmp_path / "requirements.txt"
    changed.write_text("pyspark==3.5.7\n")
    monkeypatch.setattr(make_venv, "requirements", lambda: [changed])
    assert not make_venv.is_ready(whole)


@pytest.mark.thorough
def test_making_anew_starts_from_an_empty_folder(make_venv, whole, monkeypatch):
    installed = []
    monkeypatch.setattr(make_venv, "pip", lambda folder, *what: installed.append(what))
    (whole / "left-over").touch()
    make_venv.make(whole)
    assert not (whole / "left-over").exists()
    assert not (whole / "ready").exists(), "ready is written when everything is installed"
    assert installed == [("-r", str(make_venv.requirements()[0]))]
    seen = subprocess.check_output(
        [whole / "bin" / "python", "-c", "import focus_lake; print(focus_lake.__file__)"],
        text=True,
        cwd=whole,
        env={},
    )
    assert Path(seen.strip()) == ROOT / "lib" / "focus_lake" / "__init__.py"


def test_a_folder_that_is_no_environment_of_ours_is_never_replaced(make_venv, tmp_path):
    precious = tmp_path / "documents"
    precious.mkdir()
    with pytest.raises(SystemExit, match="not replaced"):
        make_venv.make(precious)
    assert precious.is_dir()


def test_a_command_that_has_the_name_but_does_not_start_is_passed_over(programs):
    shim = programs / f"python{RUNNING}"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    found = find_python(RUNNING)
    assert (found.returncode, found.stdout) == (0, f"{programs}/python3\n"), found.stderr


def test_a_python_of_another_version_is_not_taken(programs):
    (programs / "python3").symlink_to(sys.executable)
    found = find_python("3.99")
    assert (found.returncode, found.stdout) == (1, "")
    assert "No Python with venv found among: 3.99. Install Python 3.11" in found.stderr


def test_pythons_are_tried_in_the_order_that_was_asked_for(programs):
    (programs / "python3").symlink_to(sys.executable)
    assert find_python("3.99", RUNNING).stdout == f"{programs}/python3\n"


def test_the_variable_python_settles_it(programs, tmp_path):
    chosen = tmp_path / "chosen"
    chosen.symlink_to(sys.executable)
    (programs / "python3").symlink_to(sys.executable)
    assert find_python(RUNNING, PYTHON=str(chosen)).stdout == f"{chosen}\n"
    wrong = find_python("3.99", PYTHON=str(chosen))
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert f"PYTHON={chosen} does not start, has no venv, or is none of: 3.99" in wrong.stderr
