"""Wrong budgets, outcomes, suppressions and policies: each is named with file, line and remedy."""

from __future__ import annotations

import pytest

from focus_lake import storage
from focus_lake.plan import policies
from focus_lake.reference.read import read

BUDGETS = "name,scope,value,period,currency,amount,owner\n"
CENTERS = "cost_center,department\ncc-1,Marketing\n"


def faults(root, **files: str) -> list[str]:
    """Every problem of a lake with these files, named by their kind."""
    for kind, text in {"cost_centers": CENTERS, **files}.items():
        suffix = "toml" if kind == "policies" else "csv"
        path = root / "reference" / kind / f"a.{suffix}"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    sheets = read(storage.at(str(root)))
    return [text for sheet in sheets.values() for text in sheet.problems]


def test_a_provider_of_ones_own_is_one_that_the_ledger_has(tmp_path):
    (tmp_path / "ledger" / "hetzner").mkdir(parents=True)
    (tmp_path / "ledger" / "hetzner" / "202601.jsonl").write_text("{}\n")
    assert faults(tmp_path, budgets=BUDGETS + "a,provider,hetzner,2026,USD,1,\n") == []


def test_a_months_budget_within_a_years_is_worth_a_look(tmp_path):
    path = tmp_path / "reference" / "budgets" / "a.csv"
    path.parent.mkdir(parents=True)
    lines = "year,all,,2026,USD,100,\nspring,all,,202604,USD,9,\nyear,all,,2027,USD,100,\n"
    path.write_text(BUDGETS + lines + "april,provider,aws,202604,USD,9,\n", encoding="utf-8")
    sheet = read(storage.at(str(tmp_path)))["budgets"]
    assert sheet.problems == []
    assert sheet.warnings == [
        "reference/budgets/a.csv line 3: spring lies within year of reference/budgets/a.csv "
        "line 2: both count the same money of all"
    ]


def test_good_budgets_have_no_fault(tmp_path):
    lines = "a,all,,2026,USD,100,me\nb,department,Marketing,202601,EUR,5.5,\n"
    assert faults(tmp_path, budgets=BUDGETS + lines) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("a,team,x,202601,USD,1,\n", "line 2"),
        ("a,team,x,202601,USD,1,\n", "team"),
        ("a,all,,202613,USD,1,\n", "period '202613' must be a month, such as 202601, or a year"),
        ("a,all,aws,2026,USD,1,\n", "value 'aws': scope all has no value"),
        ("a,provider,,2026,USD,1,\n", "value is empty; say which provider is meant"),
        ("a,provider,awz,2026,USD,1,\n", "no provider is called 'awz'; did you mean 'aws'?"),
        (
            "a,provider,hetzner,2026,USD,1,\n",
            "no provider is called 'hetzner'; there are ai_spend,",
        ),
        ("a,department,Marketin,2026,USD,1,\n", "no line of cost_centers has the department"),
        ("a,business_unit,Retail,2026,USD,1,\n", "no line of cost_centers has the business unit"),
        ("a,all,,2026,USD,-1,\n", "amount '-1' must not be below 0"),
        ("a,all,,2026,dollars,1,\n", "dollars"),
        ("a,all,,2026,USD,much,\n", "much"),
        ("a,all,,2026,USD,1,\nb,all,,2026,USD,2,\n", "b overlaps a of "),
        ("a,all,,2026,USD,1,\na,provider,aws,2026,USD,2,\n", "one budget has one amount"),
    ],
)
def test_a_wrong_budget_is_named(tmp_path, lines, said):
    found = faults(tmp_path, budgets=BUDGETS + lines)
    assert len(found) == 1
    assert "budgets/a.csv" in found[0]
    assert said in found[0]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (
            "outcomes",
            "month,outcome,department,application,quantity\n202601,order,Marketing,shop,1\n",
            "name a department or an application, not both",
        ),
        (
            "outcomes",
            "month,outcome,department,application,quantity\n202601,order,,,-1\n",
            "quantity '-1' must not be below 0",
        ),
        (
            "suppressions",
            "name,scope,value,valid_from,valid_until,reason\nj,all,,2026-01-05,2026-01-04,\n",
            "valid_until 2026-01-04 is before valid_from 2026-01-05",
        ),
        (
            "reductions",
            "what,scope,value,currency,saving,effort\nx,all,,USD,-5,low\n",
            "saving '-5' must not be below 0",
        ),
        (
            "anomaly_verdicts",
            "scope,value,day,verdict,judged_by\nservice,CDN,2026-01-05,maybe,me\n",
            "maybe",
        ),
    ],
)
def test_other_wrong_lines_are_named(tmp_path, kind, text, said):
    found = faults(tmp_path, **{kind: text})
    assert len(found) == 1
    assert f"{kind}/a.csv" in found[0]
    assert said in found[0]


def policy(match: str = 'x_Level = "critical"', **others: str) -> str:
    fields = {
        "id": "p",
        "title": "A title",
        "view": "focus_budget_status",
        "severity": "page",
        "route": "on-call",
        "mode": "shadow",
        **others,
    }
    lines = [
        f"{name} = {value if name in ('canary', 'active_from', 'active_until') else repr(value)}"
        for name, value in fields.items()
    ]
    return "\n".join(["[[policy]]", *lines, "[policy.match]", match, ""])


def test_a_good_policy_has_no_fault(tmp_path):
    rules = policy() + policy(id="q", mode="active", active_from="2026-01-15")
    rules += policy(
        'x_Impact = { at_least = 500 }\nx_FirstDay = { at_least = "2026-01-01" }',
        id="r",
        view="focus_cost_anomalies",
        mode="canary",
        canary='["aws"]',
    )
    assert faults(tmp_path, policies=rules) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (policy(view="focus_budgets_status"), "view 'focus_budgets_status' is unknown to policies"),
        (policy(view="focus_budgets_status"), "did you mean"),
        (policy(view="focus_unified"), "view 'focus_unified' is unknown to policies"),
        (policy("x_Lvl = 1"), "focus_budget_status has no column 'x_Lvl'"),
        (
            policy("x_Actual = { huge = 5 }"),
            "x_Actual: 'huge' is unknown; there are at_least, above, at_most, below",
        ),
        (policy("x_Actual = {}"), "x_Actual: an empty table says nothing; write one of at_least"),
        (policy("x_Actual = { above = nan }"), "x_Actual is a number; 'NaN' is not"),
        (policy("x_Actual = { prefix = '5' }"), "x_Actual: prefix takes the beginning of a text"),
        (policy("x_Level = { prefix = ['a', 'b'] }"), "x_Level: prefix takes the beginning of"),
        (policy("x_Level = { not = [] }"), "x_Level: an empty list matches nothing; name a value"),
        (policy('x_Actual = { above = "much" }'), "x_Actual is a number; 'much' is not"),
        (policy('x_ExceededOn = { below = "soon" }'), "x_ExceededOn is a day"),
        (policy("x_ExceededOn = 2026-01-31T10:00:00"), "x_ExceededOn is a day, such as 2026-01-31"),
        (policy("x_Level = []"), "x_Level: an empty list matches nothing"),
        (policy("x_Level = { is_null = 1 }"), "x_Level: is_null is true or false"),
        (policy(severity="panic"), "panic"),
        (policy(mode="active"), "mode active needs active_from"),
        (policy(mode="canary"), "mode canary needs canary"),
        (
            policy(mode="active", active_from="2026-01-15", active_until="2026-01-14"),
            "active_until 2026-01-14 is before active_from 2026-01-15",
        ),
        (policy() + policy(), "one id is one policy"),
    ],
)
def test_a_wrong_policy_is_named(tmp_path, text, said):
    found = faults(tmp_path, policies=text)
    assert len(found) == 1
    assert "policies/a.toml" in found[0]
    assert said in found[0]


@pytest.mark.parametrize(
    ("type_", "value", "sql"),
    [
        ("date", "20260131", "CAST('2026-01-31' AS date)"),
        ("timestamp", "2026-01-31", "CAST('2026-01-31 00:00:00' AS timestamp)"),
        ("timestamp", "2026-01-31T06:00+08:00", "CAST('2026-01-30 22:00:00' AS timestamp)"),
    ],
)
def test_days_and_times_stand_in_sql_as_every_engine_reads_them(type_, value, sql):
    assert policies.condition("x_At", type_, value) == f"x_At = {sql}"


def test_a_policy_that_an_older_version_took_breaks_no_view():
    row = dict.fromkeys(["title", "severity", "route", "mode", "owner", "canary"], "[]")
    row |= dict.fromkeys(["shadow_from", "active_from", "active_until"])
    row |= {"view": "focus_budget_status"}
    good = row | {"id": "good", "match": '{"x_Level": "over"}'}
    old = [row | {"id": "old", "match": text} for text in ('{"x_Level": {}}', '{"x_Gone": 1}')]
    made = policies.values({"policies": [good, *old]}, [])
    assert "'good'" in made["plan_policy_findings"]
    assert "'old'" not in made["plan_policy_findings"] + made["plan_policies"]
