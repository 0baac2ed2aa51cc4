"""The SQL of rules: what costs Trino a stage or its compiler stands there only where it must."""

from __future__ import annotations

import re

from allocation.conftest import rule
from focus_lake import storage
from focus_lake.allocation import views
from focus_lake.reference.read import read

EVEN = 'method = "even"\ntargets = "all"'
WEIGHED = 'method = "proportional"\ntargets = "all"'
FEEDS = 'method = "even"\ntargets = ["cc-0", "pool:p"]'


def values(root, *rules: str) -> dict[str, str]:
    for path, text in {
        "cost_centers/a.csv": "cost_center,department\ncc-0,Dev\n",
        "allocation/a.toml": "".join(rules),
    }.items():
        file = root / "reference" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    sheets = read(storage.at(str(root)))
    assert not [text for sheet in sheets.values() for text in sheet.problems]
    rows = {name: [row.as_dict() for row in sheet.rows] for name, sheet in sheets.items()}
    return views.values(rows, ())


def test_what_weighs_is_joined_only_in_steps_in_which_a_rule_weighs(tmp_path):
    feeds = rule("a", 'x_Provider = "aws"', FEEDS)
    even = rule("p", 'x_Pool = "p"', EVEN, stage=2)
    steps = ("shares_of_charges", "shares_of_stage_2", "shares_of_stage_3")

    def joined(*rules: str) -> list[bool]:
        found = values(tmp_path, *rules)
        return ["JOIN weighed" in found[step] for step in steps]

    assert joined(feeds, even) == [False, False, False]
    assert joined(feeds, even.replace(EVEN, WEIGHED)) == [False, True, False]
    assert joined(feeds, even, rule("b", 'x_Provider = "gcp"', WEIGHED)) == [True, False, False]
    shadow = rule("b", 'x_Provider = "gcp"', WEIGHED, status="shadow")
    assert joined(feeds, even, shadow) == [True, False, False]


def test_many_rules_are_tried_in_parts_that_java_compiles(tmp_path):
    many = [rule(f"r{n}", f'ServiceName = "S{n}"', EVEN) for n in range(views.RULES_AT_ONCE + 1)]
    assert values(tmp_path, *many[:-1])["charges"] == "charges"
    found = values(tmp_path, *many)
    parts = re.findall(r"THEN CAST\((\d+) AS bigint\)|END AS (\w+)", found["charges"])
    assert [name or int(number) for number, name in parts] == [
        *range(1, 21),
        "active_part_1",
        21,
        "active_part_2",
    ]
    assert found["active_matches"].count("charges.active_part_2") == 2
    assert found["shadow_matches"] == "CAST(NULL AS bigint)", "both sets are the same"
    more = rule("r0", 'ServiceName = "S0"', EVEN, version=2, status="shadow")
    assert "shadow_part_2" in values(tmp_path, *many, more)["charges"]
