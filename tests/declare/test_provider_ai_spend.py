"""What is known of the AI spend export, as its declaration says it."""

from __future__ import annotations

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find

FOLDER = "ai/202605/20260601080000"


@pytest.fixture(scope="module")
def ai_spend():
    return declare.load("ai_spend")


def found(ai_spend, root, *names):
    (root / FOLDER).mkdir(parents=True)
    for name in names:
        (root / FOLDER / name).write_text(name)
    (batch,), _ = find(storage.at(str(root)), ai_spend)
    return batch


def test_csv_and_json_files_of_a_folder_are_one_export(ai_spend, tmp_path):
    batch = found(ai_spend, tmp_path, "first_half.csv", "second_half.json")
    assert (batch.yearmonth, batch.batch_ts) == ("202605", "20260601080000")
    assert (batch.exports, len(batch.files), batch.reasons) == (["ai"], 2, [])


def test_one_export_downloaded_as_csv_and_as_json_is_refused(ai_spend, tmp_path):
    batch = found(ai_spend, tmp_path, "focus-2026-05.csv", "focus-2026-05.json")
    assert [reason.code for reason in batch.reasons] == ["repeated_part"]


def test_a_missing_part_is_waited_for(ai_spend, tmp_path):
    batch = found(ai_spend, tmp_path, "spend_part_001.csv", "spend_part_003.csv")
    assert batch.waits == ["part 002 of export ai is missing"]


@pytest.mark.parametrize(
    "header, column, stored",
    [
        ("UsageQuantity", "ConsumedQuantity", "decimal"),
        ("x-cog-InputTokenCount", "x_cog_InputTokenCount", "decimal"),
        ("x-cog-OutputTokenCount", "x_cog_OutputTokenCount", "decimal"),
        ("x-cog-CacheHit", "x_cog_CacheHit", "string"),
        ("ServiceName", "ServiceName", "string"),
    ],
)
def test_the_exports_columns_have_a_place_and_a_type(ai_spend, header, column, stored):
    assert ai_spend.headers[header.casefold()] == column
    assert {c.name: c.stored for c in ai_spend.columns}[column] == stored


def test_periods_end_with_their_last_second(ai_spend):
    assert (ai_spend.time.period_end, ai_spend.time.zone) == ("inclusive", "UTC")


def test_columns_that_begin_with_tags_are_tags(ai_spend):
    assert ai_spend.tags.prefix == "Tags/"


@pytest.mark.parametrize(
    "column, key",
    [
        ("x_CostCenter", "x-cost-department"),
        ("x_Owner", "x-cost-user"),
        ("x_Application", "x-cost-feature"),
    ],
)
def test_department_user_and_feature_are_attributes_like_any_clouds(ai_spend, column, key):
    assert key in ai_spend.tags.attributes[column]


def test_what_the_export_does_not_say_is_filled_by_name(ai_spend):
    assert ai_spend.defaults == {"BillingCurrency": "USD", "ConsumedUnit": "Tokens"}
    assert ai_spend.services.columns == ("ServiceName", "ProviderName")
    assert (ai_spend.focus_version, ai_spend.delivery) == ("1.1", "snapshot")
