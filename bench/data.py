"""The bench's data, made once and kept in build/bench."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from focus_lake import declare, storage
from focus_lake.lake.ledger import PUBLISHED, Line, read_all
from focus_lake.raw.find import find

PROVIDER = "alibaba"
BATCHES = 1000
PUSHES = 25  # a month, so that the 1,000 batches are 40 months


def sample(folder: Path, rows: int, **options) -> Path:
    """The raw folder of a sample with so many rows a month; one that is there is used again."""
    done = folder / "done"
    raw = folder / "raw"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        given = {"rows": rows, "months": 1, "pushes": 1, "until": "202601", **options}
        pairs = [word for key, value in given.items() for word in (f"--{key}", str(value))]
        command = [sys.executable, "-m", "focus_lake.sample", "--out", str(raw), *pairs]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done.touch()
    return raw


def unzipped(raw: Path, target: Path) -> Path:
    """Every member of every archive as a file, below the archive's own path."""
    done = target / "done"
    if not done.exists():
        shutil.rmtree(target, ignore_errors=True)
        for path in sorted(raw.rglob("*.zip")):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(target / path.relative_to(raw))
        done.touch()
    return target


def published(folder: Path, like: Path) -> tuple[Path, Path]:
    """(raw, lake) with 1,000 batches that the ledger has; no data, only the ledger's lines.

    like: a lake whose last ledger line the others are copies of.
    """
    months = BATCHES // PUSHES
    raw = sample(folder, 50, months=months, pushes=PUSHES, shared_folder="true")
    lake = folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    model = read_all(storage.at(str(like)), PROVIDER)[-1]
    batches, _ = find(storage.at(f"{raw}/{PROVIDER}"), declare.load(PROVIDER))
    lines: dict[str, list[Line]] = {}
    for batch in batches:
        of_batch = {"yearmonth": batch.yearmonth, "batch_ts": batch.batch_ts}
        line = replace(model, **of_batch, exports=batch.exports, files=batch.signature())
        assert line.status == PUBLISHED
        lines.setdefault(batch.yearmonth, []).append(line)
    for month, of_month in lines.items():
        text = "".join(line.to_json() + "\n" for line in of_month)
        storage.at(str(lake)).put_if(f"ledger/{PROVIDER}/{month}.jsonl", text.encode(), None)
    return raw, lake
