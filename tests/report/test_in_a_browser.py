"""The pages in a real browser: the views' numbers, no fault, no network, at three widths."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from focus_lake.report.__main__ import SiteOptions, write_site
from helpers.browser import axe, opened
from helpers.catalog import refresh
from helpers.lakes import Lake, governed

pytestmark = pytest.mark.slow
SCHEMES, WIDTHS = ("light", "dark"), (360, 900, 1600)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    governed(lake)
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


@pytest.fixture(scope="module")
def site(lake, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    assert write_site(SiteOptions(lake=str(lake), out=str(out))) == 0
    return out


@pytest.fixture(scope="module")
def browser():
    with opened() as browser:
        yield browser


def pages(site):
    return sorted(site.rglob("*.html"))


def values(page, selector: str) -> list[str]:
    """The exact values that elements carry, as a script of the page would read them."""
    return page.eval_on_selector_all(selector, "all => all.map(one => one.dataset.value)")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_an_error_or_scrolls_sideways(browser, site, scheme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    found = []
    for path in pages(site):
        page = context.new_page()
        page.on("pageerror", lambda error, name=path.name: found.append((name, str(error))))
        page.on(
            "console",
            lambda said, name=path.name: (
                found.append((name, said.text)) if said.type == "error" else None
            ),
        )
        page.goto(path.as_uri())
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append((path.name, f"{wide} pixels wide"))
        page.close()
        assert path.stat().st_size < 500_000
    context.close()
    assert found == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_no_serious_fault(browser, site, scheme):
    script, found = axe(), []
    context = browser.new_context(color_scheme=scheme)
    for path in pages(site):
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(script)
        for fault in page.evaluate("axe.run()")["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found.append((path.name, fault["id"], fault["nodes"][0]["html"]))
        page.close()
    context.close()
    assert found == []


def test_the_departments_that_the_browser_shows_are_those_of_the_view(browser, lake, site):
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT x_Total FROM focus_chargeback WHERE yearmonth = '202601'"
        ).fetchall()
    page = browser.new_page()
    page.goto((site / "executive.html").as_uri())
    shown = values(page, "#who-spent-it tbody td:nth-child(5)")
    page.close()
    assert rows
    assert sorted(map(Decimal, shown)) == sorted(total for (total,) in rows)


def test_what_was_spent_is_the_sum_of_the_view(browser, lake, site):
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT x_BilledCostConverted FROM focus_monthly_cost_converted "
            "WHERE x_BillingMonth = '202601' AND x_BilledCostConverted IS NOT NULL"
        ).fetchall()
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    [first, *_] = values(page, ".card .big")
    page.close()
    assert Decimal(first) == sum((cost for (cost,) in rows), Decimal(0))


def test_a_table_is_sorted_by_its_exact_values_from_the_keyboard(browser, site):
    page = browser.new_page()
    page.goto((site / "executive.html").as_uri())
    button = page.locator("#who-spent-it thead th:nth-child(5) button")
    button.focus()
    page.keyboard.press("Enter")
    shown = [Decimal(text) for text in values(page, "#who-spent-it tbody td:nth-child(5)")]
    page.close()
    assert shown in (sorted(shown), sorted(shown, reverse=True))
