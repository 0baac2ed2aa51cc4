"""The normalize job as a process that can be killed at a step; run as a program by tests.

python job_process.py [--kill_at STEP] [--spark true] OPTIONS OF THE JOB
Without --spark its tasks run in the process itself, which takes one second and not five.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path

import pyspark

from focus_lake.lake import ledger
from focus_lake.normalize import job, read_batch, task
from focus_lake.raw import clean
from focus_lake.spark import session
from focus_lake.storage import local, s3

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "normalize_focus.py"


class InProcess:
    """In the place of session.Cluster: runs every task here, one after the other."""

    cores, version = 2, pyspark.__version__

    def begin(self) -> None: ...

    def stop(self) -> None: ...

    def map(self, function, items) -> list:
        return [function(item) for item in items]


def kill(*_, **__):
    """Ends this process as a crash does: nothing can be tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name: str, when=lambda *args: True) -> None:
    """Be killed when owner.name is called (with such arguments)."""
    original = getattr(owner, name)

    def patched(*args, **kwargs):
        return kill() if when(*args) else original(*args, **kwargs)

    setattr(owner, name, patched)


def after(owner, name: str, when=lambda *args: True) -> None:
    """Be killed when owner.name has done its work."""
    original = getattr(owner, name)

    def patched(*args, **kwargs):
        result = original(*args, **kwargs)
        return kill() if when(*args) else result

    setattr(owner, name, patched)


def amid_tasks(cluster) -> None:
    original = cluster.map

    def patched(self, function, items):
        items = list(items)
        if function is not task.run and getattr(function, "func", None) is not read_batch._several:
            return original(self, function, items)
        original(self, function, items[:1])
        return kill()

    cluster.map = patched


def _status(status: str):
    return lambda _, line: line.status == status


def _is_in(folder: str):
    return lambda source, target: f"/{folder}/" in str(target)


def _is_table(name: str):
    return lambda _, source, target: target.startswith(name)


# Step -> function that has the process killed there. cluster: the class that runs the tasks.
STEPS = {
    "planned": lambda cluster: before(job, "_work"),
    "unzipping": lambda cluster: before(clean, "_line_numbers"),
    "unzipped": lambda cluster: after(read_batch, "unzip"),
    "amid the tasks": amid_tasks,
    "written": lambda cluster: after(read_batch, "write"),
    "before the decision": lambda cluster: before(ledger.Ledger, "write", _status("publishing")),
    "in the journal's write": lambda cluster: before(local.os, "replace", _is_in("journal")),
    "in the ledger's write": lambda cluster: before(local.os, "replace", _is_in("ledger")),
    "decided": lambda cluster: after(ledger.Ledger, "write", _status("publishing")),
    "amid the swap": lambda cluster: before(local.os, "rename"),
    "amid the swap on S3": lambda cluster: after(s3.S3Store, "_copy"),
    "between the swaps": lambda cluster: before(
        local.LocalStore, "move_folder", _is_table("rejected")
    ),
    "before the last line": lambda cluster: before(ledger.Ledger, "write", _status("published")),
    "after the last line": lambda cluster: after(ledger.Ledger, "write", _status("published")),
    "refusing": lambda cluster: before(ledger.Ledger, "write", _status("rejected")),
}


def take(name: str) -> str | None:
    """The value of an option of this program, taken out of sys.argv."""
    if f"--{name}" not in sys.argv:
        return None
    at = sys.argv.index(f"--{name}")
    value = sys.argv[at + 1]
    del sys.argv[at : at + 2]
    return value


if __name__ == "__main__":
    cluster = session.Cluster if take("spark") else InProcess
    job.Cluster = cluster
    job.LITTLE = -1  # or a day as small as a test's would do without it
    if step := take("kill_at"):
        STEPS[step](cluster)
    runpy.run_path(str(SCRIPT), run_name="__main__")
