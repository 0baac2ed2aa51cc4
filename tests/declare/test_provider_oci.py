"""What is known of Oracle's FOCUS cost reports, as its declaration says it."""

from __future__ import annotations

from datetime import datetime

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find
from focus_lake.transform import times

# The header of a report: FOCUS before 1.0, then Oracle's own.
REPORT = (
    "AvailabilityZone,BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,"
    "BillingPeriodEnd,BillingPeriodStart,ChargeCategory,ChargeDescription,ChargeFrequency,"
    "ChargePeriodEnd,ChargePeriodStart,ChargeSubcategory,CommitmentDiscountCategory,"
    "CommitmentDiscountId,CommitmentDiscountName,CommitmentDiscountType,EffectiveCost,"
    "InvoiceIssuer,ListCost,ListUnitPrice,PricingCategory,PricingQuantity,PricingUnit,Provider,"
    "Publisher,Region,ResourceId,ResourceName,ResourceType,ServiceCategory,ServiceName,SkuId,"
    "SkuPriceId,SubAccountId,SubAccountName,Tags,UsageQuantity,UsageUnit,oci_ReferenceNumber,"
    "oci_CompartmentId,oci_CompartmentName,oci_OverageFlag,oci_UnitPriceOverage,"
    "oci_BilledQuantityOverage,oci_CostOverage,oci_AttributedUsage,oci_AttributedCost,"
    "oci_BackReferenceNumber"
)


@pytest.fixture(scope="module")
def oci():
    return declare.load("oci")


@pytest.mark.parametrize(
    "path, export",
    [
        ("FOCUS Reports/2026/01/31/0001000001-00001.csv.gz", None),
        ("ocid1.tenancy.oc1..aaaa/FOCUS Reports/2026/01/31/0001000001-00001.csv.gz",
         "ocid1.tenancy.oc1..aaaa"),
    ],
)  # fmt: skip
def test_a_path_tells_tenancy_and_day(oci, path, export):
    match = oci.layout.path.fullmatch(path)
    assert (match["export"], match["year"], match["month"], match["day"]) == (
        export,
        "2026",
        "01",
        "31",
    )
    assert oci.layout.file.fullmatch(match["file"])


@pytest.mark.parametrize(
    "path",
    [
        "FOCUS Reports/2026/13/01/a.csv.gz",
        "FOCUS Reports/2026/01/32/a.csv.gz",
        "FOCUS Reports/2026/01/a.csv.gz",
        "reports/cost-csv/0001.csv.gz",
    ],
)
def test_a_path_of_another_shape_is_no_report(oci, path):
    assert oci.layout.path.fullmatch(path) is None


def test_the_files_of_a_day_are_one_batch_and_days_add_up(oci, tmp_path):
    for day, name in (("30", "1-00001"), ("31", "2-00001"), ("31", "3-00001")):
        folder = tmp_path / "FOCUS Reports" / "2026" / "01" / day
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv.gz").write_bytes(b"x")
    batches, _ = find(storage.at(str(tmp_path)), oci)
    assert [(b.yearmonth, b.batch_ts, len(b.files), b.exports) for b in batches] == [
        ("202601", "20260130000000", 1, ["oci"]),
        ("202601", "20260131000000", 2, ["oci"]),
    ]
    assert (oci.delivery, oci.layout.months) == ("increment", "any")


def test_every_column_of_a_report_has_a_place(oci):
    header = REPORT.split(",")
    assert len(header) == 49
    assert [head for head in header if head.casefold() not in oci.headers] == []
    assert len({oci.headers[head.casefold()] for head in header}) == 49


@pytest.mark.parametrize(
    "header, column",
    [
        ("Provider", "ProviderName"),
        ("Publisher", "PublisherName"),
        ("InvoiceIssuer", "InvoiceIssuerName"),
        ("Region", "RegionId"),
        ("UsageQuantity", "ConsumedQuantity"),
        ("UsageUnit", "ConsumedUnit"),
        ("ChargeSubcategory", "x_ChargeSubcategory"),
        ("oci_BackReferenceNumber", "x_oci_BackReferenceNumber"),
        ("RegionName", "RegionName"),
    ],
)
def test_older_names_fill_the_columns_of_1_0(oci, header, column):
    assert oci.headers[header.casefold()] == column


@pytest.mark.parametrize(
    "text, utc",
    [
        ("2026-01-01T05:00:00.000Z", datetime(2026, 1, 1, 5)),
        ("2026-01-01T05:00Z", datetime(2026, 1, 1, 5)),
        ("2026-01-01T05:00:00+00:00", datetime(2026, 1, 1, 5)),
        ("2024-10-01 00:00:00", datetime(2024, 10, 1)),
    ],
)
def test_each_notation_of_time_that_is_met_is_read(oci, text, utc):
    assert times.parse_one(text, oci.time.formats, "UTC", oci.time.literal_z) == utc
