"""docs/conformance.md says what the data files say."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from focus_lake.spec import rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines()]


def rows(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_rule_is_on_the_page_with_its_sentence_and_whether_it_blocks():
    for rule in rules.table():
        blocks = " **Blocks.**" if rule.severity == rules.BLOCKS else ""
        assert [rule.id, rule.focus_version, rule.sentence + blocks] in ROWS


def test_every_measure_is_on_the_page_with_its_target():
    for row in rows("lib/focus_lake/catalog/metrics.csv"):
        target = f"{row['comparison']} {row['target']}".strip()
        assert [f"{row['metric']} {row['title']}", target, row["sentence"]] in ROWS


def test_every_requirement_that_fails_elsewhere_is_on_the_page_with_its_reason():
    known = {rule.id for rule in rules.table()}
    for row in rows("scripts/second_opinion.csv"):
        told = [row["export"], row["rule"], row["ours"] or "–", row["verdict"], row["reason"]]
        assert told in ROWS
        assert row["verdict"] == ("agrees" if row["ours"] in known else "differs")


def test_the_page_names_only_rules_that_exist():
    named = set(re.findall(r"\b(?:focus|lake)(?:-[a-z0-9]+){2,}\b", PAGE))
    known = {rule.id for rule in rules.table()}
    assert named - known <= {"focus-validator"}
