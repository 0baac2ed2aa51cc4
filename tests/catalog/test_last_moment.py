"""The last moment of a day stays in its day on every engine: times are cut, never rounded."""

from __future__ import annotations

from datetime import date

import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.exports import JANUARY, NAME, PUSH, bill
from helpers.job_process import InProcess
from helpers.job_runs import Job

pytestmark = pytest.mark.thorough

# Alibaba's clock is eight hours ahead: 2026-01-31 23:59:59.9999 UTC.
LAST = "2026-02-01 07:59:59.9999"
QUESTION = (
    "SELECT CAST(ChargePeriodStart AS date), CAST(ChargePeriodStart AS varchar) FROM focus_unified"
)


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def test_a_charge_of_the_last_moment_stays_in_its_day(engine, tmp_path, request):
    job = Job(tmp_path, InProcess())
    options = ["--engine", "duckdb", "--lake", str(job.lake)]
    if engine == "trino":
        trino = request.getfixturevalue("trino")
        job.lake = trino.root / "last_moment"
        options = trino.options(job.lake, "last_moment")
    job.put(f"{PUSH}/{NAME}.csv", bill(("1.00", "CNY", JANUARY, LAST, "ECS")))
    assert job.run().code == 0
    assert refresh(*options, "--providers", "alibaba") == 0
    if engine == "trino":
        ((day, text),) = trino.query(QUESTION, "last_moment")
    else:
        ((day, text),) = on_duckdb(job.lake, QUESTION)
    assert (day, text) == (date(2026, 1, 31), "2026-01-31 23:59:59.999")
