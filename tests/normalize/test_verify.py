"""--verify: published files are read back and held to the ledger; reprocessing heals."""

from __future__ import annotations

import shutil
from decimal import Decimal

import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.exports import NAME, PUSH, bill, row

CSV = f"{PUSH}/{NAME}.csv"
TOTAL = "SELECT SUM(BilledCost) FROM focus_unified"


@pytest.mark.thorough
def test_a_foreign_file_is_found_by_verify_and_by_the_refresh_and_healed_by_reprocessing(job):
    job.put(CSV, bill(row("1.10"), row("2.25")))
    assert job.run().code == 0
    assert job.run(verify="true").line("verified") == (
        "verified   alibaba: 1 batches, 2 files and 2 rows are as they were published"
    )
    (stored,) = job.lake.glob("normalized/alibaba/*/*/*/*.parquet")
    foreign = stored.with_name("copy.parquet")
    shutil.copy(stored, foreign)
    assert job.run().code == 0  # nothing new among the raw files: the lake is not looked at
    result = job.run(verify="true")
    assert result.code == 1
    assert result.line("FAILED").startswith(
        f"FAILED     alibaba: {foreign} is in the folder of a published batch and not in the ledger"
    )
    deploy = ("--engine", "duckdb", "--lake", str(job.lake))
    assert refresh(*deploy) == 1
    assert job.run(reprocess="true", yearmonths="202601").code == 0
    assert refresh(*deploy) == 0
    assert on_duckdb(job.lake, TOTAL) == [(Decimal("3.35"),)]
