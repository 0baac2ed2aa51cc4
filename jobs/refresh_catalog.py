"""Glue or laptop: deploy tables, partitions and views over the lake; see --help."""

from __future__ import annotations

import sys

from focus_lake.catalog.job import SUMMARY, Options, main
from focus_lake.options import run_job

if __name__ == "__main__":
    sys.exit(run_job(Options, SUMMARY, main))
