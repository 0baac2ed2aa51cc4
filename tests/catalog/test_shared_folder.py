"""Two accounts pushed in one second, one of them again later: what governance counts of them."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from helpers.catalog import Deployed, deploy
from helpers.exports import LATER, PUSH, bill, row
from helpers.job_runs import run_here
from helpers.lakes import Lake

BOTH = [
    pytest.param("duckdb", marks=pytest.mark.slow),
    pytest.param("trino", marks=pytest.mark.trino),
]
FILES = {
    f"{PUSH}/1500_2_X_202601.csv": [row("1.00", "No such service")] * 5,
    f"{PUSH}/2600_2_X_202601.csv": [*[row("1.00")] * 6, row("2.00", "No such service")],
    f"{LATER}/1500_2_X_202601.csv": [row("1.00")],
}


def pushed(lake: Lake) -> None:
    raw = lake.root.parent / f"raw_of_{lake.root.name}"
    for path, rows in FILES.items():
        file = raw / "alibaba" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(bill(*rows), encoding="utf-8")
    where = ["--raw", str(raw), "--lake", str(lake.root), "--quiet_minutes", "0"]
    done = run_here(["--providers", "alibaba", "--accept", "single_day,row_drop", *where])
    assert done.code == 0, done.out


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, pushed, "shared_folder_governed")


def test_the_superseded_account_is_in_no_count(told):
    """7 rows of 8.00 of the one account, 1 of 1.00 of the other; the 5 of before are gone."""
    assert told.query("SELECT COUNT(*), SUM(BilledCost) FROM focus_unified") == [(8, D(9))]
    assert told.query("SELECT SUM(row_count) FROM focus_live_batches") == [(8,)]
    live = "SELECT batch_ts, export, row_count, is_shared FROM focus_live_exports ORDER BY 1"
    first, later = PUSH[7:], LATER[7:]
    assert told.query(live) == [(first, "2600_2", 7, True), (later, "1500_2", 1, False)]


def test_broken_rules_are_those_of_rows_that_are_shown(told):
    found = told.query(
        "SELECT SUM(row_count), SUM(BilledCost), MAX(share) FROM focus_conformance "
        "WHERE rule = 'focus-required-columns' AND column_name = 'ContractedCost'"
    )
    assert found == [(8, D(9), D(1))]


def test_columns_and_measures_count_rows_that_are_shown(told):
    present = "SELECT row_count, populated_rows, share FROM focus_columns_present"
    assert told.query(f"{present} WHERE column_name = 'BilledCost'") == [(8, 8, D(1))]
    found = told.query(
        "SELECT metric, value FROM focus_pipeline_metrics "
        "WHERE metric IN ('focus_rows_exported', 'M5') ORDER BY 1"
    )
    assert found == [("M5", D("0.125")), ("focus_rows_exported", D(8))]
