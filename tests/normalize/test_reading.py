"""Texts as deliveries have them: quotes, line breaks, headers, ends of lines, archives."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest

from helpers.exports import JANUARY, NAME, PUSH, bill, row, rows, zipped_names
from helpers.job_runs import Job

CSV, ZIP = f"{PUSH}/{NAME}.csv", f"{PUSH}/{NAME}.zip"
SERVICES = "BilledCost, ServiceName"


def read(job, text: str | bytes, columns: str = SERVICES) -> list[tuple]:
    """Rows of a batch of this text."""
    job.put(CSV, text)
    result = job.run()
    assert result.code == 0, result.out
    return job.rows(PUSH, columns)


FIELDS = [
    ('"a ""quoted"" word"', 'a "quoted" word'),
    ('""""', '"'),
    ('"a,b"', "a,b"),
    ('"a\nb"', "a\nb"),
    ('"a\r\nb"', "a\r\nb"),
    ('"a\n\nb"', "a\n\nb"),
    ('"a,""b"",\n""c"""', 'a,"b",\n"c"'),
    ("云服务器", "云服务器"),
    ('"云,服""务""器"', '云,服"务"器'),
    ("C:\\temp\\", "C:\\temp\\"),
    (" padded ", " padded "),
    ("𝔘😀", "𝔘😀"),
    ('""', None),
    ("-", None),
    ("null", None),
    ("\\N", None),
    ("nil", "nil"),
    ("--", "--"),
]


@pytest.fixture(scope="module", params=["\n", "\r\n"], ids=["LF", "CRLF"])
def fields(request, tmp_path_factory, cluster) -> list[tuple]:
    """Rows of a bill whose services are FIELDS, by cost."""
    job = Job(tmp_path_factory.mktemp("fields"), cluster)
    text = bill(*[row(n, field) for n, (field, _) in enumerate(FIELDS)], end=request.param)
    return read(job, text)


@pytest.mark.parametrize("number", range(len(FIELDS)), ids=[repr(field) for field, _ in FIELDS])
def test_a_field_is_what_was_meant(fields, number):
    assert fields[number] == (number, FIELDS[number][1])
    assert len(fields) == len(FIELDS)


@pytest.mark.parametrize(
    "field, value",
    [
        (r'"a \"quoted\" word"', 'a "quoted" word'),
        (r'"a \"quoted\", word"', 'a "quoted", word'),
        ('"{\\"a\\":\\"b\\"}"', '{"a":"b"}'),
        (r'"ends in a backslash\\"', "ends in a backslash\\"),
    ],
)
def test_backslashes_before_quotes_are_found_by_what_reads_strictly(job, field, value):
    other = row("2", r'"\"x\" y"')  # shows the file's habit also where field alone does not
    assert read(job, bill(row("1", field), other)) == [(1, value), (2, '"x" y')]


def test_each_file_of_a_batch_has_a_quoting_of_its_own(job):
    job.put(f"{PUSH}/{NAME}_part_001.csv", bill(row("1", '"a ""b"""')))
    job.put(f"{PUSH}/{NAME}_part_002.csv", bill(row("2", r'"a \"b\", c"')))
    assert job.run().code == 0
    assert job.rows(PUSH, SERVICES) == [(1, 'a "b"'), (2, 'a "b", c')]


@pytest.mark.parametrize(
    "wrong",
    [
        row("2", '"open'),
        row("2", 'open"'),
        row("2", '"a"b"'),
        ('"2', "CNY", JANUARY, JANUARY, "ECS"),
    ],
)
@pytest.mark.parametrize("others", [rows(9), [row("1", '"ECS"')] * 9, [row("1", '""')] * 9])
def test_an_unbalanced_quote_never_swallows_rows(job, wrong, others):
    job.put(CSV, bill(row("1"), wrong, *others))
    assert job.run().code == 1
    (line,) = job.ledger()
    assert [(r["code"], r["file"]) for r in line["reasons"]] == [("broken_csv", CSV)]
    assert line["reasons"][0]["message"].startswith("line 3: ")
    assert not job.is_stored(PUSH)


def test_a_byte_order_mark_is_no_part_of_the_first_name(job):
    assert read(job, b"\xef\xbb\xbf" + bill(row("1")).encode()) == [(1, "ECS")]
    assert job.ledger()[0]["unknown_columns"] == []


def test_a_byte_order_mark_before_a_quoted_header(job):
    text = bill(row("1")).replace("BilledCost,", '"BilledCost",', 1)
    assert read(job, b"\xef\xbb\xbf" + text.encode()) == [(1, "ECS")]


def test_a_last_line_without_its_end_is_a_row(job):
    assert read(job, bill(row("1"), row("2")).rstrip("\n")) == [(1, "ECS"), (2, "ECS")]


def test_blank_lines_are_no_rows(job):
    text = bill(row("1"), row("2")).replace("\n", "\n\n")
    assert read(job, text) == [(1, "ECS"), (2, "ECS")]
    assert job.ledger()[0]["rows_in"] == 2


def test_headers_are_read_without_regard_to_case_and_order(job):
    text = "servicename,BILLEDCOST, billingPeriodStart ,billingcurrency\n"
    text += f"ECS,1.5,{JANUARY},CNY\n"
    assert read(job, text, "BilledCost, ServiceName, BillingPeriodStart::VARCHAR") == [
        (Decimal("1.5"), "ECS", "2025-12-31 16:00:00")
    ]


def test_files_of_one_batch_may_differ_in_their_headers(job):
    header = ("BilledCost", "BillingCurrency", "BillingPeriodStart", "ServiceName", "RegionId")
    one = bill(("1", "CNY", JANUARY, "ECS", "cn"), header=header)
    header = ("servicename", "billingperiodstart", "BilledCost", "New", "BillingCurrency")
    two = bill(("OSS", JANUARY, "2", "n", "CNY"), header=header)
    header = ("BillingPeriodStart", "BillingCurrency", "BilledCost")
    three = bill((JANUARY, "CNY", "3"), header=header)
    job.put(f"{PUSH}/{NAME}_part_001.csv", one)
    job.put(f"{PUSH}/{NAME}_part_002.zip", zipped_names({"two.csv": two, "three.csv": three}))
    assert job.run().code == 0
    assert job.rows(PUSH, "BilledCost, ServiceName, RegionId, x_Other") == [
        (1, "ECS", "cn", None),
        (2, "OSS", None, {"New": "n"}),
        (3, None, None, None),
    ]
    (line,) = job.ledger()
    assert line["unknown_columns"] == ["New"]
    assert "RegionName" in line["missing_columns"]
    assert "ServiceName" not in line["missing_columns"]  # one file has it


def test_two_names_of_one_column_are_refused(job):
    text = "BilledCost,BillingPeriodStart,X_InstanceID,x_instanceid\n1,2026-01-01 00:00:00,a,b\n"
    job.put(CSV, text)
    assert job.run().code == 1
    assert job.ledger()[0]["reasons"][0]["code"] == "repeated_column"


@pytest.mark.parametrize("name", [NAME, f"{NAME}.csv", f"{NAME}.zip", f"{NAME}.ZIP", f"{NAME}.CSV"])
def test_a_zip_is_known_by_its_bytes(job, name):
    job.put(f"{PUSH}/{name}", zipped_names({"bill.csv": bill(row("1"))}))
    assert job.run().code == 0
    assert job.rows(PUSH, f"{SERVICES}, x_SourceFile") == [(1, "ECS", f"{PUSH}/{name}/bill.csv")]


def test_a_text_without_extension(job):
    job.put(f"{PUSH}/{NAME}", bill(row("1")))
    assert job.run().code == 0
    assert job.rows(PUSH, SERVICES) == [(1, "ECS")]


def test_a_gzip_is_known_by_its_bytes(job):
    assert read(job, gzip.compress(bill(row("1")).encode())) == [(1, "ECS")]


def test_several_members_of_several_zips(job):
    for part in (1, 2, 3):
        members = {f"dir/{n}.csv": bill(row(f"{part}{n}")) for n in (1, 2)} | {"dir/": ""}
        job.put(f"{PUSH}/{NAME}_part_{part:03d}.zip", zipped_names(members))
    assert job.run().code == 0
    assert job.rows(PUSH, "BilledCost, x_SourceFile") == [
        (int(f"{part}{n}"), f"{PUSH}/{NAME}_part_{part:03d}.zip/dir/{n}.csv")
        for part in (1, 2, 3)
        for n in (1, 2)
    ]


def test_a_header_without_rows_is_an_empty_month(job):
    job.put(ZIP, zipped_names({"bill.csv": bill()}))
    result = job.run()
    assert result.code == 0
    assert result.line("published") == f"published  alibaba/{PUSH}: 0 rows, billed 0"
    assert job.run().last.startswith("0 published, 1 unchanged")


def test_pieces_and_windows_make_no_difference(job, monkeypatch, tmp_path):
    text = bill(*[row(f"{n}.5", f'"s""{n % 7}\n{n}"', n % 28 + 1) for n in range(500)], row("bad"))
    job.put(CSV, text)
    job.run(max_rejected_rows=1)
    whole = sorted(map(repr, job.rows(PUSH))), job.rejected(PUSH), job.ledger()[0]["cost_sums"]
    monkeypatch.setattr("focus_lake.raw.csv_records.CHUNK", 700)
    monkeypatch.setattr("focus_lake.raw.clean.PIECE", 3000)
    job.run(max_rejected_rows=1, reprocess="true")
    parts = sorted(map(repr, job.rows(PUSH))), job.rejected(PUSH), job.ledger()[0]["cost_sums"]
    assert len(whole[0]) == 500
    assert parts == whole
    assert whole[1][0][0] == 1002  # a line break in each of 500 rows


def test_a_zip_with_junk_is_read_and_the_junk_is_named(job):
    job.put(ZIP, zipped_names({"__MACOSX/._a.csv": "\0", "a.csv": bill(row("2.50"))}))
    result = job.run()
    assert result.code == 0
    assert job.rows(PUSH, SERVICES) == [(Decimal("2.5"), "ECS")]
    assert result.line("passed over") == (
        f"passed over alibaba/{ZIP}/__MACOSX/._a.csv: macOS put it there"
    )
    (event,) = [event for event in result.events if event["event"] == "stray file"]
    assert event["file"] == f"{ZIP}/__MACOSX/._a.csv"


def test_the_declared_encoding_of_a_bill_is_read(job, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "alibaba.toml").write_text('[format]\nencoding = "gb18030"\n')
    job.put(CSV, bill(row("1.25", "云服务器")).encode("gb18030"))
    assert job.run(declarations=tmp_path / "own").code == 0
    assert job.rows(PUSH, SERVICES) == [(Decimal("1.25"), "云服务器")]
