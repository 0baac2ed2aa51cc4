"""What is known of AWS's FOCUS exports, as its declaration says it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find

EXECUTION = "2026-01-18T20:16:37.306Z-3695a728-d559-40bd-ac30-ffc97b552489"
NOON = datetime(2026, 1, 20, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def aws():
    return declare.load("aws")


@pytest.mark.parametrize(
    "path, export, yearmonth, batch_ts, file",
    [
        ("bills/focus/data/BILLING_PERIOD=2026-01/focus-00001.snappy.parquet",
         "bills/focus", "2026-01", None, "focus-00001.snappy.parquet"),
        ("focus/data/BILLING_PERIOD=2025-12/focus-00001.csv.gz",
         "focus", "2025-12", None, "focus-00001.csv.gz"),
        ("data/BILLING_PERIOD=2026-01/a.csv.gz", None, "2026-01", None, "a.csv.gz"),
        ("cost//focus/data/BILLING_PERIOD=2026-01/a.csv.gz",
         "cost//focus", "2026-01", None, "a.csv.gz"),
        (f"a/data/b/data/BILLING_PERIOD=2026-01/{EXECUTION}/b-00001.csv.gz",
         "a/data/b", "2026-01", "2026-01-18T20:16:37", "b-00001.csv.gz"),
        ("p/focus/data/BILLING_PERIOD=2026-01/run-1/a.parquet",
         "p/focus", "2026-01", None, "a.parquet"),
    ],
)  # fmt: skip
def test_a_path_tells_export_month_and_execution(aws, path, export, yearmonth, batch_ts, file):
    match = aws.layout.path.fullmatch(path)
    assert (match["export"], match["yearmonth"]) == (export, yearmonth)
    assert (match["batch_ts"], match["file"]) == (batch_ts, file)
    assert aws.layout.file.fullmatch(file)
    assert aws.layout.manifest.path.fullmatch(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "p/focus/data/BILLING_PERIOD=2026-13/a.parquet",
        "p/focus/data/BILLING_PERIOD=202601/a.parquet",
        "p/focus/data/a.parquet",
        "p/focus/metadata/BILLING_PERIOD=2026-01/focus-Manifest.json",
        f"p/focus/data/BILLING_PERIOD=2026-01/{EXECUTION}/deeper/a.parquet",
        "p/focus/20260101-20260201/focus-00001.csv.gz",
    ],
)
def test_a_path_of_another_shape_is_no_delivery(aws, path):
    assert aws.layout.path.fullmatch(path) is None


@pytest.mark.parametrize(
    "path, export, execution",
    [
        ("p/focus/metadata/BILLING_PERIOD=2026-01/focus-Manifest.json", "p/focus", None),
        ("focus/metadata/BILLING_PERIOD=2026-01/Manifest.json", "focus", None),
        (f"focus/metadata/BILLING_PERIOD=2026-01/{EXECUTION}/focus-Manifest.json",
         "focus", EXECUTION),
    ],
)  # fmt: skip
def test_a_manifest_belongs_to_an_export_a_month_and_an_execution(aws, path, export, execution):
    match = aws.layout.manifest.path.fullmatch(path)
    assert (match["export"], match["yearmonth"]) == (export, "2026-01")
    assert match["execution"] == execution


@pytest.mark.parametrize("name", ["focus-00001.csv", "focus-00001.csv.zip", "x.json", "_SUCCESS"])
def test_only_parquet_and_gzip_csv_are_data(aws, name):
    assert aws.layout.file.fullmatch(name) is None


def put(root, path: str, content: bytes = b"x", at: float = NOON) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (at, at))


def test_an_overwritten_month_is_what_its_manifest_names_at_the_manifests_time(aws, tmp_path):
    month = "p/focus/data/BILLING_PERIOD=2026-01"
    for number in (1, 2, 3):
        put(tmp_path, f"{month}/focus-{number:05d}.snappy.parquet")
    named = [f"s3://bucket/{month}/focus-{number:05d}.snappy.parquet" for number in (1, 2)]
    put(
        tmp_path,
        "p/focus/metadata/BILLING_PERIOD=2026-01/focus-Manifest.json",
        json.dumps({"columns": [{"name": "BilledCost"}], "dataFiles": named}).encode(),
        NOON + 65,
    )
    (batch,), strays = find(storage.at(str(tmp_path)), aws)
    assert (batch.yearmonth, batch.batch_ts) == ("202601", "20260120120105")
    assert batch.exports == ["p/focus"]
    names = [file.name for file in batch.files]
    assert names == ["focus-00001.snappy.parquet", "focus-00002.snappy.parquet"]
    assert strays == [(f"{month}/focus-00003.snappy.parquet", "the manifest does not name it")]
    assert batch.reasons == []


def test_two_executions_are_two_batches_at_the_times_in_their_folders(aws, tmp_path):
    month = "focus/data/BILLING_PERIOD=2026-01"
    put(tmp_path, f"{month}/2026-01-18T20:16:37.306Z-aaaa/focus-00001.csv.gz", at=NOON + 9)
    put(tmp_path, f"{month}/2026-01-19T08:00:00.001Z-bbbb/focus-00001.csv.gz", at=NOON)
    batches, _ = find(storage.at(str(tmp_path)), aws)
    assert [batch.batch_ts for batch in batches] == ["20260118201637", "20260119080000"]
    assert {export for batch in batches for export in batch.exports} == {"focus"}


def test_exports_with_one_name_under_two_prefixes_stay_two(aws, tmp_path):
    for account in ("111", "222"):
        put(tmp_path, f"{account}/focus/data/BILLING_PERIOD=2026-01/focus-00001.csv.gz")
    (batch,), _ = find(storage.at(str(tmp_path)), aws)
    assert batch.exports == ["111/focus", "222/focus"]
    assert batch.reasons == []


def test_awss_own_columns_are_kept_with_their_types(aws):
    own = {name: extra.type for name, extra in aws.extra_columns.items()}
    assert own == {
        "x_CostCategories": "map",
        "x_Discounts": "map",
        "x_Operation": "string",
        "x_ServiceCode": "string",
        "x_UsageType": "string",
    }


def test_a_month_replaces_itself_and_doubles_may_be_rounded(aws):
    assert (aws.delivery, aws.layout.months) == ("snapshot", "one")
    assert (aws.layout.batch_ts, aws.format.max_decimals) == ("manifest", "round")
    assert (aws.time.zone, aws.time.literal_z) == ("UTC", "utc")
    assert "NULL" in aws.format.null_texts
