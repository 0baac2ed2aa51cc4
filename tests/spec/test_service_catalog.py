"""The rules that fill what a source leaves out: valid, without doubles, and with their reasons."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from focus_lake import declare
from focus_lake.resources import data
from focus_lake.spec import columns

PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "focus"


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(data("spec", name).read_text(encoding="utf-8").splitlines()))


def pair(row: dict[str, str]) -> tuple[str, str]:
    return row["ServiceCategory"], row["ServiceSubcategory"]


def test_every_service_has_a_category_and_subcategory_that_focus_allows_together():
    allowed = {pair(row) for row in rows("service_subcategories.csv")}
    assert [row for row in rows("service_catalog.csv") if pair(row) not in allowed] == []


def test_no_service_of_a_provider_stands_twice_whatever_its_case():
    keys = Counter((r["provider"], r["service"].casefold()) for r in rows("service_catalog.csv"))
    assert [key for key, times in keys.items() if times > 1] == []


def test_every_provider_of_the_catalogue_is_declared_and_every_row_says_its_source():
    known = set(declare.names())
    for row in rows("service_catalog.csv"):
        assert row["provider"] in known, row
        assert row["source"] and row["service"] == row["service"].strip(), row


def test_the_categories_are_those_of_the_column_table():
    categories = {row["ServiceCategory"] for row in rows("service_subcategories.csv")}
    assert categories == set(columns.find("ServiceCategory").allowed_values)
    subcategories = {row["ServiceSubcategory"] for row in rows("service_subcategories.csv")}
    assert len(subcategories) == len(rows("service_subcategories.csv")) == 82


def test_the_pairs_are_the_published_ones():
    published = PUBLISHED / "service_subcategories.csv"
    if not published.is_file():
        pytest.skip("the published facts are not part of a checkout: ../shared is absent")
    with published.open(encoding="utf-8", newline="") as lines:
        theirs = {(r["service_category"], r["service_subcategory"]) for r in csv.DictReader(lines)}
    assert {pair(row) for row in rows("service_subcategories.csv")} == theirs


@pytest.mark.parametrize(
    "provider, service, category, subcategory",
    [
        ("alibaba", "ecs", "Compute", "Virtual Machines"),
        ("alibaba", "云数据库 RDS 版", "Databases", "Relational Databases"),
        ("alibaba", "bailian", "AI and Machine Learning", "Generative AI"),
        ("aws", "AmazonS3", "Storage", "Object Storage"),
        ("aws", "Amazon Simple Queue Service", "Integration", "Messaging"),
        ("azure", "Virtual Machines", "Compute", "Virtual Machines"),
        ("gcp", "BigQuery", "Databases", "Data Warehouses"),
        ("oci", "BLOCK_STORAGE", "Storage", "Block Storage"),
        ("ai_spend", "anthropic", "AI and Machine Learning", "Generative AI"),
    ],
)
def test_well_known_services_are_where_they_belong(provider, service, category, subcategory):
    found = {(row["provider"], row["service"]): pair(row) for row in rows("service_catalog.csv")}
    assert found[provider, service] == (category, subcategory)


def test_the_catalogue_knows_every_service_of_the_published_sample():
    sample = PUBLISHED.parents[1] / "samples" / "focus_sample_data" / "focus_sample.csv"
    if not sample.is_file():
        pytest.skip("the published sample is not part of a checkout: ../shared is absent")
    providers = {"AWS": "aws", "Microsoft": "azure", "Oracle": "oci"}
    known = {(r["provider"], r["service"].casefold()) for r in rows("service_catalog.csv")}
    with sample.open(encoding="utf-8", newline="") as lines:
        seen = {(providers[r["ProviderName"]], r["ServiceName"]) for r in csv.DictReader(lines)}
    assert [one for one in sorted(seen) if (one[0], one[1].casefold()) not in known] == []


def test_party_names_are_filled_from_each_other_each_by_a_rule_with_a_reason():
    rules = [(row["column"], row["from"], row["until"]) for row in rows("fills.csv")]
    assert rules == [
        ("ServiceProviderName", "ProviderName", ""),
        ("HostProviderName", "ProviderName", "1.2"),
        ("ProviderName", "ServiceProviderName", ""),
        ("PublisherName", "ServiceProviderName", ""),
        ("PublisherName", "ProviderName", "1.2"),
    ]
    assert all(len(row["reason"]) > 40 for row in rows("fills.csv"))
