"""The job and DuckDB at the same month, in turns: how long each step takes, on both clocks."""

from __future__ import annotations

import io
import shutil
import statistics
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import data
import duck
from processor import Spent, now

from focus_lake import declare, storage
from focus_lake.lake import scratch
from focus_lake.lake.ledger import Ledger
from focus_lake.log import Log
from focus_lake.normalize import plan, read_batch
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.normalize.publish import Run, settle
from focus_lake.raw.batch import Batch
from focus_lake.raw.find import find
from focus_lake.spark.session import Cluster


@dataclass
class Round:
    """unzip, job: the job's two steps, one after the other; whole: the job as users run it, in
    which they overlap; extract, duckdb: DuckDB's side."""

    unzip: Spent
    job: Spent
    whole: Spent
    extract: Spent
    duckdb: Spent

    @property
    def ratio(self) -> float:
        return self.job.seconds / self.duckdb.seconds

    @property
    def processor_ratio(self) -> float:
        return self.job.processor / self.duckdb.processor

    @property
    def end_to_end(self) -> float:
        return self.whole.seconds / (self.extract + self.duckdb).seconds


class Rounds:
    """A month of bills, and both sides at it. Places below folder are made anew."""

    def __init__(self, raw: Path, texts: Path, folder: Path, cluster: Cluster):
        self.raw, self.texts, self.folder, self.cluster = raw, texts, folder, cluster
        self.lake, self.other = folder / "warm", folder / "duck"
        self.by = declare.load(data.PROVIDER)
        self.options = NormalizeOptions(str(raw), str(self.lake), reprocess=True, quiet_minutes=0)
        self.batches, _ = find(storage.at(str(raw / data.PROVIDER)), self.by)

    def run(self, count: int) -> list[Round]:
        """So many rounds, after a run that starts the Python workers and is not counted."""
        self._whole()
        return [self._round() for _ in range(count)]

    def check(self) -> None:
        """Stop if the two did not make the same rows: then no ratio would say anything."""
        ours = f"{self.lake}/normalized/{data.PROVIDER}/**/*.parquet"
        with duck.connect(self.cluster.cores) as connection:
            if found := duck.difference(connection, ours, f"{self.other}/*/*.parquet"):
                raise SystemExit(f"the job and DuckDB: {found}")
        print("the job and DuckDB made the same rows")

    def _round(self) -> Round:
        unzip, job = self._steps()
        return Round(unzip, job, self._whole(), self._extract(), self._duckdb())

    def _steps(self) -> tuple[Spent, Spent]:
        """The job's steps apart: first everything is unzipped, then typed and published."""
        _fresh(self.lake)
        lake, log = storage.at(str(self.lake)), Log(io.StringIO())
        raw = storage.at(str(self.raw / data.PROVIDER))
        how = read_batch.How(raw, lake, self.by, self.options)
        ledger, recipe = Ledger(lake, self.by.name), plan.recipe(self.by, self.options)
        run = Run(lake, ledger, self.by, self.options, self.cluster, recipe, log)
        with scratch.folder(lake, log) as folder:
            items = [(batch, f"{folder}/{batch.batch_ts}") for batch in self.batches]
            start = now()
            reads = [read_batch.unzip(how, self.cluster, item) for item in items]
            unzipped = now()
            for item, read in zip(items, reads, strict=True):
                settle(run, item[0], read_batch.write(how, self.cluster, item, read), item[1])
            end = now()
        return unzipped - start, end - unzipped

    def _whole(self) -> Spent:
        _fresh(self.lake)
        report, start = io.StringIO(), now()
        with redirect_stderr(io.StringIO()), redirect_stdout(report):
            code = normalize(self.options, self.cluster)
        if code:
            raise SystemExit(f"the job failed:\n{report.getvalue()}")
        return now() - start

    def _extract(self) -> Spent:
        """What a user of DuckDB does first: unzip, an archive a core."""
        _fresh(self.folder / "extracted")
        archives = sorted(self.raw.rglob("*.zip"), key=lambda path: -path.stat().st_size)
        start = now()
        with ThreadPoolExecutor(self.cluster.cores) as pool:
            list(pool.map(self._extract_one, archives))
        return now() - start

    def _extract_one(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(self.folder / "extracted" / path.relative_to(self.raw))

    def _duckdb(self) -> Spent:
        _fresh(self.other)
        start = now()
        with duck.connect(self.cluster.cores) as connection:
            for batch in self.batches:
                self._write(connection, batch)
        return now() - start

    def _write(self, connection, batch: Batch) -> None:
        (export,) = batch.exports
        texts = [path for file in batch.files for path in (self.texts / file.path).iterdir()]
        duck.write(connection, texts, self.texts, export, self.other / batch.batch_ts, self.by)


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def report(rounds: list[Round], rows: int, say) -> None:
    """What the steps took, the middle round of each; say prints a line."""
    steps = {
        "unzip, check and count": "unzip",
        "type, write, summarise, audit, publish": "job",
        "DuckDB from the unzipped text, no audit": "duckdb",
        "all of the job, unzipping overlapped": "whole",
        "unzip for DuckDB": "extract",
    }
    print(f"warm, the middle one of {len(rounds)} rounds (all of them; processor seconds):")
    for what, name in steps.items():
        found = [getattr(one, name) for one in rounds]
        seconds = [one.seconds for one in found]
        processor = statistics.median(one.processor for one in found)
        listed = ", ".join(f"{value:.2f}" for value in seconds)
        say(what, statistics.median(seconds), rows, f"({listed}; {processor:.2f})")


def ratios(rounds: list[Round]) -> dict[str, float]:
    """The medians that `make bench` ends with; each round is a ratio of its own."""
    return {
        "ratio to DuckDB": statistics.median(one.ratio for one in rounds),
        "processor ratio to DuckDB": statistics.median(one.processor_ratio for one in rounds),
        "end-to-end ratio": statistics.median(one.end_to_end for one in rounds),
    }
