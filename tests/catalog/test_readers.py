"""A reader that asks in a loop while batches are replaced, replayed, killed and expired.

It sees the sums before or after, in that order and never between, and no error: on DuckDB and
Trino, on a disk and on S3.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from decimal import Decimal

import boto3
import duckdb
import pytest

from focus_lake import storage
from focus_lake.catalog import measures, sources
from focus_lake.catalog.engines import s3_files
from helpers import local_trino
from helpers.catalog import on_duckdb, refresh
from helpers.exports import NAME, PUSH, bill, rows, zipped_names
from helpers.job_process import InProcess
from helpers.job_runs import STAND_IN, Job

pytestmark = pytest.mark.thorough

QUESTION = "SELECT SUM(BilledCost), COUNT(*) FROM focus_unified"
FIRST, SECOND = f"{PUSH}/{NAME}_part_001.zip", f"{PUSH}/{NAME}_part_002.zip"


class Reader(threading.Thread):
    """Asks again and again until it is stopped; what it saw, without repetitions, and how often."""

    def __init__(self, ask: Callable[[], list[tuple]]):
        super().__init__(daemon=True)
        self.ask, self.seen, self.asked, self.error = ask, [], 0, None
        self.end, self.answered = threading.Event(), threading.Condition()

    def run(self) -> None:
        while not self.end.wait(0.02):  # so that the jobs have a core, too
            try:
                (answer,) = self.ask()
            except Exception as error:  # whatever it is, the test shows it
                self.error = error
                return
            with self.answered:
                if not self.seen or self.seen[-1] != answer:
                    self.seen.append(answer)
                self.asked += 1
                self.answered.notify_all()

    def sees(self, total: str, count: int) -> None:
        """Wait until it saw an answer, so that each state is asked for at least once."""
        wanted = (Decimal(total), count)
        with self.answered:
            found = self.answered.wait_for(
                lambda: self.error or (self.seen and self.seen[-1] == wanted), timeout=120
            )
        assert self.error is None, self.error
        assert found, (wanted, self.seen)

    def stop(self) -> None:
        self.end.set()
        self.join(120)


class Lake:
    """A lake with its engine: publish and refresh it, ask it."""

    def __init__(self, job: Job, options: list[str], ask: Callable[[], list[tuple]]):
        self.job, self.options, self.ask = job, options, ask

    def deliver(self, file: str, price: str, count: int) -> None:
        self.job.put(file, zipped_names({"bill.csv": bill(*rows(count, price))}))

    def publish(self, **more) -> None:
        assert self.job.run(accept="row_drop", **more).code == 0

    def killed(self, step: str, **more) -> None:
        options = {"accept": "row_drop", **more}
        done = self.job.process(STAND_IN, "--kill_at", step, **options)
        assert done.code == -signal.SIGKILL, done.err

    def refresh(self, *more: str) -> None:
        assert refresh(*self.options, "--providers", "alibaba", *more) == 0

    def age(self) -> None:
        """Let everything have been published long ago, so that what is superseded can expire."""
        path = self.job.lake / "ledger" / "alibaba" / "202601.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        old = [json.dumps({**line, "published_at": "2026-02-01T00:00:00.000Z"}) for line in lines]
        path.write_text("\n".join(old) + "\n")

    def folders(self) -> int:
        return len(self.job.publications(PUSH))


class S3Lake(Lake):
    """The same in a bucket."""

    def __init__(self, job: Job, options: list[str], ask, bucket: str, endpoint: str):
        super().__init__(job, options, ask)
        self.s3, self.bucket = boto3.client("s3", endpoint_url=endpoint), bucket

    def deliver(self, file: str, price: str, count: int) -> None:
        body = zipped_names({"bill.csv": bill(*rows(count, price))})
        self.s3.put_object(Bucket=self.bucket, Key=f"raw/alibaba/{file}", Body=body)

    def age(self) -> None:
        where = {"Bucket": self.bucket, "Key": "lake/ledger/alibaba/202601.jsonl"}
        text = self.s3.get_object(**where)["Body"].read().decode()
        lines = [json.loads(line) for line in text.splitlines()]
        old = [json.dumps({**line, "published_at": "2026-02-01T00:00:00.000Z"}) for line in lines]
        self.s3.put_object(**where, Body=("\n".join(old) + "\n").encode())

    def folders(self) -> int:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="lake/normalized/alibaba/")
        return len({item["Key"].rpartition("/")[0] for item in found.get("Contents", ())})


@pytest.fixture
def duckdb_lake(tmp_path) -> Lake:
    job = Job(tmp_path, InProcess())
    options = ["--engine", "duckdb", "--lake", str(job.lake)]
    return Lake(job, options, lambda: on_duckdb(job.lake, QUESTION))


@pytest.fixture
def trino_lake(trino, tmp_path) -> Lake:
    job = Job(tmp_path, InProcess())
    job.lake = trino.root / "read_meanwhile"
    options = trino.options(job.lake, "read_meanwhile")
    return Lake(job, options, lambda: trino.query(QUESTION, "read_meanwhile"))


@pytest.fixture
def trino_s3_lake(s3_endpoint, bucket, tmp_path) -> S3Lake:
    (tmp_path / "trino").mkdir()
    with local_trino.running(tmp_path / "trino", s3_endpoint) as trino:
        job = Job(tmp_path, InProcess())
        job.raw, job.lake = f"s3://{bucket}/raw", f"s3://{bucket}/lake"
        argv = job.argv
        job.argv = lambda options: argv({"s3_endpoint": s3_endpoint, **options})
        options = ["--engine", "trino", "--lake", job.lake, "--database", "on_s3"]
        options += ["--s3_endpoint", s3_endpoint, "--trino_port", str(trino.port)]
        ask = lambda: trino.query(QUESTION, "on_s3")  # noqa: E731
        yield S3Lake(job, options, ask, bucket, s3_endpoint)


@pytest.fixture
def duckdb_s3_lake(s3_endpoint, bucket, tmp_path) -> S3Lake:
    job = Job(tmp_path, InProcess())
    job.raw, job.lake = f"s3://{bucket}/raw", f"s3://{bucket}/lake"
    argv = job.argv
    job.argv = lambda options: argv({"s3_endpoint": s3_endpoint, **options})
    store = storage.at(job.lake, s3_endpoint)
    options = ["--engine", "duckdb", "--lake", job.lake, "--s3_endpoint", s3_endpoint]

    def ask() -> list[tuple]:
        """The catalog as it lies in the bucket at this moment, and the files that it names."""
        file = tmp_path / "catalog.duckdb"
        file.write_bytes(store.read("focus.duckdb")[0])
        with duckdb.connect(str(file), read_only=True) as connection:
            s3_files.register(connection, store)
            return connection.execute(QUESTION).fetchall()

    return S3Lake(job, options, ask, bucket, s3_endpoint)


@pytest.fixture
def few_views(monkeypatch) -> None:
    """Deploys tables, the providers' own views, focus_unified and what a refresh asks itself."""
    asked = {"focus_unified", "focus_delivery_status"}
    few = tuple(one for one in sources.tree() if one.order <= 3 or one.stem in asked)
    monkeypatch.setattr(sources, "tree", lambda: few)
    # Measures rest on nearly every view.
    monkeypatch.setattr(measures, "VIEW", "focus_unified")
    monkeypatch.setattr(measures, "work_out", lambda *_: 0)


LAKES = [
    "duckdb_lake",
    pytest.param("duckdb_s3_lake", marks=pytest.mark.s3),
    pytest.param("trino_lake", marks=pytest.mark.trino),
    pytest.param("trino_s3_lake", marks=[pytest.mark.trino, pytest.mark.s3]),
]


@pytest.mark.parametrize("name", LAKES)
def test_a_reader_sees_before_or_after_and_never_between(name, request, few_views):
    lake: Lake = request.getfixturevalue(name)
    lake.deliver(FIRST, "1.00", 40)
    lake.publish()
    lake.refresh()
    reader = Reader(lake.ask)
    reader.start()
    try:
        reader.sees("40.00", 40)
        lake.deliver(SECOND, "2.00", 10)  # a late part
        lake.publish()
        lake.refresh()
        reader.sees("60.00", 50)
        lake.deliver(FIRST, "3.00", 40)  # a changed file; the run that reads it is killed twice
        for step in ("decided", "before the last line"):
            lake.killed(step)
            lake.refresh()
            reader.sees("60.00", 50)
        lake.publish()
        lake.refresh()
        reader.sees("140.00", 50)
        lake.publish(reprocess="true")  # a replay
        lake.refresh()
        assert lake.folders() == 5, "as it was first, with the part, broken off, changed, replayed"
        lake.age()
        lake.refresh("--expire_superseded_days", "1")  # keeps what it replaced a moment ago
        lake.refresh("--expire_superseded_days", "1")
        assert lake.folders() == 1
        lake.deliver(FIRST, "5.00", 20)
        lake.publish()
        lake.refresh("--expire_superseded_days", "1")
        reader.sees("120.00", 30)
    finally:
        reader.stop()
    assert reader.error is None, reader.error
    assert reader.seen == [
        (Decimal("40"), 40),
        (Decimal("60"), 50),
        (Decimal("140"), 50),
        (Decimal("120"), 30),
    ]
    assert reader.asked > len(reader.seen)
