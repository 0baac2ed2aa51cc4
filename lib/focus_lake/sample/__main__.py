"""Makes sample exports: python -m focus_lake.sample --out DIR --rows N --months M --pushes K."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from focus_lake.errors import OptionsError
from focus_lake.options import run_job
from focus_lake.sample import (
    ai_spend,
    alibaba,
    aws,
    azure,
    datacenter,
    gcp,
    kubernetes,
    litellm,
    oci,
)
from focus_lake.sample.files import Planned, Written, add_sums, make
from focus_lake.sample.options import SampleOptions

# A provider's module has plan(options) -> files.Planned, and is_ours(path) for its files, by their
# paths in the provider's folder.
PROVIDERS = {
    "alibaba": alibaba,
    "aws": aws,
    "azure": azure,
    "gcp": gcp,
    "oci": oci,
    "datacenter": datacenter,
    "ai_spend": ai_spend,
    "litellm": litellm,
    "kubernetes": kubernetes,
}
# 202601 in a path, however a provider writes it: 2026-01, 2026/01, 20260101-20260131.
_MONTH = re.compile(r"(?:^|[/=])(20\d\d)[-/]?(0[1-9]|1[0-2])")
FEW_ROWS = 100_000  # are made in this process: others take longer to start


def main(options: SampleOptions) -> int:
    """Write the exports and say what was written."""
    unknown = [name for name in options.providers if name not in PROVIDERS]
    if unknown:
        known = ", ".join(PROVIDERS)
        raise OptionsError(f"--providers {','.join(unknown)}: no sample of it, only of {known}")
    try:
        _make(options.settled())
    except OSError as error:
        print(f"the sample is not complete: {error}", file=sys.stderr)
        return 1
    return 0


def _make(options: SampleOptions) -> None:
    started = time.monotonic()
    out = Path(options.out)
    planned = [file for name in options.providers for file in PROVIDERS[name].plan(options)]
    planned.sort(key=lambda file: not file.rows)  # manifests tell the sizes of what is there
    for name in options.providers:
        _remove_old(out / name, name, {out / file.path for file in planned})
    written = list(_write(planned, out, options))
    if options.truth:
        Path(options.truth).write_text(_truth(planned, written), encoding="utf-8")
    _report(planned, written, time.monotonic() - started, out)


def _remove_old(folder: Path, provider: str, wanted: set[Path]) -> None:
    """Remove files of an earlier sample from the months that are made anew.

    Left among the new ones, a part of a larger sample would look like part of this one.
    """
    months = {_month(path.relative_to(folder)) for path in wanted if folder in path.parents}
    for path in list(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_dir() or path in wanted or _month(place) not in months:
            continue
        if PROVIDERS[provider].is_ours(place.as_posix()):
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def _month(path: Path) -> str | None:
    found = _MONTH.search(path.as_posix())
    return found and found[1] + found[2]


def _write(planned: Sequence[Planned], out: Path, options: SampleOptions) -> Iterator[Written]:
    with_sums = bool(options.truth)
    workers = min(options.workers or os.cpu_count() or 1, len(planned))
    data = [file for file in planned if file.rows]
    if workers == 1 or sum(file.rows for file in data) <= FEW_ROWS:
        yield from map(make, data, repeat(out), repeat(with_sums))
    else:
        # Not by fork: Arrow has threads by now, and a lock that one holds stays locked in a copy.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield from pool.map(make, data, repeat(out), repeat(with_sums))
    yield from map(make, planned[len(data) :], repeat(out), repeat(with_sums))


def _truth(planned: Sequence[Planned], written: Sequence[Written]) -> str:
    """JSON: for each provider, month, batch and export its rows and sums by currency, as text."""
    batches: dict = defaultdict(lambda: {"rows": 0, "files": 0, "sums": {}})
    for file, done in zip(planned, written, strict=True):
        provider = file.path.split("/")[0]
        batch = batches[provider, file.yearmonth, file.batch_ts, file.export]
        batch["rows"] += done.rows
        batch["files"] += bool(file.rows)
        add_sums(batch["sums"], done.sums)
    keys = ("provider", "yearmonth", "batch_ts", "export")
    lines = [dict(zip(keys, key, strict=True)) | batch for key, batch in batches.items()]
    return json.dumps(lines, indent=1, default=lambda value: f"{value:f}") + "\n"


def _report(
    planned: Sequence[Planned], written: Sequence[Written], seconds: float, out: Path
) -> None:
    rows = sum(done.rows for done in written)
    size = sum(done.text_bytes for done in written)
    batches = {(file.path.split("/")[0], file.yearmonth, file.batch_ts) for file in planned}
    print(
        f"{out}: {rows:,} rows in {len(planned):,} files of {len(batches):,} batches, "
        f"{size / 1e6:,.0f} MB of text, {seconds:.1f} s, {rows / max(seconds, 1e-9):,.0f} rows/s"
    )


if __name__ == "__main__":
    sys.exit(run_job(SampleOptions, "makes sample exports, the same for the same options", main))
