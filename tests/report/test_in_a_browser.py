"""The pages in a real browser: no fault, no network, at three widths; sorted by exact values."""

from __future__ import annotations

from decimal import Decimal

import pytest

from helpers.browser import axe

pytestmark = pytest.mark.slow
SCHEMES, WIDTHS = ("light", "dark"), (360, 900, 1600)


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


def test_a_table_is_sorted_by_its_exact_values_from_the_keyboard(browser, site):
    page = browser.new_page()
    page.goto((site / "executive.html").as_uri())
    button = page.locator("#who-spent-it thead th:nth-child(2) button").first
    button.focus()
    page.keyboard.press("Enter")
    shown = [
        Decimal(text or 0) for text in values(page, "#who-spent-it > .wide tbody td:nth-child(2)")
    ]
    page.close()
    assert len(set(shown)) > 3
    assert shown == sorted(shown)
