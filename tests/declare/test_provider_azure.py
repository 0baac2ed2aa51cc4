"""What is known of Azure's FOCUS exports, as its declaration says it."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find
from focus_lake.transform import times

RUN = "8f3c1c9e-5b1d-4c52-9a0e-0d5f6a7b8c9d"
OTHER = "0A1B2C3D-1111-2222-3333-444455556666"
MONTH = "20260101-20260131"


@pytest.fixture(scope="module")
def azure():
    return declare.load("azure")


@pytest.mark.parametrize(
    "path, export, time, run, file",
    [
        (f"costs/daily/{MONTH}/{RUN}/part_0_0001.csv.gz",
         "costs/daily", None, RUN, "part_0_0001.csv.gz"),
        (f"daily/{MONTH}/{RUN}/part_0_0001.snappy.parquet",
         "daily", None, RUN, "part_0_0001.snappy.parquet"),
        (f"{MONTH}/{OTHER}/part_0_0001.csv", None, None, OTHER, "part_0_0001.csv"),
        (f"daily/{MONTH}/202601170312/{RUN}/part_1_0001.csv",
         "daily", "202601170312", RUN, "part_1_0001.csv"),
        (f"subscriptions/1-2/daily/{MONTH}/20260117031244/{RUN}/a.csv",
         "subscriptions/1-2/daily", "20260117031244", RUN, "a.csv"),
    ],
)  # fmt: skip
def test_a_path_tells_export_month_and_run(azure, path, export, time, run, file):
    match = azure.layout.path.fullmatch(path)
    assert (match["export"], match["yearmonth"]) == (export, "202601")
    assert (match["time"], match["run"], match["file"]) == (time, run, file)
    assert azure.layout.file.fullmatch(file)


@pytest.mark.parametrize(
    "path",
    [
        f"daily/20260105-20260111/{RUN}/a.csv",
        f"daily/20260101-20260331/{RUN}/a.csv",
        f"daily/20260116-20260131/{RUN}/a.csv",
        f"daily/20261301-20261331/{RUN}/a.csv",
        f"daily/{MONTH}/a.csv",
        f"daily/{MONTH}/not-a-guid/a.csv",
        f"daily/{MONTH}/{RUN}/deeper/a.csv",
    ],
)
def test_a_range_that_is_not_one_month_from_its_first_day_is_no_bill_of_a_month(azure, path):
    assert azure.layout.path.fullmatch(path) is None


def manifest(submitted: str, *blobs: tuple[str, int]) -> str:
    return json.dumps(
        {
            "manifestVersion": "2024-04-01",
            "dataRowCount": sum(rows for _, rows in blobs),
            "exportConfig": {"exportName": "daily", "dataVersion": "1.2-preview"},
            "runInfo": {"submittedTime": submitted, "runId": RUN, "startDate": "2026-01-01"},
            "blobs": [{"blobName": name, "dataRowCount": rows} for name, rows in blobs],
        }
    )


def test_a_run_is_what_its_manifest_names_at_the_time_it_was_submitted(azure, tmp_path):
    for run, submitted, rows in (
        (RUN, "2026-01-17T03:03:04.8327402Z", 7),
        (OTHER, "2026-01-18T03:03:09.1Z", 9),
    ):
        folder = tmp_path / "costs" / "daily" / MONTH / run
        folder.mkdir(parents=True)
        (folder / "part_0_0001.csv").write_text("x")
        (folder / "left_over.csv").write_text("x")
        name = f"costs/daily/{MONTH}/{run}/part_0_0001.csv"
        (folder / "manifest.json").write_text(manifest(submitted, (name, rows)))
    batches, strays = find(storage.at(str(tmp_path)), azure)
    found = [(b.yearmonth, b.batch_ts, b.exports, b.rows_named()) for b in batches]
    assert found == [
        ("202601", "20260117030304", ["costs/daily"], 7),
        ("202601", "20260118030309", ["costs/daily"], 9),
    ]
    assert [batch.manifests[0].version for batch in batches] == ["1.2-preview"] * 2
    assert len(strays) == 2 and all(stray.path.endswith("left_over.csv") for stray in strays)


@pytest.mark.parametrize(
    "text, utc",
    [
        ("2026-01-01T00:00Z", datetime(2026, 1, 1)),  # FOCUS 1.0
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1)),  # 1.0r2
        ("2024-09-30 23:00:00", datetime(2024, 9, 30, 23)),  # the published sample
        ("01/31/2026", datetime(2026, 1, 31)),
    ],
)
def test_each_versions_notation_of_time_is_read(azure, text, utc):
    assert times.parse_one(text, azure.time.formats, "UTC", azure.time.literal_z) == utc


@pytest.mark.parametrize(
    "header, column, stored",
    [
        ("x_InvoiceId", "InvoiceId", "string"),
        ("x_PricingCurrency", "PricingCurrency", "string"),
        ("x_CostCenter", "x_AzureCostCenter", "string"),
        ("x_BilledCostInUsd", "x_BilledCostInUsd", "decimal"),
        ("x_BillingExchangeRateDate", "x_BillingExchangeRateDate", "timestamp"),
        ("x_ResourceGroupName", "x_ResourceGroupName", "string"),
        ("x_SomethingNew", None, None),
    ],
)
def test_microsofts_columns_have_a_place_and_a_type(azure, header, column, stored):
    assert azure.headers.get(header.casefold()) == column
    assert {c.name: c.stored for c in azure.columns}.get(column) == stored


def test_all_53_documented_x_columns_of_1_2_are_declared(azure):
    assert len(azure.extra_columns) == 53


def test_every_run_replaces_the_one_before(azure):
    assert (azure.delivery, azure.layout.batch_ts) == ("snapshot", "manifest")
