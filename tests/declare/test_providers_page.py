"""docs/providers.md has a row for each declared provider and says what its declaration says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from focus_lake import declare

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_page_has_every_provider_and_no_other():
    assert sorted(ROWS) == declare.names()


@pytest.mark.parametrize("name", declare.names())
def test_a_row_names_delivery_and_the_pages_and_dates_that_the_declaration_names(name):
    declared = declare.load(name)
    assert f"| {declared.delivery}" in ROWS[name]
    assert any(page.url in ROWS[name] for page in declared.documentation)
    assert {str(page.read) for page in declared.documentation} == {ROWS[name].split()[-2]}
