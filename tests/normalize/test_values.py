"""A small export typed by hand, and every value of the normalized table, typed by hand.

Run on both lines of Spark, this holds them to the same table.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.exports import NAME, PUSH, zipped_names
from helpers.job_runs import Job

FULL = {
    "BillingAccountId": "1500000000000001",
    "BillingAccountName": '焦点, "湖" Ltd.',
    "BillingCurrency": "CNY",
    "BillingPeriodStart": "2026-01-01 00:00:00",
    "BillingPeriodEnd": "2026-02-01 00:00:00",
    "ProviderName": "26888",
    "PublisherName": "26888",
    "InvoiceIssuerName": "26888",
    "ContractedCost": "",
    "ContractedUnitPrice": "null",
    "ChargeDescription": "NULL",
    "ConsumedQuantity": "\\N",
    "ConsumedUnit": "-",
    "BilledCost": "12.345678901234567891",
    "EffectiveCost": "1.5E1",
    "ListCost": "12345678901234567890.123456789012345678",
    "ListUnitPrice": "0.000000000000000001",
    "PricingQuantity": "24",
    "PricingUnit": "Hour",
    "PricingCategory": "Standard",
    "AvailabilityZone": "cn-beijing-a",
    "ChargeCategory": "Usage",
    "ChargeClass": "Correction",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodStart": "2026-01-01 00:00:00",
    "ChargePeriodEnd": "2026-01-02T00:00:00Z",
    "CommitmentDiscountCategory": "Spend",
    "CommitmentDiscountId": "sp-1",
    "CommitmentDiscountName": "a plan\nof two lines",
    "CommitmentDiscountStatus": "Used",
    "CommitmentDiscountType": "Savings Plan",
    "RegionId": "cn-beijing",
    "RegionName": "华北2（北京）",
    "ResourceId": "i-2ze0001",
    "ResourceName": "web, one",
    "ResourceType": "Instance",
    "ServiceCategory": "Compute",
    "ServiceName": "Elastic Compute Service",
    "SkuId": "sku-1",
    "SkuPriceId": "price-1",
    "SubAccountId": "1600000000000001",
    "SubAccountName": "shop",
    "Tags": '{"owner": "li", "Owner": "wang", "brand-name": "Nord", "CC": "4711", "env": "prod",'
    ' "项目": "湖", "app": null, "acs:rm:rgId": "rg-1", "n": 1.10, "t": true, "o": {"a": [1]}}',
    "X_CommodityCode": "ecs",
    "X_CommodityName": "云服务器",
    "X_BillingItemCode": "instance_type",
    "X_BillingItemName": "Instance type",
    "X_InstanceID": "i-2ze0001;ecs",
    "Surprise": "kept",
}
CREDIT = {
    "BillingCurrency": "CNY",
    "BillingPeriodStart": "2026-01-01 00:00:00",
    "BilledCost": "-0.5",
    "EffectiveCost": "-.5",
    "ListCost": "+0.00",
    "ProviderName": "Alibaba Cloud",
    "PublisherName": "A partner",
    "InvoiceIssuerName": "4711",
    "ChargeCategory": "Credit",
    "ChargePeriodStart": "2026-01-31 23:59:59.9876",
    "ChargePeriodEnd": "2026-02-01 02:00:00+02:00",
    "Tags": "owner:li env:prod",
}
TAX = {
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-01-01T00:00:00",
    "BilledCost": "0",
    "ChargeCategory": "Tax",
    "ChargePeriodStart": "2026-01-01 08:00:00",
    "Tags": "{}",
}

# The whole table; a column that is not named is null. Times are UTC: Beijing's less eight hours.
SAME = {
    "BillingPeriodStart": datetime(2025, 12, 31, 16),
    "x_Provider": "alibaba",
    "x_Export": "1500_2",
    "x_SourceFile": f"{PUSH}/{NAME}.zip/bill.csv",
    "x_SourceFocusVersion": "1.0",
}
EXPECTED = [
    SAME
    | {
        "BillingCurrency": "CNY",
        "BilledCost": Decimal("-0.5"),
        "EffectiveCost": Decimal("-0.5"),
        "ListCost": Decimal("0"),
        "ProviderName": "Alibaba Cloud",
        "PublisherName": "A partner",
        "InvoiceIssuerName": "Alibaba Cloud (Singapore)",
        "ChargeCategory": "Credit",
        "ChargePeriodStart": datetime(2026, 1, 31, 15, 59, 59, 987000),
        "ChargePeriodEnd": datetime(2026, 2, 1, 0),
        "ServiceProviderName": "Alibaba Cloud",
        "HostProviderName": "Alibaba Cloud",
        "x_SourceChanges": "InvoiceIssuerName: 4711 -> Alibaba Cloud (Singapore); "
        "ServiceProviderName: filled from ProviderName; "
        "HostProviderName: filled from ProviderName",
        "x_Other": {"Tags": "owner:li env:prod"},
    },
    SAME
    | {
        "BillingCurrency": "USD",
        "BilledCost": Decimal("0"),
        "ChargeCategory": "Tax",
        "ChargePeriodStart": datetime(2026, 1, 1),
        "Tags": {},
    },
    SAME
    | {
        "BillingAccountId": "1500000000000001",
        "BillingAccountName": '焦点, "湖" Ltd.',
        "BillingCurrency": "CNY",
        "BillingPeriodEnd": datetime(2026, 1, 31, 16),
        "ProviderName": "Alibaba Cloud",
        "PublisherName": "Alibaba Cloud",
        "InvoiceIssuerName": "26888",
        "BilledCost": Decimal("12.345678901234567891"),
        "EffectiveCost": Decimal("15"),
        "ListCost": Decimal("12345678901234567890.123456789012345678"),
        "ListUnitPrice": Decimal("0.000000000000000001"),
        "PricingQuantity": Decimal("24"),
        "PricingUnit": "Hour",
        "PricingCategory": "Standard",
        "AvailabilityZone": "cn-beijing-a",
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": datetime(2025, 12, 31, 16),
        "ChargePeriodEnd": datetime(2026, 1, 1, 16),
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": "sp-1",
        "CommitmentDiscountName": "a plan\nof two lines",
        "CommitmentDiscountStatus": "Used",
        "CommitmentDiscountType": "Savings Plan",
        "RegionId": "cn-beijing",
        "RegionName": "华北2（北京）",
        "ResourceId": "i-2ze0001",
        "ResourceName": "web, one",
        "ResourceType": "Instance",
        "ServiceCategory": "Compute",
        "ServiceName": "Elastic Compute Service",
        "ServiceSubcategory": "Virtual Machines",
        "SkuId": "sku-1",
        "SkuPriceId": "price-1",
        "SubAccountId": "1600000000000001",
        "SubAccountName": "shop",
        "Tags": {
            "owner": "li",
            "Owner": "wang",
            "brand-name": "Nord",
            "CC": "4711",
            "env": "prod",
            "项目": "湖",
            "app": None,
            "acs:rm:rgId": "rg-1",
            "n": "1.10",
            "t": "true",
            "o": '{"a":[1]}',
        },
        "x_Brand": "Nord",
        "x_Project": "湖",
        "x_Owner": "wang",
        "x_CostCenter": "4711",
        "x_Environment": "prod",
        "x_CommodityCode": "ecs",
        "x_CommodityName": "云服务器",
        "x_BillingItemCode": "instance_type",
        "x_BillingItemName": "Instance type",
        "x_InstanceID": "i-2ze0001;ecs",
        "ServiceProviderName": "Alibaba Cloud",
        "HostProviderName": "Alibaba Cloud",
        "x_SourceChanges": "ProviderName: 26888 -> Alibaba Cloud; "
        "PublisherName: 26888 -> Alibaba Cloud; ServiceProviderName: filled from ProviderName; "
        "HostProviderName: filled from ProviderName; "
        "ServiceSubcategory: by catalogue from x_CommodityCode",
        "x_Other": {"Surprise": "kept"},
    },
]
DECIMALS = {
    "BilledCost",
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
}
TIMES = ["BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"]
MAPS = ["Tags", "x_Other"]
OWN = '[repairs.InvoiceIssuerName]\ntable = {"4711" = "Alibaba Cloud (Singapore)"}\n'


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("values")


@pytest.fixture
def job(base, cluster) -> Job:
    """The job after its run on the three rows, with a declaration of the user's own."""
    job = Job(base, cluster)
    done = base / "done"
    if not done.exists():
        declarations = base / "declarations"
        declarations.mkdir(exist_ok=True)
        (declarations / "alibaba.toml").write_text(OWN)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(FULL), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([FULL, CREDIT, TAX])
        job.put(f"{PUSH}/{NAME}.zip", zipped_names({"bill.csv": text.getvalue()}))
        result = job.run(declarations=declarations)
        assert result.code == 0, result.out
        done.touch()
    return job


def test_every_value_is_the_one_typed_by_hand(job):
    table = pq.read_table(job.folder(PUSH), partitioning=None)
    found = sorted(table.to_pylist(), key=lambda row: row["BilledCost"])
    assert len(found) == 3
    for row, expected in zip(found, EXPECTED, strict=True):
        present = {name: value for name, value in row.items() if value is not None}
        assert present | {name: dict(present[name]) for name in MAPS if name in present} == expected


def test_all_84_columns_have_their_types(job):
    schema = pq.read_schema(next(job.folder(PUSH).iterdir()))
    assert len(schema.names) == 84
    assert schema.names[:67] == sorted(schema.names[:67])
    for field in schema:
        if field.name in DECIMALS:
            assert field.type == pa.decimal128(38, 18), field
        elif field.name in TIMES:
            assert field.type == pa.timestamp("us"), field
        elif field.name in MAPS:
            assert (field.type.key_type, field.type.item_type) == (pa.string(), pa.string()), field
        else:
            assert field.type == pa.string(), field


def test_duckdb_reads_the_beijing_month_as_utc(job):
    files = f"{job.folder(PUSH)}/*.parquet"
    (found,) = duckdb.sql(
        f"SELECT DISTINCT typeof(BillingPeriodStart), BillingPeriodStart FROM '{files}'"
    ).fetchall()
    assert found == ("TIMESTAMP", datetime(2025, 12, 31, 16, 0))


def test_times_have_statistics_that_engines_prune_by(job):
    metadata = pq.read_metadata(next(job.folder(PUSH).iterdir()))
    group = metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    (start,) = [column for column in columns if column.path_in_schema == "ChargePeriodStart"]
    assert start.physical_type == "INT64"
    assert start.compression == "SNAPPY"
    assert start.statistics.min == datetime(2025, 12, 31, 16)
    assert start.statistics.max == datetime(2026, 1, 31, 15, 59, 59, 987000)


def test_the_ledger_line_tells_what_is_missing_unknown_and_null(job):
    (line,) = job.ledger()
    assert line["exports"] == ["1500_2"]
    assert (line["rows_in"], line["rows_out"], line["rows_rejected"]) == (3, 3, 0)
    assert line["cost_sums"] == [
        {
            "BillingCurrency": "CNY",
            "BilledCost": "11.845678901234567891",
            "EffectiveCost": "14.500000000000000000",
            "ListCost": "12345678901234567890.123456789012345678",
            "ContractedCost": None,
        },
        {
            "BillingCurrency": "USD",
            "BilledCost": "0.000000000000000000",
            "EffectiveCost": None,
            "ListCost": None,
            "ContractedCost": None,
        },
    ]
    assert line["charge_period_start_min"] == "2025-12-31T16:00:00.000Z"
    assert line["charge_period_end_max"] == "2026-02-01T00:00:00.000Z"
    assert line["missing_columns"] == []
    assert line["unknown_columns"] == ["Surprise"]
    assert line["tags_unparsed"] == 1
    assert (line["null_counts"]["ContractedCost"], line["null_counts"]["RegionId"]) == (3, 2)
    assert line["null_counts"]["BilledCost"] == 0
    assert line["focus_version"] == "1.0"
    (file,) = line["files"]
    raw = job.raw / "alibaba" / file["name"]
    assert (raw.name, file["size"]) == (f"{NAME}.zip", raw.stat().st_size)
    (stored,) = line["data_files"]
    path = job.folder(PUSH) / stored["name"]
    assert (stored["rows"], stored["bytes"]) == (3, path.stat().st_size)
