"""The pages of the project: links that lead somewhere, files that exist, an index that is whole."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
# What a name in a page may be relative to, as it is written there.
BASES = ("", "lib/focus_lake", "tests")
# In no clone: what commands make, names that stand for any, the provider of an example.
MADE = re.compile(r"^(build|dist)/|[A-Z]{4}|nordhost")


def text_of(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"(?s)^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M)


@cache
def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", text_of(page), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        again = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", one) is not None for one in found)
        found.append(f"{anchor}-{again}" if again else anchor)
    return found


def dead_links(page: Path) -> list[str]:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"https?://|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    assert dead_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_ours_that_a_page_names_exists(page):
    # History tells of files as they were.
    if page.name == "CHANGELOG.md" or page.parent.name == "releases":
        return
    tops = "|".join(
        sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != ".")
    )
    names = re.findall(rf"`((?:{tops})/[\w./-]*\w)`", text_of(page))
    lost = [
        n for n in names if not MADE.search(n) and not any((ROOT / b / n).exists() for b in BASES)
    ]
    assert lost == []


def test_a_link_to_a_heading_that_is_not_there_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# The `one_name`, once\n[a](#the-one_name-once) [b](#the-onename-once) [c](x.md)"
    )
    assert dead_links(page) == ["#the-onename-once", "x.md"]


def test_the_index_of_decisions_lists_every_decision_in_its_group_and_order():
    page = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    index, body = re.split(r"(?m)^(?=## )", page, maxsplit=1)
    listed = re.findall(r"^(?:\*\*|- )\[(.*?)\]\(", index, re.M)
    told = re.findall(r"^###? (.*?)(?: \(\d{4}-\d\d-\d\d\))?$", body, re.M)
    assert listed == [re.sub("`", "", heading) for heading in told]
