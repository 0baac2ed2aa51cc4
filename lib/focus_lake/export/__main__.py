"""python -m focus_lake.export --lake LAKE --out DIR --months 202601 --version 1.2 --format csv"""

from __future__ import annotations

import sys

from focus_lake.export.job import ExportOptions, run
from focus_lake.options import run_job

if __name__ == "__main__":
    sys.exit(run_job(ExportOptions, "writes FOCUS files of live rows, split by month", run))
