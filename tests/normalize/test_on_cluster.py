"""The job on a real cluster: a master and two workers, each a process, all files on S3."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers import spark_cluster
from helpers.exports import NAME, bill, row, rows
from helpers.job_runs import ROOT, SCRIPT
from normalize.test_on_s3 import S3Job, without_files

pytestmark = [pytest.mark.slow, pytest.mark.s3]
BATCHES = [f"202601/202601{day:02}173000" for day in range(5, 17)]


def test_two_workers_make_the_lake_that_one_process_makes(job, tmp_path, bucket, s3_endpoint):
    on_s3 = S3Job(tmp_path, None, bucket, s3_endpoint)
    for each in (on_s3, job):
        for number, batch in enumerate(BATCHES):
            each.put(f"{batch}/{NAME}.csv", bill(*rows(20 + number), row("bad")))
    assert job.run(max_rejected_rows=1).code == 0
    package = [sys.executable, ROOT / "scripts" / "package.py", tmp_path / "dist"]
    subprocess.run(package, check=True)
    (library,) = tmp_path.glob("dist/releases/*/focus_lake.zip")
    with spark_cluster.running(tmp_path) as cluster:
        done = cluster.submit(library, SCRIPT, *on_s3.argv({"max_rejected_rows": 1}))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "12 published" in done.stdout
    for work in cluster.work:
        assert list(work.glob("*/*/focus_lake.zip")), "each worker took part, with the library"
    assert without_files(on_s3.see().content()) == without_files(job.content())
    assert len(job.rows(BATCHES[-1])) == 31
