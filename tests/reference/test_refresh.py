"""Reference data in the catalog: a fault changes nothing of its set and stops nothing else."""

from __future__ import annotations

import pytest

from helpers.catalog import Deployed, deploy_only, for_allocation, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
CENTERS = "cost_center,department,business_unit,owner,valid_from,valid_until\n"
MEANT = "attribute,value,meant\nx_CostCenter,cc 1,cc-1\n"


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """The views of who pays alone."""
    deploy_only(monkeypatch, for_allocation)


@pytest.fixture(params=BOTH)
def lake(request, tmp_path) -> Deployed:
    server = request.getfixturevalue("trino") if request.param == "trino" else None
    name = f"reference_{abs(hash(request.node.name)) % 10**8}"
    lake = Lake((server.root if server else tmp_path) / name)
    lake.batch("alibaba", "202601", "20260131173000", [charge("2026-01-05", "10")])
    return Deployed(request.param, lake, {}, server, name)


def put(lake: Deployed, path: str, text: str) -> None:
    file = lake.lake.root / "reference" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def shown(lake: Deployed) -> list[tuple]:
    return lake.query("SELECT cost_center, department, x_SourceLine FROM focus_cost_centers")


def test_without_files_the_views_are_there_and_empty(lake):
    assert refresh(*lake.options()) == 0
    assert shown(lake) == []


def test_a_fault_keeps_the_whole_set_as_it_was_and_refreshes_the_rest(lake, capsys):
    put(lake, "cost_centers/a.csv", CENTERS + "cc-1,Dev,,,,\n")
    put(lake, "tag_values/a.csv", MEANT)
    assert refresh(*lake.options()) == 0
    put(lake, "cost_centers/a.csv", CENTERS + "cc-1,Dev,,,,\n,Ops,,,,\n")
    put(lake, "tag_values/a.csv", MEANT.replace("cc-1", "cc-9"))
    lake.lake.batch("alibaba", "202602", "20260228173000", [charge("2026-02-05", "7")])
    assert refresh(*lake.options()) == 1
    said = capsys.readouterr().out
    assert (
        "FAILED reference data (allocation) (as before in the catalog): "
        "reference/cost_centers/a.csv line 3: cost_center is empty; it is needed" in said
    )
    assert shown(lake) == [("cc-1", "Dev", 2)]
    assert lake.query("SELECT meant FROM focus_tag_values") == [("cc-1",)]
    assert lake.query("SELECT COUNT(*) FROM focus_unified") == [(2,)]
    put(lake, "cost_centers/a.csv", CENTERS + "cc-1,Dev,,,,\ncc-2,Ops,,,,\n")
    assert refresh(*lake.options()) == 0
    assert sorted(shown(lake)) == [("cc-1", "Dev", 2), ("cc-2", "Ops", 3)]
    assert lake.query("SELECT meant FROM focus_tag_values") == [("cc-9",)]
    every = "SELECT COUNT(DISTINCT revision), COUNT(*) FROM focus_reference_cost_centers"
    assert lake.query(every) == [(2, 3)]


def test_a_checked_copy_never_changes_and_a_plan_writes_none(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", "20260131173000", [charge("2026-01-05", "10")])
    options = ("--engine", "duckdb", "--lake", str(lake.root))
    file = lake.root / "reference" / "cost_centers" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text(CENTERS + "cc-1,Dev,,,,\n")
    assert refresh(*options, "--dry_run", "true") == 0
    assert not (lake.root / "checked").exists() or not list(lake.root.glob("checked/**/*.*"))
    assert refresh(*options) == 0
    (copy,) = lake.root.glob("checked/cost_centers/revision=*/*.parquet")
    before = copy.read_bytes(), copy.stat().st_mtime_ns
    file.write_text(CENTERS + "cc-1,Ops,,,,\n")
    assert refresh(*options) == 0
    file.write_text(CENTERS + "cc-1,Dev,,,,\n")
    assert refresh(*options) == 0
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == before
    assert len(list(lake.root.glob("checked/cost_centers/revision=*"))) == 2
