"""Wrong rules, keys and accounts: each is named with file, line and remedy."""

from __future__ import annotations

import pytest

from allocation.conftest import rule
from focus_lake import storage
from focus_lake.reference.read import read

CENTERS = (
    "cost_center,department,valid_from,valid_until\ncc-0,Dev,,\ncc-1,Ops,202601,\nold,Ops,,202511\n"
)
MATCH = 'ServiceName = "Network"'
EVEN = 'method = "even"\ntargets = ["cc-0"]'


def put(root, name: str, text: str) -> None:
    path = root / "reference" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def faults(root, rules: str, **files: str) -> list[str]:
    """Every problem of a lake with these rules; two months are billed."""
    return [text for sheet in sheets_of(root, rules, **files) for text in sheet.problems]


def notes(root, rules: str, **files: str) -> list[str]:
    return [text for sheet in sheets_of(root, rules, **files) for text in sheet.warnings]


def sheets_of(root, rules: str, **files: str) -> list:
    for month in ("202512", "202601"):
        ledger = root / "ledger" / "alibaba" / f"{month}.jsonl"
        ledger.parent.mkdir(parents=True, exist_ok=True)
        ledger.touch()
    put(root, "allocation/a.toml", rules)
    for name, text in {"cost_centers": CENTERS, **files}.items():
        put(root, f"{name}/a.csv", text)
    return list(read(storage.at(str(root))).values())


WRONG = {
    "percentages": (
        rule("r", MATCH, 'method = "percent"\npercent = { "cc-0" = "60", "cc-1" = "30" }'),
        "line 10: rule r: the percentages add up to 90, they must add up to 100",
    ),
    "a percentage that is not a number": (
        rule("r", MATCH, 'method = "percent"\npercent = { "cc-0" = "60%" }'),
        "percent of cc-0 is '60%', not a number",
    ),
    "a negative percentage": (
        rule("r", MATCH, 'method = "percent"\npercent = { "cc-0" = "-1", "cc-1" = "101" }'),
        "percent of cc-0 is -1; it must be from 0 to 100",
    ),
    "a percentage beyond numbers": (
        rule("r", MATCH, 'method = "percent"\npercent = { "cc-0" = "nan", "cc-1" = "100" }'),
        "percent of cc-0 is nan; it must be from 0 to 100",
    ),
    "a target that does not exist": (
        rule("r", MATCH, 'method = "even"\ntargets = ["cc-2"]'),
        "line 10: rule r: target cc-2 does not exist; did you mean",
    ),
    "a target that has ended": (
        rule("r", MATCH, 'method = "even"\ntargets = ["old"]'),
        "target old ended with 202511, the rule holds until further notice; end this version with "
        'valid_until = "202511" and write the next one without it',
    ),
    "a target that begins later": (
        rule("r", MATCH, 'method = "direct"\ntarget = "cc-1"', valid_from="202512"),
        "target cc-1 begins with 202601, the rule with 202512",
    ),
    "a misspelt column": (
        rule("r", 'ServiceNam = "Network"', EVEN),
        "line 8: rule r: ServiceNam is not a column that a rule can look at; did you mean "
        "'ServiceName'?",
    ),
    "a misspelt operator": (
        rule("r", 'ServiceName = { prefx = "N" }', EVEN),
        "ServiceName: prefx is unknown; did you mean 'prefix'?",
    ),
    "a number where a text is meant": (
        rule("r", "SubAccountId = 4711", EVEN),
        "SubAccountId = 4711: write texts in quotes, none of them empty",
    ),
    "a misspelt method": (
        rule("r", MATCH, 'method = "evenly"\ntargets = "all"'),
        "method 'evenly' must be one of direct, even, percent, proportional, by_key",
    ),
    "a key of another method": (
        rule("r", MATCH, 'method = "even"\ntargets = "all"\npercent = { "cc-0" = "100" }'),
        "percent is unknown for even",
    ),
    "a stage that does not exist": (rule("r", MATCH, EVEN, stage=4), "stage 4 must be 1, 2 or 3"),
    "a status that does not exist": (
        rule("r", MATCH, EVEN, status="on"),
        "line 7: status 'on' must be one of shadow, active, retired",
    ),
    "a rule without a reason": (
        rule("r", MATCH, EVEN).replace('why = "agreed"\n', ""),
        "line 1: why is empty; it is needed",
    ),
    "an unknown key": (
        rule("r", MATCH, EVEN, valid_form="202601"),
        "line 8: 'valid_form' is unknown; did you mean 'valid_from'?",
    ),
    "a month that does not exist": (
        rule("r", MATCH, EVEN, valid_from="202613"),
        "line 8: valid_from '202613' must be a month",
    ),
    "no TOML": ("[[rule]\n", "reference/allocation/a.toml line 1: not TOML"),
    "another table": (
        rule("r", MATCH, EVEN) + "[[rules]]\n",
        "line 14: 'rules' is unknown; did you mean 'rule'?; the file holds [[rule]] tables only",
    ),
    "one table": ("\n[rule]\nid = 'r'\n", "line 2: rule must be written as [[rule]]"),
    "two rules with one id in overlapping months": (
        rule("r", MATCH, EVEN, valid_until="202601") + rule("r", MATCH, EVEN, version=2),
        "line 15: id r, status active is there twice for overlapping months, see "
        "reference/allocation/a.toml line 1; end the older one with valid_until",
    ),
    "one version twice": (
        rule("r", MATCH, EVEN, valid_until="202512") + rule("r", MATCH, EVEN, valid_from="202601"),
        "rule r has version 1 twice, see reference/allocation/a.toml line 1",
    ),
    "a pool that nobody spreads": (
        rule("r", MATCH, 'method = "direct"\ntarget = "pool:p"'),
        "rule r: no rule spreads pool p; write one of a later stage with match",
    ),
    "a pool that nobody feeds": (
        rule("r", 'x_Pool = "p"', EVEN, stage=2),
        'rule r: no rule feeds pool p; give it something with target = "pool:p"',
    ),
    "a stage that feeds an earlier one": (
        rule("r", MATCH, 'method = "direct"\ntarget = "pool:p"', stage=2)
        + rule("s", 'x_Pool = "p"', EVEN, stage=1),
        "line 8: rule r of stage 2 feeds pool p, which rule s spreads in stage 1 already; a pool "
        "is spread in a later stage than it is fed",
    ),
    "a pool that is weighed": (
        rule("r", MATCH, 'method = "proportional"\ntargets = ["pool:p"]')
        + rule("s", 'x_Pool = "p"', EVEN, stage=2),
        "rule r: pool:p has no direct cost to be weighed by",
    ),
    "a pool with tags": (
        rule("r", MATCH, 'method = "direct"\ntarget = "pool:p"')
        + rule("s", 'x_Pool = "p"\nx_Owner = "me"', EVEN, stage=2),
        "rule s: with x_Pool a rule can look at BillingCurrency, ServiceName, x_Pool, x_Provider "
        "only, not at x_Owner",
    ),
    "a key that no file has": (
        rule("r", MATCH, 'method = "by_key"\nkey = "pods"'),
        "rule r: key pods is in no key file; write reference/allocation_keys/*.csv",
    ),
}


@pytest.mark.parametrize(("rules", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_named_with_file_line_and_remedy(tmp_path, rules, said):
    found = faults(tmp_path, rules)
    assert found[0].startswith("reference/allocation/a.toml")
    assert any(said in text for text in found), found


def test_a_cycle_of_pools_is_refused(tmp_path):
    rules = rule("r", MATCH, 'method = "direct"\ntarget = "pool:p"')
    rules += rule("p", 'x_Pool = "p"', 'method = "direct"\ntarget = "pool:q"', stage=2)
    rules += rule("q", 'x_Pool = "q"', 'method = "direct"\ntarget = "pool:p"', stage=3)
    (found,) = faults(tmp_path, rules)
    assert "rule q of stage 3 feeds pool p, which rule p spreads in stage 2 already" in found
    assert "so that no cost goes round in a cycle" in found


def test_a_key_file_without_a_billed_month_is_named(tmp_path):
    rules = rule("r", MATCH, 'method = "by_key"\nkey = "pods"')
    keys = "yearmonth,key,target,quantity\n202512,pods,cc-0,1\n"
    (found,) = faults(tmp_path, rules, allocation_keys=keys)
    assert found == (
        "reference/allocation/a.toml line 10: rule r: key pods has no line for 202601, see "
        "reference/allocation_keys/a.csv; add the month, or end the rule before it"
    )


def test_targets_of_keys_and_accounts_must_be_cost_centers(tmp_path):
    keys = "yearmonth,key,target,quantity\n202512,pods,cc-9,1\n202512,pods,cc-0,1e3\n"
    accounts = "account,cost_center\n111,cc-8\n"
    found = faults(tmp_path, "", allocation_keys=keys, account_cost_centers=accounts)
    assert any(
        "keys/a.csv line 2: target cc-9 is not a cost center; did you mean" in x for x in found
    )
    assert any("keys/a.csv line 3: quantity '1e3' must be a number" in x for x in found)
    assert any("centers/a.csv line 2: cost center cc-8 does not exist" in x for x in found)


def test_an_account_that_a_spreadsheet_has_shortened_is_named(tmp_path):
    (found,) = faults(tmp_path, "", account_cost_centers="account,cost_center\n1.23E+11,cc-0\n")
    assert found == (
        "reference/account_cost_centers/a.csv line 2: account 1.23E+11 is a number that a "
        "spreadsheet has shortened; format the column as text and write the account anew"
    )
    accounts = "account,cost_center\n012345678901,cc-0\n1e5,cc-0\n"
    assert faults(tmp_path, "", account_cost_centers=accounts) == []


@pytest.mark.parametrize("name", ["(unallocated)", "all", "pool:network"])
def test_no_cost_center_is_called_like_a_word_of_the_rules(tmp_path, name):
    (found,) = faults(tmp_path, "", cost_centers=f"cost_center,department\n{name},Dev\n")
    assert found.startswith("reference/cost_centers/a.csv line 2: a cost center cannot be called")


def test_a_value_that_means_one_that_means_another_is_named(tmp_path):
    head = "attribute,value,meant\n"
    values = "x_CostCenter,CC-0,cc0\nx_CostCenter,cc0,cc-0\nx_CostCenter,cc-0,cc-0\n"
    (found,) = faults(tmp_path, "", tag_values=head + values)
    assert found == (
        "reference/tag_values/a.csv line 2: x_CostCenter CC-0 means cc0, which itself means cc-0; "
        "write cc-0"
    )
    values = "x_CostCenter,CC-0,cc-0\nx_Owner,cc-0,me\nx_CostCenter,x,gone\n"
    assert faults(tmp_path, "", tag_values=head + values) == []
    (note,) = notes(tmp_path, "", tag_values=head + values)
    assert note.startswith("reference/tag_values/a.csv line 4: cost center gone is not listed; add")


def test_a_pool_that_is_spread_only_later_or_in_shadow_is_a_note(tmp_path):
    feeds = rule("r", MATCH, 'method = "direct"\ntarget = "pool:p"')
    said = "a.toml line 10: rule r: no active rule spreads pool p in {0}; until one does, it is (un"
    for more, months in (
        ({"status": "shadow"}, "202512, 202601"),
        ({"valid_from": "202601"}, "202512"),
    ):
        rules = feeds + rule("s", 'x_Pool = "p"', EVEN, stage=2, **more)
        assert faults(tmp_path, rules) == []
        (note,) = notes(tmp_path, rules)
        assert said.format(months) in note
    assert notes(tmp_path, feeds + rule("s", 'x_Pool = "p"', EVEN, stage=2)) == []


def test_a_target_that_bears_cost_before_it_begins_is_a_note(tmp_path):
    (note,) = notes(tmp_path, rule("r", MATCH, 'method = "direct"\ntarget = "cc-1"'))
    assert note == (
        "reference/allocation/a.toml line 10: rule r: target cc-1 begins with 202601, but bears "
        "cost of 202512; begin this version with 202601, too"
    )


def test_a_shadow_version_beside_the_active_one_is_what_shadow_is_for(tmp_path):
    rules = rule("r", MATCH, EVEN) + rule("r", MATCH, EVEN, version=2, status="shadow")
    assert faults(tmp_path, rules) == []


def test_tags_may_be_written_in_quotes_or_as_a_table(tmp_path):
    from focus_lake.allocation.conditions import Condition, parse

    expected = [Condition("Tags.team", "in", ("a",))]
    assert parse({"Tags.team": "a"}, {}) == expected
    assert parse({"Tags": {"team": ["a"]}}, {}) == expected
