"""JSON that is no array of rows, numbers in JSON, damaged gzip: each named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal as D

import pytest

from helpers.format_bills import (
    AI,
    REPORT,
    calls,
    text,
)

pytestmark = pytest.mark.thorough


NO_ARRAYS = {
    "an object": ({"rows": calls("1")}, "json_no_array", "the JSON is an object"),
    "an array of arrays": ([["BilledCost"], ["1"]], "json_no_array", "no array of objects"),
    "an array with a hole": ([*calls("1"), None], "json_no_array", "no array of objects"),
    "a cut array": (json.dumps(calls("1"))[:-1], "broken_json", "not JSON"),
    "a broken JSON line": (json.dumps(calls("1")[0]) + '\n{"a": ', "broken_json", "line 2"),
    "an object without a key": ({"data": calls("1")}, "json_no_array", "declare [format] rows_key"),
    "an empty array": ([], "empty_file", "empty"),
    "nothing but spaces": ("  \n", "broken_json", "not JSON"),
}


@pytest.mark.parametrize("case", NO_ARRAYS)
def test_json_that_is_no_array_of_rows_is_refused(bills, case):
    content, code, words = NO_ARRAYS[case]
    bills.put("ai_spend", f"{AI}/export.json", content)
    assert bills.run("ai_spend").code == 1
    found, file, message = bills.reason("ai_spend")
    assert (found, file) == (code, f"{AI}/export.json")
    assert words in message


def test_numbers_in_json_keep_their_digits(bills):
    costs = ["0.000234", "0.1", "12345678901234567.123456789012345678", "1e-10", "7"]
    rows = ", ".join(
        f'{{"BilledCost": {cost}, "BillingPeriodStart": "2026-01-01T00:00:00Z"}}' for cost in costs
    )
    bills.put("ai_spend", f"{AI}/export.json", f"[{rows}]")
    assert bills.run("ai_spend").code == 0
    assert bills.rows("ai_spend", "BilledCost") == sorted((D(cost),) for cost in costs)


def oci_files() -> Iterator[tuple[str, bytes, str]]:
    packed = gzip.compress(text(*["1.25"] * 3000).encode())
    yield "a truncated gzip", packed[:-20], "broken_zip"
    yield "a gzip with a wrong checksum", packed[:-8] + b"\0" * 8, "broken_zip"
    yield "a gzip of nothing", gzip.compress(b""), "empty_file"
    yield "a gzip of broken JSON", gzip.compress(b'[{"BilledCost": 1,'), "broken_json"
    yield "a gzip of a picture", gzip.compress(b"\x89PNG\r\n\x1a\n" + b"\0" * 40), "not_utf8"
    yield "a gzip header and no more", packed[:10], "broken_zip"


@pytest.mark.parametrize("case", list(oci_files()), ids=lambda case: case[0])
def test_a_damaged_gzip_is_refused(bills, case):
    _, data, code = case
    bills.put("oci", REPORT.removesuffix(".gz"), data).rename(bills.job.raw / "oci" / REPORT)
    assert bills.run("oci").code == 1
    assert bills.reason("oci")[:2] == (code, REPORT)


def test_a_gzip_bomb_is_refused_by_size_and_a_real_bill_is_not(bills):
    bills.put("oci", REPORT, text(*["1.25"] * 5000))
    assert bills.run("oci", max_unzip_gb=0.0001).code == 1
    assert bills.reason("oci")[:2] == ("zip_bomb", REPORT)
    assert bills.run("oci").code == 0
    assert bills.lines("oci")[-1]["rows_out"] == 5000
