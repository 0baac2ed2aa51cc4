"""Kubernetes: OpenCost's Parquet by its published layout; a split never counts beside the bill."""

from __future__ import annotations

from decimal import Decimal as D

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focus_lake import declare
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.transform.select import Origin, Transform
from helpers.catalog import on_duckdb, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

DAY = "prod-1/year=2026/month=1/day=5/k8s_opencost.parquet"


def workload(namespace: str, cost: float, team: str | None = None, pod: str = "p") -> dict:
    """A row as the exporter flattens OpenCost's answer."""
    return {
        "name": f"prod/{namespace}/{pod}",
        "window.start": "2026-01-05T00:00:00Z",
        "window.end": "2026-01-06T00:00:00Z",
        "running_minutes": 1440.0,
        "cpuCost": cost / 2,
        "ramCost": cost / 2,
        "totalCost": cost,
        "properties.cluster": "cluster-one",
        "properties.namespace": namespace,
        "properties.controller": "web",
        "properties.controllerKind": "deployment",
        "properties.pod": pod,
        "label.team": team,
        "properties.labels.app": "shop",
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    base = tmp_path_factory.mktemp("kubernetes")
    file = base / "raw" / "kubernetes" / DAY
    file.parent.mkdir(parents=True)
    rows = [workload("shop", 0.25, "red"), workload("shop", 0.5, pod="q"), workload("jobs", 0.125)]
    pq.write_table(pa.Table.from_pylist(rows), file)
    lake = Lake(base / "lake")
    lake.batch("aws", "202601", "20260131000000", [charge("2026-01-05", "10", ServiceName="EKS")])
    options = NormalizeOptions(
        raw=str(base / "raw"), lake=str(lake.root), providers=("kubernetes",), quiet_minutes=0
    )
    assert normalize(options) == 0
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


def test_a_workload_has_its_namespace_cluster_and_share(lake):
    rows = on_duckdb(
        lake,
        "SELECT x_Cluster, x_Namespace, x_Workload, x_WorkloadKind, x_Pod, x_SplitCost, x_CpuCost, "
        "x_Owner, x_Application, ServiceName, ChargePeriodStart::varchar, batch_ts "
        "FROM focus_kubernetes WHERE x_Pod = 'p' AND x_Namespace = 'shop'",
    )
    assert rows == [
        ("cluster-one", "shop", "web", "deployment", "p", D("0.25"), D("0.125"), "red", "shop",
         "Kubernetes", "2026-01-05 00:00:00", "20260105000000"),
    ]  # fmt: skip


def test_the_cluster_and_its_split_are_never_both_counted(lake):
    total = on_duckdb(lake, "SELECT SUM(BilledCost), SUM(EffectiveCost) FROM focus_unified")
    assert total == [(D(10), D(10))]
    split = on_duckdb(lake, "SELECT SUM(x_SplitCost) FROM focus_kubernetes")
    assert split == [(D("0.875"),)]


def test_the_amount_of_a_focus_file_is_a_split_too():
    given = {
        "BilledCost": "3",
        "EffectiveCost": "2.5",
        "ChargePeriodStart": "2026-01-05T00:00:00Z",
        "ServiceName": "GKE",
    }
    table = pa.table([pa.array([v], pa.string()) for v in given.values()], names=list(given))
    made = Transform(declare.load("kubernetes"), tuple(given))(table, Origin("f", "e"))
    (row,) = made.rows.to_pylist()
    assert (row["BilledCost"], row["EffectiveCost"]) == (0, 0)
    assert (row["x_SplitCost"], row["x_ToolBilledCost"]) == (D("2.5"), 3)
    assert (row["ServiceName"], row["BillingCurrency"]) == ("GKE", "USD")
