"""The datacenter's bill, as its declaration says it."""

from __future__ import annotations

from datetime import datetime

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find
from focus_lake.transform import times


@pytest.fixture(scope="module")
def datacenter():
    return declare.load("datacenter")


def test_a_delivery_is_a_folder_of_a_month_and_a_time(datacenter, tmp_path):
    for folder in ("202601/20260205090000", "site-2/202601/20260206T100000Z"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "costs.csv").write_text("x")
        (tmp_path / folder / "readme.txt").write_text("x")
    batches, strays = find(storage.at(str(tmp_path)), datacenter)
    assert [(b.yearmonth, b.batch_ts, b.exports) for b in batches] == [
        ("202601", "20260205090000", ["datacenter"]),
        ("202601", "20260206100000", ["site-2"]),
    ]
    assert [stray.path.rsplit("/", 1)[1] for stray in strays] == ["readme.txt", "readme.txt"]


@pytest.mark.parametrize("path", ["202600/20260205090000/a.csv", "202601/latest/a.csv", "a.csv"])
def test_a_path_of_another_shape_is_no_delivery(datacenter, path):
    assert datacenter.layout.path.fullmatch(path) is None


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01 00:00:00", "2026-01-01T00:00:00Z"])
def test_dates_alone_are_read_too(datacenter, text):
    assert times.parse_one(text, datacenter.time.formats, "UTC", "utc") == datetime(2026, 1, 1)


def test_what_a_spreadsheet_writes_for_nothing_is_null(datacenter):
    assert {"", "-", "N/A", "#N/A"} <= set(datacenter.format.null_texts)


def test_two_columns_are_all_that_a_file_must_have(datacenter):
    assert datacenter.format.required == ("BilledCost", "BillingPeriodStart")
    assert datacenter.extra_columns == {}
    assert (datacenter.delivery, datacenter.format.max_decimals) == ("snapshot", "reject")


def test_a_companys_own_facts_can_be_laid_over(tmp_path):
    mine = '[time]\nzone = "Europe/Berlin"\n[defaults]\nBillingCurrency = "EUR"\n'
    (tmp_path / "datacenter.toml").write_text(mine)
    laid = declare.load("datacenter", storage.at(str(tmp_path)))
    assert (laid.time.zone, laid.defaults) == ("Europe/Berlin", {"BillingCurrency": "EUR"})
    assert laid.delivery == "snapshot"
