"""The Spark of the run for wide rows, a way to ask an expression, and audits in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from helpers.audits import Audits
from helpers.job_runs import ROOT


@pytest.fixture(scope="session")
def wide(spark):
    """The session, with workers that find our library, and no code of a whole stage."""
    spark.sparkContext.pythonExec = sys.executable
    spark.sparkContext.environment["PYTHONPATH"] = str(ROOT / "lib")
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    yield spark
    spark.conf.unset("spark.sql.codegen.wholeStage")


@pytest.fixture(scope="session")
def asked(wide) -> Callable[[str, list], list]:
    """asked(sql, words): what an expression over the column `word` makes of each text."""

    def ask(sql: str, words: list[str | None]) -> list:
        rows = wide.createDataFrame(list(enumerate(words)), "place INT, word STRING")
        found = rows.selectExpr("place", f"{sql} AS value").collect()
        return [row.value for row in sorted(found, key=lambda row: row.place)]

    return ask


@pytest.fixture
def audits(tmp_path, wide) -> Audits:
    """Empty folders for raw data and lake, the job that publishes and the one that audits."""
    return Audits(tmp_path, wide)
