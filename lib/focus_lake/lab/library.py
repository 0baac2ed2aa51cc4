"""statsforecast, in an environment of its own: it brings numba and pandas that nothing else needs.

``python -m focus_lake.lab`` makes the environment once, in a folder that is named in its output.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from focus_lake.errors import FocusLakeError
from focus_lake.lab.methods import Point

PINNED = "statsforecast==2.1.1"  # Nixtla, Apache-2.0; tested on 2026-11-25
HISTORY = 120  # days of history that it is given
SCRIPT = f"""
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas
from statsforecast import StatsForecast
from statsforecast.models import AutoTheta

asked = json.load(open(sys.argv[1]))
frame = pandas.DataFrame(
    [(name, at, y) for name, ys in asked.items() for at, y in enumerate(ys[-{HISTORY}:])],
    columns=["unique_id", "ds", "y"],
)
made = StatsForecast(models=[AutoTheta(season_length=7)], freq=1, n_jobs=1).forecast(df=frame, h=27)
said = {{name: list(part["AutoTheta"]) for name, part in made.groupby("unique_id")}}
json.dump(said, open(sys.argv[2], "w"))
"""


class NoLibrary(FocusLakeError):
    """The library cannot be installed or does not run here."""


def forecasts(points: Sequence[Point], folder: Path) -> list[float]:
    """What the library expects on the days left, a point each. NoLibrary if it is not to be had."""
    python = _python(folder)
    with tempfile.TemporaryDirectory() as scratch:
        asked, said = Path(scratch, "asked.json"), Path(scratch, "said.json")
        histories = {str(number): point.history for number, point in enumerate(points)}
        asked.write_text(json.dumps(histories), encoding="utf-8")
        _run([str(python), "-c", SCRIPT, str(asked), str(said)])
        found = json.loads(said.read_text(encoding="utf-8"))
    return [sum(found[str(number)][: point.left]) for number, point in enumerate(points)]


def _python(folder: Path) -> Path:
    """The environment's Python, with the library installed."""
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.is_file() or ready.read_text(encoding="utf-8") != PINNED:
        venv.create(folder, with_pip=True, clear=True)
        _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", PINNED])
        ready.write_text(PINNED, encoding="utf-8")
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NoLibrary(f"{PINNED} on Python {sys.version.split()[0]}: {' '.join(reason)}")
