"""From shadow to active: only after a week, with the older version ended in the file."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from allocation.conftest import rule
from focus_lake import storage
from focus_lake.allocation import __main__ as cli
from focus_lake.allocation import promote
from focus_lake.options import parse

CENTERS = "cost_center,department\ncc-0,Dev\ncc-1,Ops\n"
MATCH = 'ServiceName = "Network"'
EVEN = 'method = "even"\ntargets = "all"'
OLD = "# ours\n" + rule("r", MATCH, EVEN, valid_from="202512")


def lake(root: Path, days: int | None, **others) -> Path:
    """A lake with an active rule and its next version, in shadow for so many days."""
    new = rule("r", MATCH, EVEN, version=2, status="shadow", **others)
    if days is not None:
        day = promote.today() - timedelta(days=days)
        new = new.replace("[rule.match]", f"shadow_from = {day}\n[rule.match]")
    for name, text in {"allocation/a.toml": OLD + new, "cost_centers/a.csv": CENTERS}.items():
        path = root / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "reference" / "allocation" / "a.toml"


def run(root: Path, *options: str) -> int:
    argv = ["--lake", str(root), "--rule", "r", *options]
    return cli.promote(parse(cli.AllocationOptions, argv))


def test_a_rule_that_is_a_week_in_shadow_becomes_active_and_the_older_one_ends(tmp_path):
    path = lake(tmp_path, 7, valid_from="202602")
    assert run(tmp_path) == 0
    text = path.read_text()
    old, new = tomllib.loads(text)["rule"]
    assert text.startswith("# ours\n")
    assert (old["status"], old["valid_until"]) == ("active", "202601")
    assert (new["status"], new["active_from"]) == ("active", promote.today())


def test_an_older_version_of_which_nothing_is_left_is_retired(tmp_path):
    path = lake(tmp_path, 8, valid_from="202512")
    assert run(tmp_path) == 0
    old, new = tomllib.loads(path.read_text())["rule"]
    assert (old["status"], new["status"]) == ("retired", "active")


@pytest.mark.parametrize("days", [6, None])
def test_a_rule_that_is_less_than_a_week_in_shadow_stays_unless_told_otherwise(
    tmp_path, days, capsys
):
    path = lake(tmp_path, days, valid_from="202602")
    before = path.read_text()
    assert run(tmp_path) == 1
    assert (
        "not promoted: a rule is in shadow for 7 days before it counts" in capsys.readouterr().out
    )
    assert run(tmp_path, "--anyway", "true", "--dry_run", "true") == 0
    assert path.read_text() == before
    assert run(tmp_path, "--anyway", "true") == 0
    assert 'status = "shadow"' not in path.read_text()


def test_a_version_that_would_hold_again_is_left_to_people(tmp_path):
    lake(tmp_path, 9, valid_from="202602", valid_until="202603")
    with pytest.raises(promote.PromotionRefused, match="would hold again after 202603"):
        run(tmp_path)


def test_a_rule_that_is_not_in_shadow_is_named(tmp_path):
    lake(tmp_path, 9)
    with pytest.raises(promote.PromotionRefused, match="0 rules in shadow are called nope"):
        promote.find(storage.at(str(tmp_path)), "nope")
