"""One provider that fails leaves the six others published and visible."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.format_bills import (
    ABOUT,
    AI,
    GCP,
    PART,
    RANGE,
    REPORT,
    RUN,
    Bills,
    azure_run,
    calls,
    table,
    text,
)

pytestmark = pytest.mark.thorough


def seven(bills: Bills) -> None:
    bills.put(
        "alibaba",
        "202601/20260131173000/1500_2_X_202601.csv",
        text("1", start="2026-01-01 00:00:00"),
    )
    bills.put("aws", PART, table([2.0]))
    bills.manifest(PART)
    azure_run(bills, 1, "2026-01-20T10:00:00Z", "4")
    bills.put("gcp", GCP, table([8.0]))
    bills.put("oci", REPORT, text("16"))
    bills.put("datacenter", f"{AI}/bill.csv", text("32"))
    bills.put("ai_spend", f"{AI}/export.json", calls("64"))  # fmt: skip


NAMES = ["ai_spend", "alibaba", "aws", "azure", "datacenter", "gcp", "oci"]
COSTS = {"alibaba": 1, "aws": 2, "azure": 4, "gcp": 8, "oci": 16, "datacenter": 32, "ai_spend": 64}
SPOIL = {
    "alibaba": "202601/20260131173000/1500_2_X_202601.csv",
    "aws": ABOUT,
    "azure": f"{RANGE}/{RUN.format(1)}/part_0_0001.csv.gz",
    "gcp": GCP,
    "oci": REPORT,
    "datacenter": f"{AI}/bill.csv",
    "ai_spend": f"{AI}/export.json",
}


@pytest.mark.parametrize("name", NAMES)
def test_one_provider_that_fails_leaves_the_six_others_published_and_visible(bills, name):
    seven(bills)
    (bills.job.raw / name / SPOIL[name]).write_bytes(b"\0broken")
    result = bills.run(*NAMES)
    assert result.code == 1
    assert result.last == f"6 published, 0 unchanged, 0 waiting, 1 refused ({name})."
    assert refresh("--engine", "duckdb", "--lake", str(bills.job.lake)) == 0
    seen = on_duckdb(
        bills.job.lake, "SELECT x_Provider, SUM(BilledCost) FROM focus_unified GROUP BY 1"
    )
    assert dict(seen) == {other: D(COSTS[other]) for other in NAMES if other != name}


def test_a_provider_that_cannot_be_read_at_all_is_named_in_the_last_line(bills, tmp_path):
    seven(bills)
    own = tmp_path / "own"
    own.mkdir()
    (own / "gcp.toml").write_text('delivery = "sometimes"\n')
    result = bills.run(*NAMES, declarations=own)
    assert result.code == 1
    assert result.last == "6 published, 0 unchanged, 0 waiting, 0 refused; FAILED: gcp."
    assert "FAILED     gcp: " in result.out
