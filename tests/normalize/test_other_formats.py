"""Wrong files of the other providers, in each format: named, and never the others' trouble."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal as D
from decimal import localcontext
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.catalog import on_duckdb, refresh
from helpers.job_runs import Job, Result

pytestmark = pytest.mark.thorough

START = datetime(2026, 1, 1)
AWS, AWS_ABOUT = "focus/data/BILLING_PERIOD=2026-01", "focus/metadata/BILLING_PERIOD=2026-01"
PART, ABOUT = f"{AWS}/focus-00001.snappy.parquet", f"{AWS_ABOUT}/focus-Manifest.json"
RANGE = "costs/focus/20260101-20260131"
RUN = "6f1b2c3d-0000-4000-8000-00000000000{}"
AI = "202601/20260131120000"


class Bills:
    """Raw folders of any providers, and the job on them."""

    def __init__(self, job: Job):
        self.job = job

    def put(self, provider: str, path: str, content) -> Path:
        """content: bytes, a table for Parquet, an object for JSON, or a text; gzip'd for .gz."""
        file = self.job.raw / provider / path
        file.parent.mkdir(parents=True, exist_ok=True)
        data = _bytes(content)
        file.write_bytes(gzip.compress(data) if path.endswith(".gz") else data)
        return file

    def manifest(self, *parts: str, path: str = ABOUT) -> Path:
        return self.put("aws", path, {"dataFiles": [f"s3://b/{part}" for part in parts]})

    def run(self, *providers: str, **options) -> Result:
        return self.job.run(providers=",".join(providers), **options)

    def lines(self, provider: str, month: str = "202601") -> list[dict]:
        path = self.job.lake / "ledger" / provider / f"{month}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def reason(self, provider: str) -> tuple[str, str, str]:
        """(code, file, message) of the only reason of the only line, which is a refusal."""
        (line,) = self.lines(provider)
        (reason,) = line["reasons"]
        assert line["status"] == "rejected"
        return reason["code"], reason["file"], reason["message"]

    def rows(self, provider: str, columns: str, rest: str = "") -> list[tuple]:
        """Of every batch that was written, in the order of the columns."""
        files = f"{self.job.lake}/normalized/{provider}/*/*/*/*.parquet"
        return duckdb.sql(
            f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = true, "
            f"hive_types = {{yearmonth: VARCHAR, batch_ts: VARCHAR}}) {rest} ORDER BY ALL"
        ).fetchall()

    def is_stored(self, provider: str) -> bool:
        return any((self.job.lake / "normalized" / provider).rglob("*.parquet"))


def _bytes(content) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, pa.Table):
        file = io.BytesIO()
        pq.write_table(content, file)
        return file.getvalue()
    return json.dumps(content).encode()


def table(costs=(1.5,), start: datetime = START, **others) -> pa.Table:
    """A bill of a few columns as AWS delivers it; others: a column for all rows, or an array."""
    count = len(costs)
    columns = {
        "BilledCost": costs if isinstance(costs, pa.Array) else pa.array(costs, pa.float64()),
        "BillingCurrency": ["USD"] * count,
        "BillingPeriodStart": pa.array([start] * count, pa.timestamp("ms")),
        "ChargePeriodStart": pa.array([start] * count, pa.timestamp("ms")),
        "ServiceName": ["Amazon S3"] * count,
    }
    return pa.table(columns | others)


def text(*costs: str, start: str = "2026-01-01T00:00:00Z", more: str = "", value: str = "") -> str:
    """A CSV bill; more: a further column, value: what it holds."""
    head = f"BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart{more and ',' + more}\n"
    end = f"{more and ',' + value}\n"
    return head + "".join(f"{cost},USD,{start},{start}{end}" for cost in costs)


def calls(*costs: str) -> list[dict]:
    """AI calls as a JSON export has them."""
    return [{"BilledCost": cost, "BillingPeriodStart": "2026-01-01T00:00:00Z"} for cost in costs]


@pytest.fixture
def bills(job) -> Bills:
    return Bills(job)


# --- Parquet


def test_parquet_of_another_schema_is_refused_with_the_columns_it_has(bills):
    bills.put("aws", PART, pa.table({"line_item_unblended_cost": [1.0], "bill_type": ["A"]}))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, message = bills.reason("aws")
    assert (code, file) == ("no_focus_header", PART)
    assert "no BilledCost and no BillingPeriodStart; the columns are line_item_unblended" in message


WRONG_TYPES = {
    "a list as cost": ("BilledCost", pa.array([[1.5]])),
    "a truth value as cost": ("BilledCost", pa.array([True])),
    "a time as cost": ("BilledCost", pa.array([START])),
    "a number as time": ("BillingPeriodStart", pa.array([20260101])),
    "a record as time": ("ChargePeriodStart", pa.array([{"seconds": 1}])),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_a_column_of_a_type_that_cannot_be_meant_is_refused(bills, case):
    name, values = WRONG_TYPES[case]
    given = table()
    at = given.schema.get_field_index(name)
    bills.put("aws", PART, given.set_column(at, name, values))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, message = bills.reason("aws")
    assert (code, file) == ("wrong_type", PART)
    assert message.startswith(f"{name}: a column of ")
    assert not bills.is_stored("aws")


@pytest.mark.parametrize("keep", [slice(0, -30), slice(0, 6), slice(0, 4)])
def test_truncated_parquet_is_refused(bills, keep):
    bills.put("aws", PART, _bytes(table([1.5] * 5000))[keep])
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    assert bills.reason("aws")[:2] == ("broken_parquet", PART)


def test_parquet_whose_pages_are_damaged_is_refused(bills):
    data = bytearray(_bytes(table(pa.array([n / 7 for n in range(5000)]))))
    data[2000:4000] = os.urandom(2000)
    bills.put("aws", PART, bytes(data))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    code, file, _ = bills.reason("aws")
    assert (code, file) == ("broken_parquet", PART)
    assert not bills.is_stored("aws")


DOUBLES = [0.1, 0.2, 0.1 + 0.2, 1e-7, 1e-18, 2.5e-19, -0.0, 123456789012.34567, 1e17, -3.3, 5e-324]


def test_doubles_become_the_decimal_of_their_shortest_text(bills):
    bills.put("aws", PART, table(DOUBLES))
    bills.manifest(PART)
    assert bills.run("aws").code == 0
    with localcontext(prec=60):
        expected = [D(repr(value)).quantize(D("1e-18")) for value in DOUBLES]
    assert [cost for (cost,) in bills.rows("aws", "BilledCost")] == sorted(expected)
    assert bills.rows("aws", "BilledCost", "WHERE BilledCost BETWEEN 0.05 AND 0.15") == [
        (D("0.1"),)
    ]
    (line,) = bills.lines("aws")
    with localcontext(prec=60):
        total = sum(expected)
    assert D(line["cost_sums"][0]["BilledCost"]) == total
    noted = bills.rows("aws", "x_SourceChanges", "WHERE x_SourceChanges LIKE '%rounded%'")
    assert noted == [
        ("BilledCost: 2.5e-19 rounded to 18 decimals",),
        ("BilledCost: 5e-324 rounded to 18 decimals",),
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e20, -1e300])
def test_a_double_that_is_no_amount_rejects_its_row(bills, value):
    bills.put("aws", PART, table([1.0, value]))
    bills.manifest(PART)
    assert bills.run("aws").code == 1
    assert bills.reason("aws")[0] == "rejected_rows"
    bills.run("aws", max_rejected_rows=1)
    assert bills.rows("aws", "BilledCost") == [(D(1),)]
    (line,) = [line for line in bills.lines("aws") if line["status"] == "published"]
    assert (line["rows_in"], line["rows_out"], line["rows_rejected"]) == (2, 1, 1)


def test_a_rejected_row_of_parquet_is_kept_whole_as_text(bills):
    labels = pa.array([None, [{"Key": "team", "Value": "zoë"}]])
    given = table([1.0, float("nan")], x_Labels=labels, x_Flag=[True, False])
    bills.put("gcp", SPOIL["gcp"], given)
    assert bills.run("gcp", max_rejected_rows=1).code == 0
    files = f"{bills.job.lake}/rejected/gcp/*/*/*/*.parquet"
    select = "SELECT line, column_name, value, record FROM"
    (row,) = duckdb.sql(f"{select} read_parquet('{files}')").fetchall()
    assert row == (
        2,
        "BilledCost",
        "nan",
        {
            "BilledCost": "nan",
            "BillingCurrency": "USD",
            "BillingPeriodStart": "2026-01-01 00:00:00.000",
            "ChargePeriodStart": "2026-01-01 00:00:00.000",
            "ServiceName": "Amazon S3",
            "x_Labels": '{"team":"zoë"}',
            "x_Flag": "false",
        },
    )


TYPED = {  # month -> the cost 0.1 and a time, typed in another way each month
    "01": (pa.array([0.1]), pa.timestamp("ms"), pa.array([[("a", "b")]], pa.map_(*["string"] * 2))),
    "02": (pa.array(["0.1"]), pa.timestamp("us", "UTC"), pa.array(['{"a": "b"}'])),
    "03": (pa.array([D("0.10")]), pa.timestamp("ns"), pa.array([[{"key": "a", "value": "b"}]])),
    "04": (pa.array(["0.1"]).dictionary_encode(), pa.date32(), pa.array(["{}"])),
    "05": (pa.array([0.1], pa.float64()), pa.timestamp("s"), pa.nulls(1)),
}


def test_a_column_that_changes_its_type_between_months_is_one_column(bills):
    for month, (cost, time, tags) in TYPED.items():
        start = datetime(2026, int(month), 1)
        starts = pa.array([start]).cast(pa.timestamp("us")).cast(time)
        folder = f"focus/data/BILLING_PERIOD=2026-{month}/focus-00001.parquet"
        columns = {"BillingPeriodStart": starts, "ChargePeriodStart": starts, "Tags": tags}
        bills.put("aws", folder, table(cost, **columns))
    assert bills.run("aws").code == 0
    found = bills.rows("aws", "yearmonth, BilledCost, ChargePeriodStart, CAST(Tags AS VARCHAR)")
    assert found == [
        (f"2026{month}", D("0.1"), datetime(2026, int(month), 1), tags)
        for month, tags in zip(TYPED, ["{a=b}", "{a=b}", "{a=b}", "{}", None], strict=True)
    ]


# --- manifests


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


def azure_run(bills: Bills, number: int, submitted: str, *costs: str, export: str = "focus"):
    run = f"{RANGE.replace('focus', export)}/{RUN.format(number)}"
    bills.put("azure", f"{run}/part_0_0001.csv.gz", text(*costs))
    about = {"runInfo": {"submittedTime": submitted}}
    about["blobs"] = [{"blobName": f"{run}/part_0_0001.csv.gz"}]
    bills.put("azure", f"{run}/manifest.json", about)
    return run


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


# --- JSON and gzip


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


REPORT = "FOCUS Reports/2026/01/05/0001-00001.csv.gz"


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


# --- one of seven


def seven(bills: Bills) -> None:
    bills.put(
        "alibaba",
        "202601/20260131173000/1500_2_X_202601.csv",
        text("1", start="2026-01-01 00:00:00"),
    )
    bills.put("aws", PART, table([2.0]))
    bills.manifest(PART)
    azure_run(bills, 1, "2026-01-20T10:00:00Z", "4")
    bills.put("gcp", "202601/20260131120000/000000000000.parquet", table([8.0]))
    bills.put("oci", REPORT, text("16"))
    bills.put("datacenter", f"{AI}/bill.csv", text("32"))
    bills.put("ai_spend", f"{AI}/export.json", calls("64"))  # fmt: skip


NAMES = ["ai_spend", "alibaba", "aws", "azure", "datacenter", "gcp", "oci"]
COSTS = {"alibaba": 1, "aws": 2, "azure": 4, "gcp": 8, "oci": 16, "datacenter": 32, "ai_spend": 64}
SPOIL = {
    "alibaba": "202601/20260131173000/1500_2_X_202601.csv",
    "aws": ABOUT,
    "azure": f"{RANGE}/{RUN.format(1)}/part_0_0001.csv.gz",
    "gcp": "202601/20260131120000/000000000000.parquet",
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
