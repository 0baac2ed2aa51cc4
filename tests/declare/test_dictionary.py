"""docs/columns.md is what the column table and the declarations say, and is readable Markdown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.declare import dictionary as page
from focus_lake.spec import columns

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dictionary():
    return (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")


def test_the_dictionary_in_docs_is_the_one_that_would_be_made_now(dictionary):
    assert dictionary == page.render(), (
        "docs/columns.md is old: python -m focus_lake.declare columns > docs/columns.md"
    )


def test_the_command_in_the_dictionary_prints_it(dictionary):
    made = subprocess.run(
        [sys.executable, "-m", "focus_lake.declare", "columns"],
        cwd=ROOT / "lib",
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert made.stdout == dictionary


@pytest.mark.parametrize("name", declare.names())
def test_every_column_of_a_provider_has_a_row_with_its_meaning(dictionary, name):
    for column in declare.load(name).columns:
        (row,) = (
            line
            for line in dictionary.splitlines()
            if line.startswith(f"| `{column.name}` |") and f" {column.description} |" in line
        )
        assert f"| {column.stored} |" in row


def test_a_row_has_as_many_cells_as_its_head(dictionary):
    tables = re.findall(r"(?:^\|.*\n)+", dictionary, re.MULTILINE)
    assert len(tables) >= 4
    for text in tables:
        head, *rows = text.splitlines()
        assert {row.count(" | ") for row in rows} == {head.count(" | ")}


@pytest.mark.parametrize(
    "name, said",
    [
        ("ProviderName", "| 1.0 to 1.3 | Mandatory | no |"),
        ("InvoiceId", "| 1.2 on | Recommended; Conditional since 1.4 | yes |"),
        ("PricingCurrencyEffectiveCost", "| Conditional | yes; no since 1.4 | PricingCurrency |"),
        ("ListUnitPrice", "| yes | BillingCurrency per PricingUnit |"),
    ],
)
def test_a_change_between_versions_is_told(dictionary, name, said):
    (row,) = (line for line in dictionary.splitlines() if line.startswith(f"| `{name}` |"))
    assert said in row


def test_every_allowed_value_is_listed(dictionary):
    listed = dictionary.split("## Allowed values")[1]
    for column in columns.focus():
        if column.allowed_values:
            assert f"- `{column.name}`: {', '.join(column.allowed_values)}\n" in listed
