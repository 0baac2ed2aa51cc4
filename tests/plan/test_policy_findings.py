"""focus_policy_findings over views whose rows are typed by hand, and the sentences it makes."""

from __future__ import annotations

import json
from decimal import Decimal as D

import duckdb
import pytest

from focus_lake.catalog import sources
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.plan import policies

POLICY = {
    "id": "p",
    "title": "A title",
    "severity": "page",
    "route": "on-call",
    "mode": "active",
    "canary": None,
    "owner": None,
    "shadow_from": "2026-01-01",
    "active_from": "2026-01-15",
    "active_until": None,
}
BUDGET = {
    "x_Budget": "Shop",
    "x_Scope": "account",
    "x_Value": "111",
    "x_Period": "202601",
    "x_Level": "critical",
    "x_Actual": D(600),
    "x_Planned": D(1000),
    "x_Projection": D("1300.5"),
    "x_Currency": "USD",
    "x_ExceededOn": "2026-01-23",
}
ANOMALY = {
    "x_Scope": "service",
    "x_Value": "CDN",
    "x_Provider": "aws",
    "BillingCurrency": "USD",
    "x_FirstDay": "2026-01-15",
    "x_LastDay": "2026-01-16",
    "x_Actual": D(3200),
    "x_Expected": D(800),
    "x_Impact": D(2400),
    "x_Kind": "rise",
    "x_Status": "open",
    "x_Driver": "quantity of CDN in account 222, Tokyo",
    "x_DriverAccount": "222",
    "x_DriverService": "CDN",
}


@pytest.fixture
def findings():
    """findings(policies, view=[rows]): the rows of focus_policy_findings."""
    connection = duckdb.connect()

    def find(rules: list[dict], **views: list[dict]) -> list[dict]:
        connection.execute("CREATE TABLE focus_complete_days (x_Provider varchar)")
        for view in policies.views():
            kinds = {"string": "varchar"}
            columns = policies.columns(view).items()
            listed = ", ".join(f'"{name}" {kinds.get(kind, kind)}' for name, kind in columns)
            connection.execute(f"CREATE TABLE {view} ({listed})")
            for row in views.get(view, []):
                marks = ", ".join("?" for _ in row)
                connection.execute(
                    f"INSERT INTO {view} ({', '.join(row)}) VALUES ({marks})", list(row.values())
                )
        rows = [{**POLICY, **rule, "match": json.dumps(rule.get("match", {}))} for rule in rules]
        [source] = [one for one in sources.tree() if one.stem == "focus_policy_findings_now"]
        texts = policies.values({"policies": rows}, [])
        sql = source.fill({**texts, "plan_policy_findings": texts["plan_policy_findings"]} | DB)
        connection.execute(translate(sql.replace("${database}.", "focus."), "focus"))
        found = connection.execute(
            "SELECT * FROM focus_policy_findings_now ORDER BY x_Policy, x_Finding"
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return find


DB = {"database": "focus"}


def test_a_budget_that_will_break_is_a_sentence(findings):
    rule = {"view": "focus_budget_status", "match": {"x_Level": ["critical", "exceeded"]}}
    ok = {**BUDGET, "x_Budget": "Other", "x_Level": "ok"}
    [row] = findings([rule], focus_budget_status=[BUDGET, ok])
    assert row["x_Sentence"] == (
        "Budget Shop for 202601 is critical: 600.00 of 1000.00 USD spent, 1300.50 to be expected, "
        "above it on 2026-01-23"
    )
    assert (row["x_Finding"], row["x_Level"]) == ("budget Shop 202601", "critical")
    assert (row["x_Amount"], row["x_Account"], row["x_IsQuiet"]) == (D("1300.5"), "111", False)
    assert row["x_ShadowDays"] == 14  # M12


def test_an_anomaly_has_its_money_and_its_driver_and_is_quiet_where_it_is_known(findings):
    rule = {"view": "focus_cost_anomalies", "match": {"x_Impact": {"at_least": 500}}}
    known = {**ANOMALY, "x_Value": "Batch", "x_Status": "suppressed"}
    wrong = {**ANOMALY, "x_Value": "Mail", "x_Status": "false"}
    small = {**ANOMALY, "x_Value": "Small", "x_Impact": D("499.99")}
    found = findings([rule], focus_cost_anomalies=[ANOMALY, known, wrong, small])
    assert [(row["x_Value"], row["x_IsQuiet"]) for row in found] == [
        ("Batch", True),
        ("CDN", False),
        ("Mail", True),
    ]
    assert found[1]["x_Sentence"] == (
        "service CDN cost 3200.00 USD from 2026-01-15 to 2026-01-16, expected were 800.00; "
        "quantity of CDN in account 222, Tokyo"
    )
    assert (found[1]["x_Account"], found[1]["ServiceName"], found[1]["x_Amount"]) == (
        "222",
        "CDN",
        2400,
    )


def test_an_event_that_grows_by_a_day_is_the_same_finding(findings):
    rule = {"view": "focus_cost_anomalies"}
    longer = {**ANOMALY, "x_LastDay": "2026-01-19", "x_Impact": D(5000)}
    [row] = findings([rule], focus_cost_anomalies=[longer])
    assert row["x_Finding"] == "service CDN aws USD from 2026-01-15"


def test_a_canary_names_its_scopes(findings):
    rule = {"view": "focus_cost_anomalies", "mode": "canary", "canary": '["222"]'}
    other = {**ANOMALY, "x_Value": "VM", "x_DriverAccount": "333"}
    found = findings([rule], focus_cost_anomalies=[ANOMALY, other])
    assert [(row["x_Value"], row["x_IsNamed"]) for row in found] == [("CDN", True), ("VM", False)]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"x_Coverage": {"below": 0.9}}, True),
        ({"x_Coverage": {"below": 0.5}}, False),
        ({"x_Attribute": {"not": "x_Owner"}}, False),
        ({"x_Attribute": {"prefix": "x_O"}, "x_Provider": "aws"}, True),
        ({"x_Coverage": {"is_null": True}}, False),
        ({"x_Coverage": {"at_least": 0.8, "at_most": 0.8}}, True),
        ({"x_Provider": "it's"}, False),
    ],
)
def test_conditions(findings, match, hit):
    row = {"x_Attribute": "x_Owner", "x_Provider": "aws", "yearmonth": "202601"}
    row |= {"BillingCurrency": "USD", "x_Coverage": D("0.8"), "EffectiveCost": D(100)}
    row |= {"x_TaggedEffectiveCost": D(80)}
    found = findings([{"view": "focus_tag_coverage", "match": match}], focus_tag_coverage=[row])
    assert [one["x_Amount"] for one in found] == ([D(20)] if hit else [])


MEASURE = {
    "metric": "M4",
    "title": "Unallocated spend trend",
    "provider": "aws",
    "yearmonth": "202601",
    "value": D("0.35"),
    "comparison": "<=",
    "target": D("0.2"),
    "met": False,
}


def test_a_measure_that_is_missed_says_what_was_wanted(findings):
    rule = {"view": "focus_pipeline_metrics", "match": {"metric": "M4", "met": False}}
    [row] = findings([rule], focus_pipeline_metrics=[MEASURE])
    assert row["x_Level"] == "missed"
    assert row["x_Sentence"] == (
        "Unallocated spend trend (M4) of aws in 202601 is 0.3500, wanted is <= 0.2000"
    )


def test_without_policies_there_are_no_findings(findings):
    assert findings([], focus_budget_status=[BUDGET]) == []


def test_every_view_that_policies_may_look_at_makes_findings(findings):
    rules = [{"id": view, "view": view} for view in policies.views()]
    assert findings(rules) == []  # the SQL of each is sound


UNKNOWN = {"x_Actual": None, "x_Projection": None, "x_Level": None, "x_ExceededOn": None}
PARTLY_KNOWN = {
    "focus_budget_status": (
        {**BUDGET, **UNKNOWN, "x_Reason": "no rate from CNY to USD"},
        "Budget Shop for 202601 is unknown (no rate from CNY to USD): an unknown part of "
        "1000.00 USD spent",
    ),
    "focus_mapping_gaps": (
        {"x_Provider": "aws", "yearmonth": "202601", "BillingCurrency": "USD"}
        | {"x_UnmappedRowCount": 3, "x_UnmappedBilledCost": D(7)},
        "(no service) of aws has no service category in 202601: 3 charges",
    ),
    "focus_invoice_reconciliation": (
        {"InvoiceId": "I-1", "yearmonth": "202601", "x_Verdict": "not_in_lake"},
        "Invoice I-1 of nobody known for 202601: not_in_lake",
    ),
    "focus_waste": (
        {"x_Reason": "idea", "x_What": "Turn it off", "yearmonth": "202601"},
        "idea Turn it off in 202601: unknown cost",
    ),
}


@pytest.mark.parametrize("view", PARTLY_KNOWN)
def test_what_is_unknown_leaves_a_sentence_and_a_name(findings, view):
    row, sentence = PARTLY_KNOWN[view]
    [found] = findings([{"view": view}], **{view: [row]})
    assert found["x_Sentence"] == sentence
    assert found["x_Finding"]


def test_a_budget_in_danger_is_said_in_plain_words(findings):
    warned = {**BUDGET, "x_Level": "warning"}
    [row] = findings([{"view": "focus_budget_status"}], focus_budget_status=[warned])
    assert row["x_Sentence"].startswith(
        "Budget Shop for 202601 is in danger: 600.00 of 1000.00 USD"
    )
