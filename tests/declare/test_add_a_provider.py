"""docs/add-a-provider.md, done: a copy of the tree, two files from the page, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "add-a-provider.md").read_text(encoding="utf-8")
RAW_FILE = "invoices/4711/2026-01/20260203/nordhost-4711.csv"


def block(language: str) -> str:
    """The page's only block of code in a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def run(tree: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tree / "jobs" / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """focus.duckdb of a lake that the copied tree filled from the page's CSV."""
    base = tmp_path_factory.mktemp("eighth")
    tree, raw, lake = base / "tree", base / "raw", base / "lake"
    for part in ("jobs", "lib", "sql"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tree / part, ignore=unwanted)
    before = {path for path in tree.rglob("*") if path.is_file()}
    (tree / "lib/focus_lake/declare/providers/nordhost.toml").write_text(
        block("toml"), encoding="utf-8"
    )
    view = tree / "sql/3_provider_views/focus_nordhost.sql"
    view.write_text(block("sql"), encoding="utf-8")
    assert len({path for path in tree.rglob("*") if path.is_file()} - before) == 2
    source = raw / "nordhost" / RAW_FILE
    source.parent.mkdir(parents=True)
    source.write_text(block("csv"), encoding="utf-8")
    for script, options in (
        ("normalize_focus.py",
         ["--raw", str(raw), "--providers", "nordhost", "--quiet_minutes", "0"]),
        ("refresh_catalog.py", ["--engine", "duckdb"]),
    ):  # fmt: skip
        run(tree, script, "--lake", str(lake), *options)
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        yield connection


def test_an_eighth_provider_is_in_focus_unified_after_two_files(catalog):
    rows = catalog.sql("""
        SELECT ServiceName, BilledCost, ConsumedQuantity, x_Owner, x_Environment
        FROM focus_unified WHERE x_Provider = 'nordhost' ORDER BY BilledCost
    """).fetchall()
    assert rows == [
        ("Object store", Decimal("-1.05"), None, "data", "production"),
        ("Root server L", Decimal("0.1"), Decimal(24), "shop", None),
        ("Root server L", Decimal("12.5"), Decimal(24), "shop", "production"),
    ]


def test_its_times_are_utc_and_its_month_is_the_folders(catalog):
    rows = catalog.sql("""
        SELECT DISTINCT yearmonth, batch_ts, x_Export, ChargePeriodStart, BillingPeriodStart
        FROM focus_unified WHERE ServiceName = 'Object store'
    """).fetchall()
    charged, billed = datetime(2026, 1, 6, 23), datetime(2025, 12, 31, 23)
    assert rows == [("202601", "20260203000000", "4711", charged, billed)]


def test_what_the_declaration_adds_is_said_on_the_row(catalog):
    ((changes,),) = catalog.sql("""
        SELECT x_SourceChanges FROM focus_nordhost WHERE ServiceName = 'Object store'
    """).fetchall()
    assert "ProviderName: Nordhost by declaration" in changes
    assert "ServiceProviderName: filled from ProviderName" in changes


def test_its_own_column_is_in_its_view_and_an_unnamed_one_in_x_other(catalog):
    assert catalog.sql("""
        SELECT DISTINCT x_ContractNumber, x_Other['Period to'] FROM focus_nordhost
    """).fetchall() == [("C-9", "2026-01-31")]


def test_the_seven_others_are_there_and_empty(catalog):
    assert catalog.sql("SELECT DISTINCT x_Provider FROM focus_unified").fetchall() == [
        ("nordhost",)
    ]
    for name in ("alibaba", "aws", "azure", "gcp", "oci", "datacenter", "ai_spend"):
        assert catalog.sql(f"SELECT * FROM focus_{name}").fetchall() == []
