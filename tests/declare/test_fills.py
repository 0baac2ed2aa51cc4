"""[fills]: what a column is filled with where the source has nothing, and what is refused."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from focus_lake import declare, storage
from focus_lake.errors import DeclarationError
from focus_lake.transform.select import Origin, Transform

TINY = r"""
name = "tiny"
title = "Tiny"
focus_version = "1.2"
delivery = "increment"

[layout]
path = '(?P<account>[a-z]+)/(?P<yearmonth>[0-9]{6})/(?P<batch_ts>[0-9]{14})/(?P<file>.+)'
file = '(?P<site>[0-9]+)[.]csv'
export = "{account}"
data_extensions = [".csv"]

[format]
null_texts = [""]
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd'T'HH:mm:ss"]

[extra_columns.x_Team]
tag = "team"
type = "string"
description = "Team of the charge."

"""


def tiny(folder, more: str) -> declare.Declaration:
    (folder / "tiny.toml").write_text(TINY + more, encoding="utf-8")
    return declare.load("tiny", storage.at(str(folder)))


def row(declared: declare.Declaration, groups: dict | None = None, **given: str | None) -> dict:
    texts = pa.table([pa.array([v], pa.string()) for v in given.values()], names=list(given))
    origin = Origin("file", "export", None, tuple((groups or {}).items()))
    return Transform(declared, tuple(given))(texts, origin).rows.to_pylist()[0]


def test_a_column_is_filled_from_another_where_it_is_null_and_the_row_says_so(tmp_path):
    declared = tiny(
        tmp_path,
        '[fills]\nEffectiveCost = {column = "BilledCost"}\n'
        'ChargePeriodStart = {column = "BillingPeriodStart"}\n',
    )
    made = row(declared, BilledCost="1.5", BillingPeriodStart="2026-01-01T00:00:00Z")
    assert made["EffectiveCost"] == Decimal("1.5")
    assert made["ChargePeriodStart"] == datetime(2026, 1, 1)
    assert made["x_SourceChanges"] == (
        "EffectiveCost: filled from BilledCost by declaration; "
        "ChargePeriodStart: filled from BillingPeriodStart by declaration"
    )
    kept = row(declared, BilledCost="1.5", EffectiveCost="2")
    assert (kept["EffectiveCost"], kept["x_SourceChanges"]) == (Decimal(2), None)
    assert row(declared, BilledCost=None)["EffectiveCost"] is None


@pytest.mark.parametrize(
    "constant, column, value",
    [
        ('"Usage"', "ChargeCategory", "Usage"),
        ("1.10", "PricingQuantity", Decimal("1.10")),
        ("0.000000000000000001", "ListUnitPrice", Decimal("0.000000000000000001")),
        ("7", "ConsumedQuantity", Decimal(7)),
        ("7", "SkuId", "7"),
        ("true", "SkuMeter", "true"),
        ("2026-01-01T00:00:00+08:00", "BillingPeriodStart", datetime(2025, 12, 31, 16)),
        ('"2026-01-01T00:00:00Z"', "BillingPeriodStart", datetime(2026, 1, 1)),
    ],
)
def test_a_constant_of_any_type_fills_a_column(tmp_path, constant, column, value):
    declared = tiny(tmp_path, f"[fills]\n{column} = {{constant = {constant}}}\n")
    assert row(declared, BilledCost="1")[column] == value


def test_a_column_is_filled_from_groups_of_the_path(tmp_path):
    declared = tiny(tmp_path, '[fills]\nSubAccountId = {path = "{account}-{site}"}\n')
    made = row(declared, {"account": "shop", "site": "7"}, BilledCost="1")
    assert (made["SubAccountId"], made["x_SourceChanges"]) == (
        "shop-7",
        "SubAccountId: shop-7 by path",
    )


def test_a_fill_leaves_the_rows_alone_that_have_a_value(tmp_path):
    declared = tiny(
        tmp_path,
        '[fills]\nSubAccountId = {path = "{account}-{site}"}\n'
        'EffectiveCost = {column = "BilledCost"}\nListCost = {column = "BilledCost"}\n',
    )
    given = {"SubAccountId": [None, "mine"], "EffectiveCost": [None, "2"], "BilledCost": ["1", "3"]}
    texts = pa.table({name: pa.array(words, pa.string()) for name, words in given.items()})
    origin = Origin("file", "export", None, (("account", "shop"), ("site", "7")))
    made = Transform(declared, tuple(given))(texts, origin).rows
    assert made["SubAccountId"].to_pylist() == ["shop-7", "mine"]
    assert made["EffectiveCost"].to_pylist() == [Decimal(1), Decimal(2)]
    assert made["ListCost"].to_pylist() == [Decimal(1), Decimal(3)]


def test_a_column_of_the_providers_own_has_the_value_of_a_tag(tmp_path):
    declared = tiny(tmp_path, '[tags]\nprefixes = ["Tags/", "label:"]\n')
    assert row(declared, BilledCost="1", **{"label:Team": "red"})["x_Team"] == "red"
    assert row(declared, BilledCost="1", Tags='{"team": "blue"}')["x_Team"] == "blue"
    both = row(declared, BilledCost="1", **{"label:team": "red", "Tags/env": "prod"})
    assert dict(both["Tags"]) == {"team": "red", "env": "prod"}


@pytest.mark.parametrize(
    "fills, words",
    [
        ('EffectiveCost = {column = "BilledCosts"}', "did you mean 'BilledCost'"),
        ('EffectiveCost = {column = "ServiceName"}', "ServiceName is a string, EffectiveCost a"),
        ('EffectiveCost = {column = "EffectiveCost"}', "is the column itself"),
        ('EffectiveCosts = {column = "BilledCost"}', "did you mean 'EffectiveCost'"),
        ('EffectiveCost = {column = "BilledCost", constant = 1}', "one of column, constant and"),
        ("EffectiveCost = {}", "needs one of column, constant and path"),
        ('EffectiveCost = {constant = "12,5"}', "'12,5' is not a number"),
        ("BillingCurrency = {constant = 5}", "'5' is not a currency"),
        ('BillingCurrency = {constant = "usd"}', "three capital letters of ISO 4217, such as USD"),
        ("BillingPeriodStart = {constant = 2026-01-01T00:00:00}", "is not a time with its zone"),
        ("BillingPeriodStart = {constant = 2026-01-01}", "is not a time with its zone"),
        ('SubAccountId = {path = "{acount}"}', "did you mean 'account'"),
        ('BilledCost = {path = "{account}"}', "fills columns of text, and BilledCost is a decimal"),
        ("SubAccountId = {constant = [1]}", "is not text, number, time, true or false"),
        (
            'ListCost = {column = "EffectiveCost"}\nEffectiveCost = {column = "BilledCost"}',
            "EffectiveCost is itself filled from BilledCost: name BilledCost here",
        ),
        ('Tags = {constant = "a"}', "a column of keys and values cannot have a default"),
    ],
)
def test_a_wrong_fill_is_refused_when_the_declaration_is_read(tmp_path, fills, words):
    with pytest.raises(DeclarationError, match="fills") as error:
        tiny(tmp_path, f"[fills]\n{fills}\n")
    assert words in str(error.value)


def test_a_column_of_the_providers_own_needs_a_header_or_a_tag(tmp_path):
    with pytest.raises(DeclarationError, match="either source, a header, or tag"):
        tiny(tmp_path, '[extra_columns.x_Two]\ntype = "string"\ndescription = "?"\n')
    with pytest.raises(DeclarationError, match="write string"):
        more = '[extra_columns.x_Two]\ntag = "t"\ntype = "decimal"\ndescription = "?"\n'
        tiny(tmp_path, more)


def test_alibabas_older_tags_are_read_where_the_whole_text_is_of_that_form():
    alibaba = declare.load("alibaba")
    made = row(
        alibaba, BilledCost="1", Tags="key:Owner value:li; key:env value:a b;key:empty value:"
    )
    assert dict(made["Tags"]) == {"Owner": "li", "env": "a b", "empty": ""}
    assert (made["x_Owner"], made["x_Environment"], made["x_Other"]) == ("li", "a b", None)
    assert "Tags: read as key:value text" in made["x_SourceChanges"]
    half = row(alibaba, BilledCost="1", Tags="key:Owner value:li; and more")
    assert (half["Tags"], dict(half["x_Other"])) == (None, {"Tags": "key:Owner value:li; and more"})


SEED = {
    "BillingAccountId": "cog_cust_abc123",
    "BillingPeriodStart": "2026-05-01T00:00:00Z",
    "BillingPeriodEnd": "2026-05-31T23:59:59Z",
    "ProviderName": "openai",
    "ServiceName": "gpt-4o-mini",
    "SubAccountName": "customer-success",
    "ResourceId": "call_4a7c2b1e",
    "BilledCost": "0.000234",
    "UsageQuantity": "1840",
    "x-cog-InputTokenCount": "1600",
    "x-cog-OutputTokenCount": "240",
    "x-cog-CacheHit": "true",
}
TAGS = {
    "x-cost-feature": "ticket-resolver",
    "x-cost-department": "customer-success",
    "x-cost-user": "user_abc123",
    "x-cog-classification": "investment",
}


@pytest.mark.parametrize(
    "given",
    [
        {**SEED, **{f"Tags/{key}": value for key, value in TAGS.items()}},
        {**SEED, "Tags": json.dumps(TAGS)},
    ],
    ids=["tags in columns", "tags in one object"],
)
def test_an_ai_export_of_exactly_the_documented_columns_has_day_cost_and_category(given):
    made = row(declare.load("ai_spend"), **given)
    assert made["ChargePeriodStart"] == datetime(2026, 5, 1)
    assert made["ChargePeriodEnd"] == datetime(2026, 6, 1)
    assert made["EffectiveCost"] == made["BilledCost"] == Decimal("0.000234")
    assert (made["ChargeCategory"], made["BillingCurrency"]) == ("Usage", "USD")
    assert (made["x_cog_Classification"], made["x_cog_Feature"]) == (
        "investment",
        "ticket-resolver",
    )
    assert (made["x_cog_User"], made["x_cog_CacheHit"]) == ("user_abc123", "true")
    assert (made["x_cog_InputTokenCount"], made["ConsumedQuantity"]) == (1600, 1840)
    assert made["x_CostCenter"] == "customer-success"
    assert dict(made["Tags"]) == TAGS
