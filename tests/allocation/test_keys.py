"""A Kubernetes cluster's bill is spread by what its workloads used; the split is never counted."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from allocation.conftest import Ledger, cost, rule
from focus_lake.allocation import __main__ as cli
from focus_lake.allocation.keys import NoKeys
from focus_lake.options import parse
from helpers.catalog import Deployed, deploy_only, for_allocation
from helpers.lakes import Lake

MONTH = "202601"
FILE = "reference/allocation_keys/kubernetes.csv"
PROD = rule(
    "cluster-prod-1",
    'x_Application = "prod-1"\nx_Provider = "aws"',
    'method = "by_key"\nkey = "cluster prod-1"',
    valid_from="202601",
)


def workload(split: str, namespace: str, center: str | None = None, cluster="prod-1") -> dict:
    """A row as the declaration `kubernetes` makes it: no cost of its own."""
    others = {"x_Cluster": cluster, "x_SplitCost": D(split), "SubAccountId": namespace}
    return cost("2026-01-05", "0", center, ServiceName="Kubernetes", ListCost=None, **others)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster that costs 10 and another charge of 5; in it ran 1 : 2 : 3 of known centers."""
    with pytest.MonkeyPatch.context() as patched:
        deploy_only(patched, for_allocation)
        lake = Lake(tmp_path_factory.mktemp("keys") / "lake")
        books = Ledger(Deployed("duckdb", lake, {}))
        fill(books)
        assert books.refresh("--providers", "aws,kubernetes") == 0
        yield books


def fill(books: Ledger) -> None:
    books.centers("cc-0,Shop,B,,,", "cc-1,Jobs,B,,,", "cc-2,Ops,B,,,")
    books.put("tag_values/a.csv", "attribute,value,meant\nx_CostCenter,CC0,cc-0\n")
    books.put(
        "account_cost_centers/a.csv",
        "account,cost_center,valid_from,valid_until\njobs,cc-1,202601,\njobs,cc-0,,202512\n",
    )
    bill = {"x_Application": "prod-1", "ServiceName": "EKS", "BillingCurrency": "USD"}
    charges = [cost("2026-01-05", "10", **bill), cost("2026-01-06", "5", "cc-2")]
    books.bill(MONTH, *charges, provider="aws")
    rows = [
        workload("0.5", "shop", "cc-0"),
        workload("0.5", "shop", "CC0"),
        workload("2", "jobs"),
        workload("3", "ops", "cc-2"),
        workload("3.75", "__idle__"),
        workload("0.25", "lab", "cc-9"),
        workload("7", "ops", "cc-2", cluster="prod-2"),
    ]
    books.bill(MONTH, *rows, provider="kubernetes", ts="20260105000000")


@pytest.fixture
def lake(cluster):
    """The same without a key file."""
    (cluster.root / FILE).unlink(missing_ok=True)
    return cluster


def run(books, *options: str) -> int:
    return cli.keys(parse(cli.AllocationOptions, ["--lake", str(books.root), *options]))


def test_the_bill_is_spread_to_the_last_digit_and_the_split_is_not_counted(lake, capsys):
    assert run(lake) == 0
    said = capsys.readouterr().out
    assert "202601 cluster prod-1: cc-0 1, cc-1 2, cc-2 3" in said
    assert (
        "of unknown cost centers, so borne by the others in proportion: "
        "no cost center 3.75, cc-9 0.25; --rest NAME gives it to one"
    ) in said
    assert (lake.root / FILE).read_text() == (
        "yearmonth,key,target,quantity\n202601,cluster prod-1,cc-0,1\n"
        "202601,cluster prod-1,cc-1,2\n202601,cluster prod-1,cc-2,3\n"
        "202601,cluster prod-2,cc-2,7\n"
    )
    lake.rules(PROD)
    assert lake.refresh("--providers", "aws,kubernetes") == 0
    paid = dict(
        lake.ask(
            "SELECT x_Payer, SUM(BilledCost) FROM focus_allocated_cost "
            "WHERE ServiceName = 'EKS' GROUP BY x_Payer"
        )
    )
    # 10 x 1/6, 2/6, 3/6; shares are multiples of 1e-12 that add up to 1.
    assert sum(paid.values()) == D("10")
    assert {name: round(value, 9) for name, value in paid.items()} == {
        "cc-0": D("1.666666667"),
        "cc-1": D("3.333333333"),
        "cc-2": D("5.000000000"),
    }
    # The cloud's 10 + 5, wherever it is added up, and nothing for the split's 17.
    everywhere = lake.ask(
        "SELECT SUM(BilledCost), SUM(EffectiveCost) FROM focus_unified "
        "UNION ALL SELECT SUM(BilledCost), SUM(EffectiveCost) FROM focus_daily "
        "UNION ALL SELECT SUM(BilledCost), SUM(EffectiveCost) FROM focus_allocated_cost"
    )
    assert everywhere == [(D(15), D(15))] * 3
    assert {
        d for (d,) in lake.ask("SELECT x_BilledCostDifference FROM focus_allocation_check")
    } == {D(0)}


def test_what_is_nobodys_can_be_given_to_one(lake):
    assert run(lake, "--rest", "cc-2") == 0
    text = (lake.root / FILE).read_text()
    assert "202601,cluster prod-1,cc-2,7\n" in text  # 3 + 3.75 + 0.25


def test_months_are_replaced_and_other_months_and_dry_runs_change_nothing(lake, capsys):
    lake.put("allocation_keys/kubernetes.csv", "yearmonth,key,target,quantity\n202512,k,cc-0,9\n")
    assert run(lake, "--dry_run", "true") == 0
    assert "cluster" not in (lake.root / FILE).read_text()
    assert run(lake) == 0 == run(lake, "--yearmonth", MONTH)
    assert (lake.root / FILE).read_text().splitlines()[1:3] == [
        "202512,k,cc-0,9",
        "202601,cluster prod-1,cc-0,1",
    ]


def test_without_any_known_cost_center_nothing_is_written(lake):
    centers = (lake.root / "reference/cost_centers/a.csv").read_text()
    lake.centers("cc-8,Other,B,,,")
    try:
        with pytest.raises(NoKeys, match="label workloads, list their namespaces in reference/acc"):
            run(lake)
    finally:
        lake.put("cost_centers/a.csv", centers)
    assert not (lake.root / FILE).exists()


@pytest.mark.parametrize(
    "options, words",
    [
        (("--provider", "aws"), "focus_aws has no x_Cluster and no x_SplitCost: --provider needs"),
        (("--provider", "cubes"), "has no focus_cubes: run jobs/normalize_focus.py --providers cu"),
        (("--yearmonth", "202501"), "has no live row with x_SplitCost in 202501"),
        (("--rest", "cc-3"), "--rest cc-3 is no cost center; did you mean 'cc-2'"),
    ],
)
def test_what_cannot_be_written_is_said(lake, options, words):
    with pytest.raises(NoKeys) as error:
        run(lake, *options)
    assert words in str(error.value)
    assert not (lake.root / FILE).exists()
