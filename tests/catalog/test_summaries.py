"""focus_daily over the summaries that the job wrote, and over line items where one is missing."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from focus_lake.catalog.daily import STEM
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions
from focus_lake.spark.session import Here
from focus_lake.spec import daily
from helpers.catalog import on_duckdb, refresh

pytestmark = pytest.mark.thorough

PROVIDERS = ("alibaba", "aws", "azure", "gcp", "oci", "datacenter", "ai_spend")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
SUMS = ", ".join(f"SUM({cost})" for cost in COSTS)
BY = "x_Provider, yearmonth, BillingCurrency"


def job(root: Path, **options) -> tuple[int, str]:
    given = {"providers": PROVIDERS, "quiet_minutes": 0, **options}
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = normalize(NormalizeOptions(str(root / "raw"), str(root / "lake"), **given), Here())
    return code, out.getvalue() + err.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Two months of seven providers, as the job leaves them; tests work on copies."""
    root = tmp_path_factory.mktemp("summaries")
    with contextlib.redirect_stdout(io.StringIO()):
        make_sample(
            SampleOptions(
                out=str(root / "raw"), rows=60, months=2, pushes=2, providers=PROVIDERS,
                until="202601",
            )
        )  # fmt: skip
    code, told = job(root)
    assert code == 0, told
    return root


@pytest.fixture
def lake(made, tmp_path) -> Path:
    shutil.copytree(made / "lake", tmp_path / "lake")
    (tmp_path / "raw").symlink_to(made / "raw")
    return tmp_path / "lake"


def deployed(lake: Path, capsys) -> str:
    """The refresh; its notes."""
    capsys.readouterr()
    assert refresh("--engine", "duckdb", "--lake", str(lake)) == 0
    return "\n".join(x for x in capsys.readouterr().out.splitlines() if x.startswith("note: "))


def assert_equal_sums(lake: Path) -> None:
    days = on_duckdb(lake, f"SELECT {BY}, {SUMS}, SUM(x_RowCount) FROM focus_daily GROUP BY {BY}")
    rows = on_duckdb(lake, f"SELECT {BY}, {SUMS}, COUNT(*) FROM focus_unified GROUP BY {BY}")
    assert sorted(days, key=str) == sorted(rows, key=str)
    assert {row[0] for row in rows} == set(PROVIDERS)


def groups(lake: Path) -> list[tuple]:
    """Every group with its sums, those of several files of a batch added up."""
    keys = ", ".join(column.name for column in daily.of_role("key"))
    sums = ", ".join(f"SUM({column.name})" for column in daily.of_role("sum"))
    sql = f"SELECT {keys}, yearmonth, batch_ts, {sums}, SUM(x_RowCount) FROM focus_daily"
    return sorted(on_duckdb(lake, f"{sql} GROUP BY ALL"), key=str)


def is_grouped(lake: Path, provider: str) -> bool:
    """Whether the provider's days are grouped from line items at each query."""
    sql = on_duckdb(
        lake, f"SELECT sql FROM duckdb_views() WHERE view_name = '{STEM.format(provider)}'"
    )
    return "GROUP BY" in sql[0][0]


def test_the_job_writes_a_summary_with_each_batch_and_the_views_read_it(lake, capsys):
    notes = deployed(lake, capsys)
    assert "summary" not in notes
    assert not any(is_grouped(lake, provider) for provider in PROVIDERS)
    assert_equal_sums(lake)


def test_line_items_that_stand_in_give_the_same_groups_to_the_last_digit(lake, capsys):
    deployed(lake, capsys)
    summed = groups(lake)
    shutil.rmtree(lake / "daily")
    notes = deployed(lake, capsys)
    assert all(is_grouped(lake, provider) for provider in PROVIDERS)
    assert notes.count("have no daily summary that can be used") == len(PROVIDERS)
    assert "--providers alibaba --rebuild_daily true" in notes
    assert groups(lake) == summed
    assert_equal_sums(lake)


@pytest.mark.slow
def test_one_command_makes_the_summaries_of_a_lake_from_before(lake, capsys):
    deployed(lake, capsys)
    summed = groups(lake)
    shutil.rmtree(lake / "daily")
    for path in lake.glob("ledger/*/*.jsonl"):
        lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
        for line in lines:
            for name in [name for name in line if name.startswith("daily_")]:
                del line[name]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    code, told = job(lake.parent, rebuild_daily=True, yearmonths=("202601",))
    assert code == 0, told
    deployed(lake, capsys)  # half converted: January by summaries, December by line items
    assert groups(lake) == summed
    assert_equal_sums(lake)
    code, told = job(lake.parent, rebuild_daily=True)
    assert code == 0, told
    assert "summary" not in deployed(lake, capsys)
    assert not any(is_grouped(lake, provider) for provider in PROVIDERS)
    assert groups(lake) == summed
    marks = sorted(lake.glob("daily/*/*/*/*/*"))
    assert job(lake.parent, rebuild_daily=True)[0] == 0
    assert sorted(lake.glob("daily/*/*/*/*/*")) == marks, "what is there is not made again"


def damage(lake: Path, provider: str, how: str) -> None:
    file = max(lake.glob(f"daily/{provider}/yearmonth=202601/*/*/*.parquet"))
    if how == "missing":
        file.unlink()
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif how == "foreign":
        shutil.copy(file, file.with_name("copy.parquet"))
    else:  # of another version
        for path in lake.glob(f"ledger/{provider}/202601.jsonl"):
            text = path.read_text("utf-8")
            lines = [{**json.loads(line), "daily_version": "old"} for line in text.splitlines()]
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def test_a_damaged_summary_is_named_not_added_up_and_made_anew(lake, capsys):
    damaged = {"alibaba": "missing", "azure": "cut", "gcp": "foreign", "oci": "another version"}
    for provider, how in damaged.items():
        damage(lake, provider, how)
    notes = deployed(lake, capsys)
    for provider, how in damaged.items():
        assert f"{provider}: " in notes and is_grouped(lake, provider), how
    assert "(the first is 202601/" in notes
    assert not is_grouped(lake, "aws")
    assert_equal_sums(lake)
    code, told = job(lake.parent, rebuild_daily=True)
    assert code == 0, told
    assert "summary" not in deployed(lake, capsys)
    assert_equal_sums(lake)


def test_rows_that_do_not_add_up_to_the_ledger_get_no_summary(lake):
    path = max(lake.glob("ledger/alibaba/202601.jsonl"))
    lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    lines[-1] |= {"daily_version": None, "daily_files": []}
    lines[-1]["cost_sums"][0]["BilledCost"] = "1.000000000000000000"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    code, told = job(lake.parent, rebuild_daily=True, providers=("alibaba",))
    assert code == 1
    assert "the rows do not add up to the ledger's sums; run normalize_focus.py" in told


def test_a_summary_is_a_fraction_of_its_rows(lake):
    rows, grouped = (
        sum(
            pq.read_metadata(path).num_rows
            for path in lake.glob(f"{table}/datacenter/**/*.parquet")
        )
        for table in ("normalized", "daily")
    )
    assert 0 < grouped <= rows
