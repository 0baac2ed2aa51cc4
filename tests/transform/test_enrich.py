"""What a source leaves out is filled by rules, only where it fits, and said on the row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from focus_lake import declare, storage
from focus_lake.catalog import render, sources
from focus_lake.lake import daily
from focus_lake.lake.live import Live
from focus_lake.spec import source_changes
from focus_lake.transform.select import Origin, Transform


def row(provider: str, **given) -> dict:
    """The normalized row of one source row; the values are texts, or arrays of one value."""
    made = Transform(declare.load(provider), tuple(given))
    arrays = [v if isinstance(v, pa.Array) else pa.array([v], pa.string()) for v in given.values()]
    result = made(pa.table(arrays, names=list(given)), Origin("file", "export"))
    return result.rows.to_pylist()[0]


def rows(provider: str, **given: list) -> dict[str, list]:
    """The normalized columns of several source rows, whose values are texts."""
    texts = pa.table({head: pa.array(words, pa.string()) for head, words in given.items()})
    made = Transform(declare.load(provider), tuple(given))(texts, Origin("file", "export"))
    return made.rows.to_pydict()


def test_allowed_values_get_the_case_of_focus_and_all_others_stay():
    made = rows(
        "alibaba",
        ChargeCategory=["usage", None, "Tax", "something"],
        ChargeFrequency=["One-Time", "ONE-TIME", None, "usage-based"],
    )
    assert made["ChargeCategory"] == ["Usage", None, "Tax", "something"]
    assert made["ChargeFrequency"] == ["One-Time", "One-Time", None, "Usage-Based"]
    assert made["x_SourceChanges"] == [
        "ChargeCategory: usage -> Usage",
        "ChargeFrequency: ONE-TIME -> One-Time",
        None,
        "ChargeFrequency: usage-based -> Usage-Based",
    ]


def test_a_fill_leaves_the_rows_alone_that_have_a_value():
    made = rows(
        "datacenter",
        ProviderName=["IT", None, "Shop"],
        PublisherName=[None, "Red Hat", "Acme"],
        ServiceProviderName=["Mine", "Yours", None],
    )
    assert made["ProviderName"] == ["IT", "Yours", "Shop"]
    assert made["PublisherName"] == ["Mine", "Red Hat", "Acme"]
    assert made["ServiceProviderName"] == ["Mine", "Yours", "Shop"]
    told = [set(text.split("; ")) for text in made["x_SourceChanges"]]
    assert "PublisherName: filled from ServiceProviderName" in told[0]
    assert "ProviderName: filled from ServiceProviderName" in told[1]
    assert "ServiceProviderName: filled from ProviderName" in told[2]
    assert "ProviderName: filled from ServiceProviderName" not in told[0] | told[2]


def test_the_host_is_filled_up_to_version_1_2_of_the_source():
    assert row("datacenter", ProviderName="IT", InvoiceId="1")["HostProviderName"] == "IT"  # 1.2
    newer = row("datacenter", ProviderName="IT", ServiceProviderName="IT")  # 1.3
    assert newer["HostProviderName"] is None


def test_the_catalogue_leaves_the_rows_alone_that_have_a_category():
    made = rows(
        "aws",
        ServiceName=["Amazon Elastic Compute Cloud", "Amazon Elastic Compute Cloud", "Unknown"],
        ServiceCategory=[None, "Storage", "Other"],
        ServiceSubcategory=[None, "Mine", "Yours"],
    )
    assert made["ServiceCategory"] == ["Compute", "Storage", "Other"]
    assert made["ServiceSubcategory"] == ["Virtual Machines", "Mine", "Yours"]
    assert made["x_SourceChanges"][1:] == [None, None]


def test_a_subcategory_is_filled_only_below_the_catalogues_category():
    disk = row("aws", ServiceName="Amazon Elastic Compute Cloud", ServiceCategory="Storage")
    assert (disk["ServiceCategory"], disk["ServiceSubcategory"]) == ("Storage", None)
    machine = row("aws", ServiceName="Amazon Elastic Compute Cloud", ServiceCategory="Compute")
    assert machine["ServiceSubcategory"] == "Virtual Machines"
    assert machine["x_SourceChanges"] == "ServiceSubcategory: by catalogue from ServiceName"


def test_a_service_without_a_category_gets_both_and_the_row_says_from_where():
    made = row("ai_spend", ServiceName="a-new-model", ProviderName="openai")
    assert made["ServiceCategory"] == "AI and Machine Learning"
    assert made["ServiceSubcategory"] == "Generative AI"
    assert "ServiceCategory: by catalogue from ProviderName" in made["x_SourceChanges"]


def test_an_unknown_service_stays_without_a_category():
    made = row("aws", ServiceName="Amazon Something New")
    assert (made["ServiceCategory"], made["ServiceSubcategory"]) == (None, None)


@pytest.mark.parametrize(
    "given, names",
    [
        ({"ProviderName": "AWS", "PublisherName": "Red Hat"}, ("AWS", "AWS", "AWS", "Red Hat")),
        ({"ProviderName": "IT"}, ("IT", "IT", "IT", "IT")),
        ({"ServiceProviderName": "Red Hat", "HostProviderName": "AWS"},
         ("Red Hat", "AWS", "Red Hat", "Red Hat")),
        # A source of 1.3 that leaves the host null means that.
        ({"ServiceProviderName": "Support GmbH", "ProviderName": "Support GmbH"},
         ("Support GmbH", None, "Support GmbH", "Support GmbH")),
        ({"PublisherName": "Red Hat"}, (None, None, None, "Red Hat")),
    ],
)  # fmt: skip
def test_party_names_are_filled_from_each_other_by_rule(given, names):
    made = row("datacenter", **given)
    columns = ("ServiceProviderName", "HostProviderName", "ProviderName", "PublisherName")
    assert tuple(made[column] for column in columns) == names


PAIRS = pa.list_(pa.struct([("Key", pa.string()), ("Value", pa.string())]))


def test_googles_key_value_lists_are_tags_and_the_nearest_wins():
    own = pa.array([[{"Key": "env", "Value": "prod"}]], PAIRS)
    project = pa.array([[{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "a"}]], PAIRS)
    made = row("gcp", x_Labels=own, x_ProjectLabels=project)
    assert dict(made["Tags"]) == {"env": "prod", "team": "a"}
    assert (made["x_Environment"], made["x_Owner"]) == ("prod", "a")
    assert dict(made["x_ProjectLabels"]) == {"env": "dev", "team": "a"}
    assert made["x_Other"] is None


def test_an_empty_list_of_other_things_stays_a_list():
    credit = pa.struct([("Name", pa.string())])
    made = row("gcp", x_Credits=pa.array([[]], pa.list_(credit)), x_Labels=pa.array([[]], PAIRS))
    assert made["x_Credits"] == "[]"
    assert made["x_Labels"] == []


def test_a_default_of_a_number_or_a_time_is_filled_in_where_the_source_has_none(tmp_path):
    text = """
[defaults]
ListCost = "0.10"
ConsumedQuantity = "-3"
BillingPeriodStart = "2026-01-01T00:00:00+08:00"
"""
    (tmp_path / "alibaba.toml").write_text(text, encoding="utf-8")
    declared = declare.load("alibaba", storage.at(str(tmp_path)))
    given = {"BilledCost": ["1", "2"], "ConsumedQuantity": [None, "7"]}
    made = Transform(declared, tuple(given))
    texts = pa.table({name: pa.array(values, pa.string()) for name, values in given.items()})
    rows = made(texts, Origin("file", "export")).rows.to_pylist()
    assert [row["ConsumedQuantity"] for row in rows] == [Decimal(-3), Decimal(7)]
    assert [row["ListCost"] for row in rows] == [Decimal("0.1")] * 2
    assert rows[0]["BillingPeriodStart"] == datetime(2025, 12, 31, 16)  # UTC
    assert "ListCost: 0.10 by declaration" in rows[1]["x_SourceChanges"]
    assert "ConsumedQuantity" not in rows[1]["x_SourceChanges"]


def test_the_note_of_the_catalogue_is_the_one_that_views_and_summaries_look_for():
    made = row("ai_spend", ServiceName="a-new-model", ProviderName="openai")
    note = source_changes.by_catalogue("ServiceCategory")
    assert note in made["x_SourceChanges"]
    assert note == daily.FILLED
    place = render.CatalogPlace("focus", "s3://bucket/lake")
    views = render.of_provider(declare.load("ai_spend"), Live(), place)
    (by_day,) = (view.sql for view in views if view.name == "focus_ai_spend_by_day")
    assert f"LIKE '%{note}%'" in by_day
    assert [s.path for s in sources.tree() if "by catalogue" in s.text] == []
