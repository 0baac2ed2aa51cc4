"""The conformance page: what it says, needing nothing but itself, and that a browser shows it."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from focus_lake.errors import CatalogError, OptionsError
from focus_lake.report.__main__ import ReportOptions, SiteOptions, main, write_site
from helpers.catalog import refresh
from helpers.lakes import Lake, charge, governed

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = "<script>document.title='hacked'</script>"


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    """The governed lake with a second provider, whose file has a hostile column name."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    governed(lake)
    finding = {"rule": "focus-custom-column-prefix", "column_name": HOSTILE, "row_count": 1}
    lake.batch(
        "gcp",
        "202601",
        "20260131000000",
        [charge("2026-01-05", "1234567.891", BillingCurrency="EUR")],
        focus_version="1.0",
        conformance=[finding | {"BillingCurrency": "EUR", "BilledCost": "1234567.891"}],
        delivered_nulls={"BilledCost": 0},
    )
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


@pytest.fixture(scope="module")
def page(lake) -> Path:
    target = lake / "pages" / "conformance.html"
    assert main(ReportOptions(lake=str(lake), html=str(target))) == 0
    return target


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def words(html: str) -> str:
    """The text between the tags, spaces made one."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append
    parser.feed(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))
    return re.sub(r"\s+", " ", " ".join(found))


def test_new_gaps_stand_before_known_ones_with_share_and_cost(page):
    shown = words(text(page))
    new, known = shown.split("1 known upstream", 1)
    assert "lake-column-went-null" in new
    assert "RegionName 100 % 13.50 CNY 2026-01-31" in new
    assert f"{HOSTILE} 100 % 1,234,567.89 EUR" in new
    # Of two currencies, the share of both; first seen in the month before.
    assert "ContractedCost 100 % 6.50 CNY 7.00 USD 2026-01-04" in known
    assert "ConsumedUnit" not in shown.split("Columns with values")[0]


def test_cards_count_gaps_and_say_how_fresh_the_data_are(page):
    assert "alibaba Jan 2026 2 new 1 gaps known upstream Rows 4" in words(text(page))
    assert "Delivered to published 10 hours" in words(text(page))


def test_measures_say_whether_the_target_is_met(page):
    shown = words(text(page))
    assert "M1 Allocation coverage >= 0.95 25.0 % CNY ✗ 100 % USD ✓" in shown
    assert "M8 Ingest error rate < 0.005 5.0 % ✗" in shown


def test_the_page_needs_nothing_from_elsewhere(page):
    html = text(page)
    assert not re.search(r"\ssrc\s*=|@import|url\(|https?:", html)
    assert set(re.findall(r'href="([^"]*)"', html)) == {"#main", "data:,"}


def test_a_lake_without_data_says_so(tmp_path):
    assert refresh("--engine", "duckdb", "--lake", str(tmp_path)) == 0
    assert main(ReportOptions(lake=str(tmp_path), html=str(tmp_path / "page.html"))) == 0
    assert "Nothing is published in this lake yet" in text(tmp_path / "page.html")


def test_a_lake_without_catalog_is_told_what_to_run(tmp_path):
    with pytest.raises(OptionsError, match="refresh_catalog.py --engine duckdb"):
        main(ReportOptions(lake=str(tmp_path), html=str(tmp_path / "page.html")))


def test_a_broken_catalog_is_told_what_to_run(tmp_path):
    (tmp_path / "focus.duckdb").write_bytes(b"no catalog" * 1000)
    said = "focus.duckdb cannot be read: run jobs/refresh_catalog.py --engine duckdb again"
    with pytest.raises(CatalogError, match=said):
        main(ReportOptions(lake=str(tmp_path), html=str(tmp_path / "page.html")))
    with pytest.raises(CatalogError, match=said):
        write_site(SiteOptions(lake=str(tmp_path), out=str(tmp_path / "site")))


def test_a_lake_on_s3_is_told_which_job_makes_its_pages(tmp_path):
    with pytest.raises(OptionsError, match="publish_reports.py --lake s3://bucket/lake"):
        write_site(SiteOptions(lake="s3://bucket/lake", out=str(tmp_path)))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Runs a headless Chromium with arguments; gives what it prints."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium here (Debian and Ubuntu: apt-get install chromium)")
    profile = tmp_path_factory.mktemp("profile")

    def run(*arguments: str) -> str:
        fixed = ["--headless", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
        fixed += [f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND"]
        if os.geteuid() == 0:
            fixed.append("--no-sandbox")  # Chromium refuses to start as root otherwise
        command = [found, *fixed, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_browser_reads_the_page_as_it_is_meant(page, browser):
    dom = browser("--dump-dom", page.as_uri())
    assert "<title>FOCUS conformance</title>" in dom
    assert words(dom).count(HOSTILE) == 1
    assert len(re.findall(r"<article", dom)) == 2
    assert dom.count("<rect") == 2 * 2 + 2  # alibaba's two months and gcp's one, two parts each
    # A browser that found a tag where it may not be would have moved it.
    assert dom.index("<table") < dom.index('class="heat"') < dom.index("Trend")


def test_a_browser_draws_it(page, browser, tmp_path):
    picture = tmp_path / "page.png"
    browser("--window-size=1240,1600", f"--screenshot={picture}", page.as_uri())
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1240, 1600)
    assert len(data) > 40_000  # a blank page of this size has some 10,000 bytes


def test_the_picture_in_the_docs_is_there_and_small():
    picture = ROOT / "docs" / "images" / "conformance.png"
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size < 300_000
