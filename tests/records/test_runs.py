"""Run history: a line for each run, whatever became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.catalog.job import RefreshOptions
from focus_lake.errors import OptionsError, StorageError
from focus_lake.frames.job import audit
from focus_lake.frames.options import AuditOptions
from focus_lake.log import Log
from focus_lake.options import parse
from focus_lake.records import runs
from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, charge


@dataclass
class Given:
    lake: str = "here"
    providers: tuple[str, ...] = ("alibaba", "aws")
    dry_run: bool = False
    accept: str = ""


def lines(root: Path, job: str = "a_job") -> list[dict]:
    files = sorted((root / "runs" / job).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def lake(tmp_path):
    return storage.at(str(tmp_path))


def test_a_run_that_ends_is_one_line_with_all_about_it(lake, tmp_path):
    log = Log()
    with runs.recorded(lake, "a_job", Given(), log) as run:
        (begun,) = lines(tmp_path)
        assert (begun["ended_at"], begun["exit_code"], begun["run_id"]) == (None, None, log.run_id)
        run.exit_code, run.counts, run.refusals = 1, {"published": 2}, ["alibaba/202601/x: why"]
    (line,) = lines(tmp_path)
    assert line["options"] == {"lake": "here", "providers": "alibaba,aws", "dry_run": "false"}
    assert (line["exit_code"], line["counts"]) == (1, {"published": 2})
    assert line["refusals"] == ["alibaba/202601/x: why"]
    assert "@" in line["who"] and {"focus_lake", "python"} <= set(line["versions"])
    assert line["started_at"] <= line["ended_at"]


@pytest.mark.parametrize(
    ("error", "code"), [(OptionsError("wrong"), 2), (StorageError("full"), 1), (KeyError("x"), 1)]
)
def test_an_error_that_ends_a_run_is_in_its_line_and_goes_on(lake, tmp_path, error, code):
    with pytest.raises(type(error)), runs.recorded(lake, "a_job", Given(), Log()):
        raise error
    (line,) = lines(tmp_path)
    assert line["exit_code"] == code and str(error) in line["refusals"]


def test_runs_at_the_same_time_keep_each_others_lines(lake, tmp_path):
    with runs.recorded(lake, "a_job", Given(), Log()) as one:
        with runs.recorded(lake, "a_job", Given(), Log()) as other:
            other.exit_code = 0
        one.exit_code = 1
    assert [line["exit_code"] for line in lines(tmp_path)] == [0, 1]


def test_a_history_that_cannot_be_written_stops_the_run(tmp_path):
    (tmp_path / "runs").write_text("a file in the folder's place")
    with (
        pytest.raises(StorageError, match="runs"),
        runs.recorded(storage.at(str(tmp_path)), "a_job", Given(), Log()),
    ):
        raise AssertionError("not reached")


@pytest.mark.thorough
def test_a_refresh_and_one_that_fails_are_rows_of_the_table(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", "20260131000000", [charge("2026-01-05", "1")])
    options = ("--engine", "duckdb", "--lake", str(lake.root))
    assert refresh(*options) == 0
    assert refresh(*options, "--providers", "nobody") == 1
    found = on_duckdb(
        lake.root,
        "SELECT exit_code, counts['live_batches'], refusals[1] FROM focus_runs ORDER BY started_at",
    )
    assert found[0] == (0, 1, None)
    assert found[1][0] == 1 and "no declaration is named nobody" in found[1][2]


def test_an_audit_that_finds_nothing_to_audit_is_a_line_too(tmp_path):
    for name in ("raw", "lake"):
        (tmp_path / name).mkdir()
    options = ("--raw", str(tmp_path / "raw"), "--lake", str(tmp_path / "lake"))
    assert audit(parse(AuditOptions, (*options, "--providers", "aws")), spark=object()) == 1
    (line,) = lines(tmp_path / "lake", "audit_focus")
    assert (line["job"], line["exit_code"]) == ("audit_focus", 1)
    assert line["counts"] == {"agree": 0, "differ": 0, "cannot_be_audited": 0}
    assert line["refusals"][0].startswith("aws: cannot be audited: the lake has no ledger of it")


def test_a_dry_run_leaves_no_line(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", "20260131000000", [charge("2026-01-05", "1")])
    options = ("--engine", "duckdb", "--lake", str(lake.root), "--dry_run", "true")
    assert refresh(*options) == 0
    assert not (lake.root / "runs").exists()
    assert parse(RefreshOptions, options).dry_run
