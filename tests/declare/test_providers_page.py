"""docs/providers.md is what the declarations say: made from them, with nothing written by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from focus_lake import declare, storage
from focus_lake.declare import providers_page
from focus_lake.errors import DeclarationError
from focus_lake.resources import data

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
TEXT = PAGE.read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]


def test_the_page_is_the_one_that_would_be_made_now():
    assert providers_page.render() == TEXT, (
        "docs/providers.md is old: python -m focus_lake.declare providers > docs/providers.md"
    )


def test_the_command_on_the_page_prints_it():
    made = subprocess.run(
        [sys.executable, "-m", "focus_lake.declare", "providers"],
        cwd=PAGE.parents[1] / "lib",
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert made.stdout == TEXT


@pytest.mark.parametrize("name", declare.names())
def test_a_provider_has_a_row_and_its_pages_and_its_example(name):
    declared = declare.load(name)
    (row,) = re.findall(rf"^\| `{name}` \|.*$", TEXT, re.MULTILINE)
    assert f"| {declared.title} | {declared.delivery} |" in row
    told = section(declared.title)
    for page in declared.documentation:
        assert f"]({page.url})" in told and str(page.read) in row
    assert declared.notes.example, "an example shows where the files lie better than words"
    assert f"`{name}/{declared.notes.example}`" in told


def test_what_a_reader_must_know_of_oracle_is_there():
    """Typed by hand from the declaration."""
    told = section("Oracle Cloud Infrastructure")
    assert "Delivery is increment: every batch counts." in told
    assert (
        "A batch can hold rows of several billing months: `yearmonth` is the month of delivery"
        in told
    )
    assert "`Region` to `RegionId`" in told
    assert "A number with more than 18 decimals is rounded." in told


def test_what_a_reader_must_know_of_alibaba_is_there():
    told = section("Alibaba Cloud")
    assert "Times are of Asia/Shanghai, even with a Z at their end; they are stored as UTC." in told
    assert r"an empty text, `-`, `null`, `NULL`, `\N`." in told
    assert "repaired in `ProviderName`, `PublisherName`, `InvoiceIssuerName`." in told


@pytest.mark.parametrize(
    "example, problem",
    [
        ("202613/20260131173000/1500_2_X_202601.zip", r"does not match \[layout\] path"),
        ("202601/20260131173000/bill.xlsx", r"'bill.xlsx' does not match \[layout\] file"),
    ],
)
def test_an_example_that_the_layout_would_not_find_is_refused(tmp_path, example, problem):
    text = f'[notes]\nexample = "{example}"\n'
    (tmp_path / "alibaba.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=f"notes.example: .*{problem}"):
        declare.load("alibaba", storage.at(str(tmp_path)))


def test_notes_and_title_change_no_row_and_so_read_no_batch_again(tmp_path):
    before = declare.load("alibaba").fingerprint
    (tmp_path / "alibaba.toml").write_text('[notes]\nbatch = "x"\n', encoding="utf-8")
    assert declare.load("alibaba", storage.at(str(tmp_path))).fingerprint == before


def test_a_title_of_two_lines_is_refused(tmp_path):
    text = data("declare", "providers", "oci.toml").read_text(encoding="utf-8")
    text = text.replace('title = "Oracle Cloud Infrastructure"', 'title = "Oracle\\nDROP"')
    (tmp_path / "oci.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match="title: .* is not one line of text"):
        declare.load("oci", storage.at(str(tmp_path)))
