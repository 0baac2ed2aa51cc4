"""A run over a thousand published batches with nothing new: no Spark, no Java, no reading."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.job_runs import SCRIPT, Job, run_process

MONTHS = [f"{2022 + number // 12}{number % 12 + 1:02d}" for number in range(40)]
BATCHES = [(month, f"{month}{day:02d}173000") for month in MONTHS for day in range(1, 26)]


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> Job:
    """A thousand batches of one file each, and the ledger lines that say they are published."""
    job = Job(tmp_path_factory.mktemp("thousand"))
    lines: dict[str, list[str]] = {}
    for month, batch_ts in BATCHES:
        file = job.put(f"{month}/{batch_ts}/1500_2_X_{month}.zip", "not even opened")
        stat = file.stat()
        name = str(file.relative_to(job.raw / "alibaba"))
        line = {
            "provider": "alibaba",
            "exports": ["1500_2"],
            "yearmonth": month,
            "batch_ts": batch_ts,
            "status": "published",
            "publication": "first",
            "files": [{"name": name, "size": stat.st_size, "etag": f"mtime:{stat.st_mtime_ns}"}],
        }
        lines.setdefault(month, []).append(json.dumps(line))
    folder = job.lake / "ledger" / "alibaba"
    folder.mkdir(parents=True)
    for month, texts in lines.items():
        (folder / f"{month}.jsonl").write_text("\n".join(texts) + "\n")
    return job


@pytest.fixture
def no_spark(tmp_path) -> dict[str, str]:
    """An environment in which Spark cannot even be imported, and Java not be found."""
    package = tmp_path / "broken" / "pyspark"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('Spark was not to be started')\n")
    library = str(Path(SCRIPT).parents[1] / "lib")
    return {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "broken"), library]),
        "JAVA_HOME": str(tmp_path / "nowhere"),
        "PATH": str(tmp_path),
    }


def run(job: Job, environment: dict):
    import sys

    return run_process([sys.executable, SCRIPT, *job.argv({})], environment)


def test_it_starts_no_spark_and_changes_nothing(job, no_spark, tmp_path):
    """Nor does it load pyarrow, numpy or pandas, which takes as long as the plan."""
    for name in ("pyarrow", "numpy", "pandas"):
        text = f"raise ImportError('{name} was not to be loaded')\n"
        (tmp_path / "broken" / f"{name}.py").write_text(text)
    before = job.marks()
    result = run(job, no_spark)
    assert (result.code, result.err) == (0, "")
    assert result.out == "0 published, 1000 unchanged, 0 waiting, 0 refused.\n"
    assert job.marks() == before


def test_with_much_that_is_new_such_an_environment_fails_in_words(job, no_spark):
    """A little is read without Spark; this is 2.7 MB."""
    text = "BilledCost,BillingPeriodStart\n" + "1,2026-01-01 00:00:00\n" * 120_000
    file = job.put("202601/20260131173000/1500_2_X_202601.csv", text)
    result = run(job, no_spark)
    file.unlink()
    assert result.code == 1
    assert "Spark does not start" in result.line("FAILED")
    assert not (job.lake / "normalized").exists()
