"""docs/add-a-provider.md, done: a copy of the project, the file from the page, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from focus_lake import declare

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "add-a-provider.md").read_text(encoding="utf-8")
RAW_FILE = "invoices/4711/2026-01/20260203/nordhost-4711.csv"
# What git does not hold or a copy does not need.
NOT_COPIED = (".git", ".venv*", "build", "dist", "__pycache__", ".*_cache", "*.egg-info")
# Tests that ask every declared provider, or hold a page or a list to all of them.
LOOKING_AT_PROVIDERS = (
    "tests/declare",
    "tests/spec",
    "tests/catalog/test_sql.py",
    "tests/catalog/test_refresh.py",
    "tests/catalog/test_views.py",
    "tests/catalog/test_daily.py",
    "tests/conformance/test_findings.py",
    "tests/conformance/test_docs.py",
    "tests/deploy/test_template.py",
    "tests/sample/test_options.py",
    "tests/transform/test_enrich.py",
)


def block(language: str) -> str:
    """The page's only block of code in a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def run(tree: Path, *command: str) -> str:
    """What a command of the copied project prints; its library is the copy's, not ours."""
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        encoding="utf-8",
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "lib"), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """(a copy of the whole project with the page's one file, what the page's commands print)"""
    tree = tmp_path_factory.mktemp("one_more") / "project"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
    before = {path for path in tree.rglob("*") if path.is_file()}
    declared = tree / "lib/focus_lake/declare/providers/nordhost.toml"
    declared.write_text(block("toml"), encoding="utf-8")
    source = tree / "raw" / "nordhost" / RAW_FILE
    source.parent.mkdir(parents=True)
    source.write_text(block("csv"), encoding="utf-8")
    done = subprocess.run(
        ["sh", "-e", "-c", block("sh")],
        capture_output=True,
        encoding="utf-8",
        cwd=tree,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(tree / "lib"),
            "PYTHONIOENCODING": "utf-8",
        },
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    after = {p for p in tree.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    made = {path for path in after - before if path.parts[len(tree.parts)] not in ("raw", "lake")}
    assert [path.name for path in made] == ["nordhost.toml"]
    return tree, done.stdout


@pytest.fixture(scope="module")
def project(copied):
    return copied[0]


@pytest.fixture(scope="module")
def catalog(project):
    """focus.duckdb of the lake that the page's commands filled."""
    with duckdb.connect(str(project / "lake" / "focus.duckdb"), read_only=True) as connection:
        yield connection


def test_the_trial_shows_batch_columns_and_rows(copied):
    told = copied[1]
    assert f"  {RAW_FILE} -> month 202601, batch 20260203000000, export 4711" in told
    assert "  Net amount -> BilledCost (decimal)" in told
    assert "  Labels/team -> tag team" in told
    assert "  Period to -> x_Other, for no column is declared for it" in told
    assert "  BilledCost: 12.500000000000000000" in told
    assert "1 published, 0 unchanged, 0 waiting, 0 refused." in told


@pytest.mark.slow
def test_every_test_that_looks_at_providers_passes_with_one_more(project):
    told = run(
        project,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *(
            "-m",
            "not slow and not s3 and not trino",
            "--ignore",
            "tests/declare/test_add_a_provider.py",
        ),
        *LOOKING_AT_PROVIDERS,
    )
    assert "nordhost" in PAGE and re.search(r"\d{3,} passed", told), told


def test_one_more_provider_is_in_focus_unified_after_one_file(catalog):
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


def test_its_page_says_what_its_file_says(project):
    told = (project / "docs" / "providers.md").read_text(encoding="utf-8").split("## Nordhost")[1]
    assert f"`nordhost/{RAW_FILE}`" in told
    assert "`Customer` to `BillingAccountId`" in told
    assert "InvoiceIssuerName with `Nordhost`" in told


def test_the_others_are_there_and_empty(catalog):
    assert catalog.sql("SELECT DISTINCT x_Provider FROM focus_unified").fetchall() == [
        ("nordhost",)
    ]
    for name in [one for one in declare.names() if one != "nordhost"]:
        assert catalog.sql(f"SELECT * FROM focus_{name}").fetchall() == []
