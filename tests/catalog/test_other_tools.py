"""focus_consolidation_view: what AWS's FOCUS dashboard reads, on DuckDB and Trino."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.catalog import render
from helpers.catalog import deploy, on_duckdb
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

TS = "20260131173000"
# What the dashboard's dataset for summaries groups by, and for resources besides; in our words,
# from its description: nearly every column that is not a number, and sums of the four costs.
KEYS = (
    *("billing_period", "billingaccountid", "billingaccountname", "billingcurrency"),
    *("billingperiodstart", "billingperiodend", "chargecategory", "chargeclass"),
    *("chargefrequency", "commitmentdiscounttype", "commitmentdiscountstatus"),
    *("invoiceissuername", "pricingcategory", "providername", "publishername", "regionid"),
    *("regionname", "servicecategory", "servicename", "subaccountid", "subaccountname"),
)
SUMS = ("billedcost", "effectivecost", "listcost", "contractedcost")
OF_RESOURCES = ("resourceid", "resourcename", "resourcetype", "skuid", "chargeperiodstart")
SUMMARY = (
    f"SELECT {', '.join(KEYS)}, {', '.join(f'SUM({name}) AS {name}' for name in SUMS)} "
    f"FROM focus_consolidation_view GROUP BY {', '.join(map(str, range(1, len(KEYS) + 1)))}"
)
RESOURCES = (
    f"SELECT {', '.join(KEYS + OF_RESOURCES)}, ELEMENT_AT(tags, 'Owner') AS tag_owner, "
    "ELEMENT_AT(skupricedetails, 'cores') AS cores, "
    f"{', '.join(f'SUM({name}) AS {name}' for name in SUMS)} FROM focus_consolidation_view "
    f"GROUP BY {', '.join(map(str, range(1, len(KEYS) + len(OF_RESOURCES) + 3)))}"
)


def bills(lake: Lake) -> dict:
    usd = {"BillingCurrency": "USD", "ResourceId": "i-1"}
    lake.batch(
        "aws",
        "202601",
        TS,
        [
            charge("2026-01-05", "0.25", Tags={"Owner": "mei"}, **usd),
            charge("2026-01-06", "1.5", SkuPriceDetails='{"cores": 4}', **usd),
        ],
    )
    lake.batch("alibaba", "202602", TS, [charge("2026-02-05", "70")])
    return {}


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def deployed(request, tmp_path_factory):
    options = ("--other_tools", "true")
    return deploy(request.param, request, tmp_path_factory, bills, "other_tools", options)


def test_the_dashboards_summary_runs_on_it(deployed):
    rows = deployed.query(f"SELECT billing_period, billingcurrency, billedcost FROM ({SUMMARY})")
    assert sorted(rows) == [("2026-01", "USD", 1.75), ("2026-02", "CNY", 70.0)]


def test_the_dashboards_resources_run_on_it(deployed):
    rows = deployed.query(f"SELECT resourceid, tag_owner, cores, effectivecost FROM ({RESOURCES})")
    assert sorted(rows, key=str) == [
        ("i-1", "mei", None, 0.25),
        ("i-1", None, "4", 1.5),
        (None, None, None, 70.0),
    ]


def test_its_columns_are_lower_case_with_the_dashboards_types(deployed):
    if deployed.trino:
        pytest.skip("types are told by DuckDB's own catalog")
    found = on_duckdb(
        deployed.lake.root,
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE table_name = 'focus_consolidation_view'",
        deployed.database,
    )
    types = dict(found)
    assert len(types) == 58  # the 57 columns of FOCUS 1.2, and billing_period
    assert all(name == name.lower() for name in types)
    for name in (*SUMS, "listunitprice", "consumedquantity", "pricingquantity"):
        assert types[name] == "DOUBLE"
    assert types["tags"] == types["skupricedetails"] == "MAP(VARCHAR, VARCHAR)"
    assert types["chargeperiodstart"].startswith("TIMESTAMP")
    assert types["billing_period"] == "VARCHAR"


@pytest.mark.parametrize("asked", [True, False])
def test_it_is_deployed_when_asked_for_alone(asked):
    place = render.CatalogPlace("focus", "s3://lake", other_tools=asked)
    names = [each.name for each in render.shared_views([declare.load("aws")], place)]
    assert ("focus_consolidation_view" in names) == asked


def test_views_that_say_provider_say_x_provider_too():
    contract = (Path(__file__).parents[2] / "sql" / "contract.csv").read_text(encoding="utf-8")
    named = {
        name: set(re.findall(rf"^{name},(x_Provider|provider),", contract, re.MULTILINE))
        for name in re.findall(r"^(\w+),provider,", contract, re.MULTILINE)
    }
    both = {name for name, names in named.items() if "x_Provider" in names}
    # The others are parts of focus_pipeline_metrics, which analysts do not read.
    assert both == {
        *("focus_audits", "focus_columns_present", "focus_conformance", "focus_live_batches"),
        *("focus_live_exports", "focus_pipeline_metrics"),
    }
