"""What a run says: JSON lines on standard error, a display on a terminal, words at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from helpers.exports import LATER, NAME, PUSH, bill, row, rows, zipped_names
from helpers.job_runs import SCRIPT, STAND_IN

MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def deliver(job) -> None:
    job.put(f"{PUSH}/{NAME}.csv", bill(row("bad")))
    job.put(f"{LATER}/{NAME}.zip", zipped_names({"bill.csv": bill(*rows(10, "1234.50"))}))
    job.put(f"202601/20260203173000/{NAME}_part_002.csv", bill(row()))


def test_the_script_run_as_a_process_logs_json_lines_only(job):
    """With a Spark of its own, which has much to say if it is let."""
    deliver(job)
    result = job.process()
    assert result.code == 1
    lines = [event for event in result.events if event["event"] != "spark"]  # Java's own words
    assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}
    assert all(MILLISECONDS.fullmatch(line["time"]) for line in lines)
    (written,) = [e for e in lines if e["event"] == "written" and e["batch_ts"] == LATER[7:]]
    assert (written["provider"], written["yearmonth"]) == ("alibaba", "202601")
    assert (written["rows"], written["rejected"]) == (10, 0)
    assert written["seconds"] > 0
    levels = {line["event"]: line["level"] for line in lines}
    assert (levels["published"], levels["refused"]) == ("info", "error")


def test_the_last_words(job):
    deliver(job)
    result = job.run()
    refused, published, waits, last = result.out.splitlines()
    assert published == f"published  alibaba/{LATER}: 10 rows, billed CNY 12,345.00"
    assert refused == (
        f"refused    alibaba/{PUSH}: rejected_rows: 1 row is rejected (--max_rejected_rows): "
        f"{PUSH}/{NAME}.csv line 2: BilledCost 'bad' is not a number"
    )
    assert waits == "waits      alibaba/202601/20260203173000: " + (
        "part 001 of export 1500_2 is missing"
    )
    assert last == "1 published, 0 unchanged, 1 waiting, 1 refused (alibaba)."


def test_a_terminal_shows_progress_instead(job):
    deliver(job)
    control, terminal = pty.openpty()
    words = [sys.executable, STAND_IN, *job.argv({})]
    library = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": library}
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=terminal, env=environment, text=True
    )
    os.close(terminal)
    shown = b""
    try:
        while data := os.read(control, 65536):
            shown += data
    except OSError:  # how a terminal says that its last writer is gone
        pass
    os.close(control)
    assert process.wait() == 1
    text = shown.decode()
    assert not [line for line in text.splitlines() if line.startswith("{")]
    assert f"alibaba/{PUSH}" in text
    assert "1 of 2" in text
    assert "2 of 2" in text
    assert "rows/s" in text


def test_help_lists_every_option(job):
    result = job.process(SCRIPT, "--help", "x")
    assert result.code == 0
    for name in ("--raw", "--lake", "--accept", "--dry_run", "--max_rejected_rows"):
        assert name in result.out
