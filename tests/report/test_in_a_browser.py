"""The pages in a real browser: no fault, no network, at three widths; sorted by exact values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from focus_lake.report.facts import Facts
from focus_lake.report.questions import QUESTIONS, Answers
from focus_lake.report.site import pages as made
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


def test_names_and_sums_of_any_length_do_not_make_a_page_scroll_sideways(browser, tmp_path):
    rows = [
        dict.fromkeys(QUESTIONS["departments"].columns)
        | {"x_Department": name, "yearmonth": "202602", "BillingCurrency": "USD"}
        | dict.fromkeys(("x_Direct", "x_Shared", "x_Adjustments"), Decimal(0))
        | dict.fromkeys(("x_Total", "x_TotalConverted"), Decimal("-" + "7" * 8))
        for name in ("D" * 300, "<script>", *(f"Department {number}" for number in range(60)))
    ]
    cost = dict.fromkeys(QUESTIONS["cost"].columns) | {"service": "s" * 300, "provider": "aws"}
    cost |= {"currency": "USD", "reporting": "USD", "charges": 1}
    months = [
        cost | {"month": month} | dict.fromkeys(("billed", "effective", "converted"), billed)
        for month, billed in (("202601", Decimal(1)), ("202602", Decimal("9" * 18)))
    ]
    answers = Answers({"cost": months, "departments": rows})
    found = []
    page = browser.new_page(viewport={"width": 360, "height": 900})
    for name, content in made(answers, Facts(), datetime(2026, 2, 3, tzinfo=UTC)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        if path.suffix == ".html" and "department-" not in path.name:
            page.goto(path.as_uri())
            if page.evaluate("document.documentElement.scrollWidth") > 360:
                found.append(name)
    page.close()
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
