"""FOCUS files out of the lake: live rows, split by month, to the last digit, with a manifest."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal as D

import pyarrow.parquet as pq
import pytest

from focus_lake.errors import CatalogError, OptionsError
from focus_lake.export.job import ExportOptions, run, unload
from focus_lake.spec import columns
from helpers.catalog import refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

TS = "20260131173000"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("export") / "lake")
    usd = {"BillingCurrency": "USD", "BillingPeriodStart": datetime(2026, 1, 1)}
    lake.batch("aws", "202601", "20260115000000", [charge("2026-01-05", "999", **usd)])
    lake.batch(
        "aws",
        "202601",
        TS,
        [
            charge("2026-01-05", "0.1", Tags={"Owner": "mei", 'a"b': None}, x_Owner="mei", **usd),
            charge("2026-01-06", "12345678901234567890.123456789012345678", **usd),
            charge("2026-01-06", "-0.000000000000000001", ServiceName='quo"te, comma', **usd),
        ],
    )
    lake.batch("aws", "202602", TS, [charge("2026-02-05", "7.50", **usd)])
    lake.batch("alibaba", "202601", TS, [charge("2026-01-05", "70"), charge("2026-01-06", "0.5")])
    assert refresh("--engine", "duckdb", "--lake", str(lake.root)) == 0
    return lake.root


@pytest.fixture
def exported(lake, tmp_path):
    """(manifest, folder) of an export with these options."""

    def export(**options):
        out = tmp_path / "out"
        assert run(ExportOptions(lake=str(lake), out=str(out), **options)) == 0
        return json.loads((out / "manifest.json").read_text(encoding="utf-8")), out

    return export


def test_csv_has_the_versions_columns_plain_digits_and_times_with_a_z(exported):
    told, out = exported(format="csv", providers=("aws",), months=("202601",))
    with (out / "202601/focus-1.2-202601.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [column.name for column in columns.of_version("1.2")]
    assert [row["BilledCost"] for row in rows] == [
        "0.1",
        "12345678901234567890.123456789012345678",
        "-0.000000000000000001",
    ]
    assert rows[0]["ChargePeriodStart"] == "2026-01-05T00:00:00Z"
    assert json.loads(rows[0]["Tags"]) == {"Owner": "mei", 'a"b': None}
    assert (rows[1]["Tags"], rows[1]["InvoiceId"]) == ("", "")
    assert rows[2]["ServiceName"] == 'quo"te, comma'
    assert [file["billing_month"] for file in told["files"]] == ["202601"]


def test_the_manifest_has_rows_sums_and_digests_by_month(exported):
    told, out = exported(format="csv")
    assert (told["focus_version"], told["format"], told["masked"]) == ("1.2", "csv", False)
    assert told["rows"] == 6
    january, february = told["files"]
    assert (january["billing_month"], january["rows"]) == ("202601", 5)
    # 0.1 + 12345678901234567890.123456789012345678 - 0.000000000000000001
    usd, cny = D("12345678901234567890.223456789012345677"), D("70.5")
    assert {c: D(sums["BilledCost"]) for c, sums in january["sums"].items()} == {
        "USD": usd,
        "CNY": cny,
    }
    assert {c: D(sums["EffectiveCost"]) for c, sums in february["sums"].items()} == {
        "USD": D("7.5")
    }
    for file in told["files"]:
        content = (out / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["bytes"]


def test_parquet_keeps_decimals_and_says_that_times_are_utc(exported):
    _, out = exported(format="parquet", version="1.4", months=("202601",), providers=("aws",))
    table = pq.read_table(out / "202601/focus-1.4-202601.parquet")
    assert table.column_names == [column.name for column in columns.of_version("1.4")]
    assert table["BilledCost"].to_pylist()[1] == D("12345678901234567890.123456789012345678")
    assert table["ChargePeriodStart"].to_pylist()[0] == datetime(2026, 1, 5, tzinfo=UTC)


def test_json_is_an_array_whose_numbers_keep_their_digits(exported):
    _, out = exported(format="json", version="1.0", months=("202601",), providers=("aws",))
    rows = json.loads(
        (out / "202601/focus-1.0-202601.json").read_text(encoding="utf-8"), parse_float=D
    )
    assert [row["BilledCost"] for row in rows][1:] == [
        D("12345678901234567890.123456789012345678"),
        D("-0.000000000000000001"),
    ]
    assert rows[1]["Tags"] is None


def test_a_masked_export_names_nobody(exported):
    told, out = exported(format="json", masked=True)
    assert told["masked"] is True
    assert all("mei" not in path.read_text(encoding="utf-8") for path in out.rglob("*.json"))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"version": "1.5"}, "--version 1.5: use one of 1.0"),
        ({"format": "xml"}, "--format xml: use one of parquet"),
        ({"months": ("2026",)}, "must be YYYYMM"),
        ({"providers": ("a'b",)}, "not the name of a provider"),
        ({"out": ""}, "--out: name the folder"),
    ],
)
def test_an_export_that_cannot_be_meant_is_refused(lake, tmp_path, options, words):
    with pytest.raises(OptionsError) as error:
        ExportOptions(**{"lake": str(lake), "out": str(tmp_path / "out"), **options})
    assert words in str(error.value)


def test_it_starts_with_an_empty_folder_and_a_catalog_and_names_missing_months(
    lake, tmp_path, capsys
):
    out = str(tmp_path / "out")
    with pytest.raises(OptionsError, match="has no live row; there are alibaba, aws"):
        run(ExportOptions(lake=str(lake), out=out, providers=("gcp",)))
    with pytest.raises(CatalogError, match="run jobs/refresh_catalog.py --engine duckdb"):
        run(ExportOptions(lake=str(tmp_path), out=out))
    assert run(ExportOptions(lake=str(lake), out=out, months=("202512",))) == 1
    assert "no row of 202512" in capsys.readouterr().out
    assert run(ExportOptions(lake=str(lake), out=out, months=("202601", "202512"))) == 0
    with pytest.raises(OptionsError, match="is not empty"):
        run(ExportOptions(lake=str(lake), out=out))


def test_athena_gets_statements_that_unload_the_same_rows():
    options = ExportOptions(
        lake="s3://lake", out="s3://out/focus/", months=("202601",), providers=("aws",), masked=True
    )
    (sql,) = unload(options)
    assert sql.startswith("UNLOAD (SELECT AvailabilityZone, BilledCost, ")
    assert "json_format(CAST(Tags AS json)) AS Tags" in sql
    assert "FROM focus.focus_unified_masked WHERE x_BillingMonth IN ('202601')" in sql
    assert sql.endswith(
        "AND x_Provider IN ('aws')) TO 's3://out/focus/202601/' "
        "WITH (format = 'PARQUET', compression = 'ZSTD');"
    )
