"""A lake of the former layout is refused with what to do, and moved by one command."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from decimal import Decimal

import pytest

from focus_lake.lake import move
from focus_lake.options import parse
from helpers.catalog import on_duckdb, refresh
from helpers.exports import LATER, NAME, PUSH, bill, row, rows
from helpers.job_runs import Job

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("few_views")]

REMEDY = "make move"


@pytest.fixture
def former(job) -> Job:
    """Two pushes, one of them with a rejected row, as the version before left them."""
    job.put(f"{PUSH}/{NAME}.csv", bill(*rows(10), row("bad")))
    job.put(f"{LATER}/{NAME}.csv", bill(*rows(12)))
    assert job.run(max_rejected_rows=1).code == 0
    job.was = job.content()
    for folder in job.lake.glob("*/alibaba/*/*/publication=*"):
        for file in folder.iterdir():
            file.rename(folder.parent / file.name)
        folder.rmdir()
    path = job.lake / "ledger" / "alibaba" / "202601.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["publication"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return job


def moved(job: Job, *more: str) -> int:
    return move.main(parse(move.Options, ["--lake", str(job.lake), *more]))


def test_both_jobs_say_what_to_do_and_change_nothing(former, capsys):
    before = former.marks()
    result = former.run(max_rejected_rows=1)
    assert result.code == 1
    assert REMEDY in result.line("FAILED")
    assert refresh("--engine", "duckdb", "--lake", str(former.lake)) == 1
    said = capsys.readouterr().out
    assert "lies in a folder of the former layout, without a publication" in said
    assert REMEDY in said
    after = former.marks()
    assert {path: mark for path, mark in after.items() if path in before} == before


def test_after_the_move_the_lake_is_as_if_made_now(former, capsys):
    assert moved(former, "--dry_run", "true") == 0
    assert "alibaba: 2 batches to move" in capsys.readouterr().out
    assert moved(former) == 0
    assert "alibaba: 2 batches moved" in capsys.readouterr().out
    assert former.content() == former.was
    assert former.run(max_rejected_rows=1).last.startswith("0 published, 2 unchanged")
    assert len(former.rejected(PUSH)) == 1
    assert refresh("--engine", "duckdb", "--lake", str(former.lake)) == 0
    total = on_duckdb(former.lake, "SELECT SUM(BilledCost), COUNT(*) FROM focus_unified")
    assert total == [(Decimal(12), 12)]
    assert moved(former) == 0
    assert "nothing lies in the former layout" in capsys.readouterr().out


def test_a_move_that_was_broken_off_goes_on(former, tmp_path):
    program = (
        "import os, sys\n"
        "from focus_lake.lake import move\n"
        "from focus_lake.storage.local import LocalStore\n"
        "done, original = [], LocalStore.move_file\n"
        "def amid(self, *given):\n"
        "    original(self, *given)\n"
        "    done.append(given)\n"
        "    if len(done) == int(sys.argv[2]):\n"
        f"        os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "LocalStore.move_file = amid\n"
        "move.main(move.Options(sys.argv[1]))\n"
    )
    for files in ("1", "1", "1"):
        done = subprocess.run([sys.executable, "-c", program, str(former.lake), files])
        assert done.returncode == -signal.SIGKILL
    assert moved(former) == 0
    assert former.content() == former.was


def test_a_lost_ledger_of_a_former_lake_is_moved_before_it_is_rebuilt(former):
    shutil.rmtree(former.lake / "ledger")
    result = former.run(rebuild_ledger="true")
    assert result.code == 1
    assert REMEDY in result.line("FAILED")
    assert moved(former) == 0
    assert former.run(rebuild_ledger="true").code == 0
    assert [line["rows_out"] for line in former.ledger()] == [10, 12]
    assert len(former.rows(LATER)) == 12
