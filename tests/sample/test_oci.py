"""Oracle's sample: daily reports with older names, three notations of time, and corrections."""

import re
from collections import Counter
from decimal import Decimal

import pytest

from helpers.sample_exports import make, paths, rows_of

NUMBERS = ("BilledCost", "EffectiveCost", "ListCost", "PricingQuantity", "UsageQuantity")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return make(tmp_path_factory.mktemp("oci"), "oci", rows=8000)


def report(raw, day) -> list[dict]:
    (path,) = (raw / "FOCUS Reports" / day).iterdir()
    return rows_of(path)


@pytest.fixture(scope="module")
def january(raw):
    found = [path for path in paths(raw) if path.startswith("FOCUS Reports/2026/01/")]
    return [row for path in found for row in rows_of(raw / path)]


def test_there_is_one_report_a_day(raw):
    days = [path.rsplit("/", 1)[0] for path in paths(raw)]
    assert len(days) == len(set(days)) == 62
    assert days[0] == "FOCUS Reports/2025/12/01" and days[-1] == "FOCUS Reports/2026/01/31"


def test_names_are_older_than_focus_1_0(january):
    names = set(january[0])
    older = {"Provider", "Publisher", "InvoiceIssuer", "Region", "UsageQuantity", "UsageUnit"}
    assert older < names
    assert {"oci_ReferenceNumber", "oci_BackReferenceNumber", "oci_CompartmentName"} < names
    newer = {"ProviderName", "RegionId", "ConsumedQuantity", "ContractedCost", "ChargeClass"}
    assert not newer & names
    assert {row["Provider"] for row in january} == {"Oracle"}


def test_the_days_take_turns_in_three_notations_of_time(raw):
    texts = [{row["BillingPeriodStart"] for row in report(raw, f"2026/01/0{d}")} for d in "345"]
    assert texts == [{"2026-01-01 00:00:00"}, {"2026-01-01T00:00:00.000Z"}, {"2026-01-01T00:00Z"}]


def test_charge_frequency_is_in_the_wrong_case(january):
    frequencies = {row["ChargeFrequency"] for row in january}
    assert frequencies == {"Usage-based", "Recurring", "One-time"}


def test_every_row_has_a_number_of_its_own(january):
    counts = Counter(row["oci_ReferenceNumber"] for row in january)
    assert set(counts.values()) == {1}
    assert all(re.fullmatch(r"20\d{14}(-\d\d)?", number) for number in counts)


def corrections(rows) -> list[dict]:
    return [row for row in rows if row["oci_BackReferenceNumber"]]


def test_a_later_report_takes_back_a_charge_of_an_earlier_one_and_refers_to_it(raw, january):
    found = corrections(report(raw, "2026/01/20"))
    assert len(found) == 2
    earlier = {row["oci_ReferenceNumber"]: row for row in report(raw, "2026/01/03")}
    for row in found:
        original = earlier[row["oci_BackReferenceNumber"]]
        assert row["ResourceId"] == original["ResourceId"]
        for name in NUMBERS:
            assert Decimal(row[name]) == -Decimal(original[name]), name


def test_a_report_can_correct_the_month_before(raw, january):
    found = corrections(report(raw, "2026/01/02"))
    assert len(found) == 2
    december = {row["oci_ReferenceNumber"] for row in report(raw, "2025/12/31")}
    assert {row["oci_BackReferenceNumber"] for row in found} <= december
    assert {row["BillingPeriodStart"] for row in found} == {"2025-12-01T00:00Z"}
    assert len(corrections(january)) == 4
    assert corrections(report(raw, "2025/12/02")) == []


def test_a_month_has_the_rows_asked_for_and_the_corrections(january):
    assert len(january) == 800 + 4
