"""An object of 200 MB passes through a function of 256 MB."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.s3,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux's /proc"),
]

ROOT = Path(__file__).parents[2]
KEY = "focus/202601/20260131173000/large.zip"
SIZE = 200 * 1024 * 1024

# Runs the handler in a process of its own and tells the most memory that process ever had, in
# KB. Not by getrusage: its figure includes the parent's memory at the time of the fork.
CALL = """
import pathlib, re, runpy, sys
handler = runpy.run_path(sys.argv[1])["handler"]
handler(sys.stdin.buffer.read(), None)
print(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""


def test_200_mb_are_copied_in_less_than_200_mb_of_memory(oss, s3, event):
    content = random.Random(7).randbytes(SIZE)
    oss.put(KEY, content)
    oss.faults[f"GET {KEY}"] = [("break", SIZE - 1)]
    run = subprocess.run(
        [sys.executable, "-c", CALL, ROOT / "jobs" / "oss_to_s3.py"],
        input=event(KEY),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
    )
    assert run.returncode == 0, run.stderr.decode()
    events = [json.loads(line)["event"] for line in run.stderr.splitlines()]
    assert events == ["retry", "copied", "done"]
    kilobytes = int(run.stdout)
    assert kilobytes < 200 * 1024, f"peak of {kilobytes} KB"

    found = s3.client.get_object(
        Bucket=s3.bucket, Key="lake/raw/alibaba/202601/20260131173000/large.zip"
    )
    stored = hashlib.sha256()
    for piece in found["Body"].iter_chunks(1024 * 1024):
        stored.update(piece)
    assert found["ContentLength"] == SIZE
    assert stored.hexdigest() == hashlib.sha256(content).hexdigest()
    assert s3.client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", []) == []
