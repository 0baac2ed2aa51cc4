"""Manifests that name too much or too little; of two runs over one range the newest counts."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.format_bills import (
    ABOUT,
    AI,
    PART,
    RANGE,
    RUN,
    Bills,
    azure_run,
    table,
    text,
)

pytestmark = pytest.mark.thorough


def test_a_manifest_that_names_a_missing_file_holds_the_batch_back_until_it_is_there(bills):
    other = PART.replace("00001", "00002")
    bills.put("aws", PART, table([1.5]))
    bills.manifest(PART, other)
    assert bills.run("aws").code == 1
    code, file, message = bills.reason("aws")
    assert (code, file) == ("manifest_file_missing", ABOUT)
    assert message == "the manifest names focus-00002.snappy.parquet, which is not there"
    bills.put("aws", other, table([2.0]))
    assert bills.run("aws").code == 0
    assert bills.rows("aws", "BilledCost") == [(D("1.5"),), (D("2"),)]


def test_a_manifest_none_of_whose_files_is_there_is_told(bills):
    bills.manifest(PART)
    bills.put("azure", f"{RANGE}/{RUN.format(1)}/manifest.json", {"blobs": [{"blobName": "a.csv"}]})
    result = bills.run("aws", "azure")
    said = "a manifest, and none of the files it names is there"
    assert result.line("passed over aws/") == f"passed over aws/{ABOUT}: {said}"
    assert result.line("passed over azure/").endswith(said)
    assert not bills.lines("aws")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"dataFiles": []}', b"null"])
def test_a_broken_manifest_refuses_its_batch(bills, content):
    bills.put("aws", PART, table())
    bills.put("aws", ABOUT, content)
    assert bills.run("aws").code == 1
    assert bills.reason("aws")[:2] == ("broken_manifest", ABOUT)
    bills.manifest(PART)
    assert bills.run("aws").code == 0


def test_a_part_that_the_manifest_does_not_name_is_not_read_and_reported(bills):
    orphan = PART.replace("00001", "00002")
    bills.put("aws", PART, table([1.5]))
    bills.put("aws", orphan, table([1000.0]))
    bills.manifest(PART)
    result = bills.run("aws")
    assert result.code == 0
    assert bills.rows("aws", "BilledCost") == [(D("1.5"),)]
    assert result.line("passed over") == f"passed over aws/{orphan}: the manifest does not name it"


def test_rows_that_the_manifest_counts_otherwise_refuse_the_batch(bills):
    run = f"{RANGE}/{RUN.format(1)}"
    bills.put("azure", f"{run}/part_0_0001.csv", text("1", "2"))
    blob = {"blobName": f"{run}/part_0_0001.csv", "dataRowCount": 3}
    bills.put("azure", f"{run}/manifest.json", {"blobs": [blob]})
    assert bills.run("azure").code == 1
    code, _, message = bills.reason("azure")
    assert (code, message) == ("manifest_rows", "the manifest says 3 rows, the files hold 2")


# --- runs, versions


def live(bills: Bills, provider: str) -> list[tuple]:
    """What focus_unified shows of a provider."""
    assert refresh("--engine", "duckdb", "--lake", str(bills.job.lake)) == 0
    query = "SELECT x_Export, batch_ts, SUM(BilledCost) FROM focus_unified "
    return on_duckdb(bills.job.lake, f"{query} WHERE x_Provider = '{provider}' GROUP BY 1, 2")


def test_of_two_runs_over_one_date_range_the_newest_is_live(bills):
    azure_run(bills, 2, "2026-01-20T10:00:00.1234567Z", "1", "2")
    azure_run(bills, 1, "2026-01-21T10:00:00Z", "1", "2", "0.25")
    assert bills.run("azure").code == 0
    assert live(bills, "azure") == [("costs/focus", "20260121100000", D("3.25"))]
    azure_run(bills, 3, "2026-01-20T23:00:00Z", "50", "60")
    assert bills.run("azure").code == 0
    assert live(bills, "azure") == [("costs/focus", "20260121100000", D("3.25"))]


def test_two_runs_of_one_second_are_refused_and_other_exports_are_not(bills):
    for number in (1, 2):
        azure_run(bills, number, "2026-01-20T10:00:00Z", "1", "2")
    azure_run(bills, 3, "2026-01-20T10:00:01Z", "7", export="other")
    result = bills.run("azure")
    assert result.code == 1
    first, second = bills.lines("azure")
    assert [reason["code"] for reason in first["reasons"]] == ["same_time"]
    assert "two deliveries of export costs/focus have the same time" in result.out
    assert (second["status"], second["exports"]) == ("published", ["costs/other"])


def test_files_of_two_versions_in_one_folder_keep_their_own(bills):
    bills.put("datacenter", f"{AI}/old.csv", text("1"))
    bills.put("datacenter", f"{AI}/new.csv", text("2", more="InvoiceId", value="I-1"))
    assert bills.run("datacenter").code == 0
    assert bills.rows("datacenter", "BilledCost, x_SourceFocusVersion, InvoiceId") == [
        (D("1"), "1.0", None),
        (D("2"), "1.2", "I-1"),
    ]
    (line,) = bills.lines("datacenter")
    assert line["focus_version"] == "1.0, 1.2"
