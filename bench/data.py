"""The bench's data, made once and kept in build/bench."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from focus_lake import declare, storage
from focus_lake.lake.ledger import PUBLISHED, Line, read_all
from focus_lake.raw.find import find

PROVIDER = "alibaba"
MONTHS = 40  # of the histories with many batches
ROWS_A_FILE = 2_000


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


def published(folder: Path, like: Path, batches: int) -> tuple[Path, Path]:
    """(raw, lake) with so many batches that the ledger has; no data, only the ledger's lines.

    like: a lake whose last ledger line the others are copies of.
    """
    raw, lake = copies(folder / f"{batches}", batches, 100), folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    model = read_all(storage.at(str(like)), PROVIDER)[-1]
    found, _ = find(storage.at(f"{raw}/{PROVIDER}"), declare.load(PROVIDER))
    lines: dict[str, list[Line]] = {}
    for batch in found:
        of_batch = {"yearmonth": batch.yearmonth, "batch_ts": batch.batch_ts}
        line = replace(model, **of_batch, exports=batch.exports, files=batch.signature())
        assert line.status == PUBLISHED
        lines.setdefault(batch.yearmonth, []).append(line)
    for month, of_month in lines.items():
        text = "".join(line.to_json() + "\n" for line in of_month)
        storage.at(str(lake)).put_if(f"ledger/{PROVIDER}/{month}.jsonl", text.encode(), None)
    return raw, lake


def many_files(folder: Path, count: int) -> Path:
    """A history of so many small pushes, each one file of about ROWS_A_FILE rows."""
    return copies(folder, count, ROWS_A_FILE)


def copies(folder: Path, count: int, rows: int) -> Path:
    """The raw folder of MONTHS months, each pushed again and again until there are count files.

    A month's pushes are the same file under other names: hard links, which cost no space.
    """
    raw = sample(folder / "months", rows * 10 // 7, months=MONTHS)  # one account has 7 in 10 rows
    done, target = folder / "done", folder / "raw"
    if not done.exists():
        shutil.rmtree(target, ignore_errors=True)
        found, _ = find(storage.at(f"{raw}/{PROVIDER}"), declare.load(PROVIDER))
        largest = {batch.yearmonth: batch for batch in sorted(found, key=lambda one: one.bytes)}
        for number in range(count):
            batch = largest[sorted(largest)[number % MONTHS]]
            at = timedelta(seconds=number // MONTHS)
            push = f"{datetime.strptime(batch.batch_ts[:8], '%Y%m%d') + at:%Y%m%d%H%M%S}"
            for file in batch.files:
                path = target / PROVIDER / batch.yearmonth / push / Path(file.path).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.hardlink_to(raw / PROVIDER / file.path)
        done.touch()
    return target
