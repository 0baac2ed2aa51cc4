"""focus_consolidation_view: what AWS's FOCUS dashboard reads, on DuckDB and Trino."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.catalog import render
from helpers.catalog import deploy, on_duckdb
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

TODAY = datetime.now(UTC).date()
MONTH, TS = f"{TODAY:%Y%m}", f"{TODAY:%Y%m%d}000000"
# The views focus_summary_view and focus_resource_view of the dashboard, by columns and by what they
# ask of ours: github.com/aws-samples/aws-cudos-framework-deployment, dashboards/focus/focus.yaml,
# read 2026-11-26. They group by the map of tags, cast billing_period to a day, compare days and
# times with now, and show single days for three months.
KEYS = (
    *("availabilityzone", "billingaccountid", "billingaccountname", "billingcurrency"),
    *("chargecategory", "chargeclass", "chargedescription", "chargefrequency"),
    *("commitmentdiscountcategory", "commitmentdiscountid", "commitmentdiscountname"),
    *("commitmentdiscounttype", "commitmentdiscountstatus", "consumedunit", "invoiceissuername"),
    *("pricingcategory", "pricingunit", "providername", "publishername", "regionid"),
    *("regionname", "servicecategory", "servicename", "skuid", "skupriceid", "subaccountid"),
    *("subaccountname", "tags", "billing_period"),
)
OF_RESOURCES = ("resourceid", "resourcename", "resourcetype")
COSTS = ("billedcost", "effectivecost", "listcost", "contractedcost")
SUMS = (*COSTS, "contractedunitprice", "listunitprice", "consumedquantity", "pricingquantity")
DAYS = (
    "CAST(billingperiodstart AS date)",
    "CAST(CASE WHEN date_trunc('month', chargeperiodstart) >= date_trunc('month', "
    "current_timestamp) - INTERVAL '3' MONTH THEN date_trunc('day', chargeperiodstart) "
    "ELSE date_trunc('month', chargeperiodstart) END AS date)",
)


def dashboard(keys: tuple[str, ...], where: str, *more: str) -> str:
    """A view of the dashboard's: groups of these keys and days, and the sums."""
    groups = (*keys, *DAYS, *more)
    named = [*keys, f"{DAYS[0]} AS period", f"{DAYS[1]} AS day", *(f"{one} AS t" for one in more)]
    summed = [f"SUM({name}) AS {name}" for name in SUMS]
    return (
        f"SELECT {', '.join([*named, *summed])} FROM focus_consolidation_view "
        f"WHERE {where} GROUP BY {', '.join(groups)}"
    )


SUMMARY = dashboard(
    KEYS,
    "billingperiodstart >= date_trunc('month', current_timestamp) - INTERVAL '7' MONTH AND "
    "CAST(concat(billing_period, '-01') AS date) >= date_trunc('month', current_date) - "
    "INTERVAL '7' MONTH",
)
RESOURCES = dashboard(
    (*KEYS, *OF_RESOURCES),
    "current_date - INTERVAL '30' DAY <= chargeperiodstart AND resourceid <> '' AND "
    "CAST(concat(billing_period, '-01') AS date) >= "
    "date_trunc('month', current_date - INTERVAL '30' DAY)",
    "TRY(element_at(tags, 'Owner'))",  # tags that the user chose become columns
)


def bills(lake: Lake) -> dict:
    start = {"BillingPeriodStart": datetime(TODAY.year, TODAY.month, 1)}
    usd = {"BillingCurrency": "USD", "ResourceId": "i-1", **start}
    long_ago = datetime(TODAY.year - 2, TODAY.month, 1)
    lake.batch(
        "aws",
        MONTH,
        TS,
        [
            charge(f"{TODAY}", "0.25", Tags={"Owner": "mei"}, **usd),
            charge(f"{TODAY}T05:00", "0.5", Tags={"Owner": "mei"}, **usd),
            charge(f"{TODAY}", "1.5", SkuPriceDetails='{"cores": 4}', **usd),
        ],
    )
    lake.batch("alibaba", MONTH, TS, [charge(f"{TODAY}", "70", **start)])
    old = f"{long_ago:%Y%m}"
    lake.batch("alibaba", old, f"{old}05000000", [charge(f"{long_ago:%Y-%m-%d}", "900")])
    return {}


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=pytest.mark.trino)])
def deployed(request, tmp_path_factory):
    options = ("--other_tools", "true")
    return deploy(request.param, request, tmp_path_factory, bills, "other_tools", options)


def test_the_dashboards_summary_runs_on_it(deployed):
    rows = deployed.query(
        "SELECT billing_period, billingcurrency, CAST(day AS varchar), billedcost "
        f"FROM ({SUMMARY}) AS summary"
    )
    month, day = f"{TODAY:%Y-%m}", f"{TODAY}"
    assert sorted(rows) == [
        (month, "CNY", day, 70.0),
        (month, "USD", day, 0.75),
        (month, "USD", day, 1.5),
    ]


def test_the_dashboards_resources_run_on_it(deployed):
    rows = deployed.query(f"SELECT resourceid, t, effectivecost FROM ({RESOURCES}) AS resources")
    assert sorted(rows, key=str) == [("i-1", "mei", 0.75), ("i-1", None, 1.5)]


def test_details_of_a_sku_are_a_map_of_texts(deployed):
    rows = deployed.query(
        "SELECT DISTINCT element_at(skupricedetails, 'cores') FROM focus_consolidation_view"
    )
    assert sorted(rows, key=str) == [("4",), (None,)]


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
    for name in SUMS:
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
        *("focus_live_exports", "focus_metric_trend", "focus_pipeline_metrics"),
    }
