"""Files that are not a bill: the batch is rejected with file and reason, and the others go on."""

from __future__ import annotations

import gzip
import struct
import zlib
from decimal import Decimal

import pytest

from helpers.exports import NAME, PUSH, bill, row, rows, zipped_names
from helpers.job_runs import Job, Result

GOOD = "202512/20260104120000"
GOOD_BILL = bill(row("7.25", start="2025-12-01 00:00:00"))
TEXT = bill(*rows(50))
ZIP, CSV = f"{NAME}.zip", f"{NAME}.csv"
EARLY, LATE = "202601/20260120173000", "202601/20260201173000"


def encrypted() -> bytes:
    """A zip whose member says that it is encrypted (bit 0 of its flags, in both headers)."""
    data = bytearray(zipped_names({"bill.csv": TEXT}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged() -> bytes:
    """A zip whose directory is whole, and whose member is not."""
    data = bytearray(zipped_names({"bill.csv": TEXT * 20}))
    data[60:64] = b"\xff\xff\xff\xff"
    return bytes(data)


def png() -> bytes:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + b"\0" * 40


def wrong_crc() -> bytes:
    data = bytearray(zipped_names({"bill.csv": TEXT}))
    at = data.index(b"PK\x01\x02") + 16
    data[at : at + 4] = struct.pack("<I", zlib.crc32(b"another text"))
    return bytes(data)


DOCX = zipped_names({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document/>"})
HTML = "<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n"
GBK = bill(row(), row(service="云服务器 ECS")).encode("gbk")

# name of the file, its bytes, reason code, words of the message, member that is named
CASES = {
    "a truncated zip": (ZIP, zipped_names({"bill.csv": TEXT})[:150], "broken_zip", "", ""),
    "a damaged zip": (ZIP, damaged(), "broken_zip", "damaged", "/bill.csv"),
    "a zip with a wrong checksum": (ZIP, wrong_crc(), "broken_zip", "CRC", "/bill.csv"),
    "a picture named .zip": (ZIP, png(), "broken_zip", "not a zip", ""),
    "a text named .zip": (ZIP, TEXT.encode(), "broken_zip", "not a zip", ""),
    "a Word file named .zip": (
        ZIP, DOCX, "no_focus_header", "no BilledCost", "/[Content_Types].xml",
    ),
    "an encrypted zip": (ZIP, encrypted(), "encrypted", "bill.csv is encrypted", ""),
    "a zip of nothing": (ZIP, zipped_names({}), "empty_zip", "no file", ""),
    "a zip in a zip": (
        ZIP, zipped_names({"a.zip": zipped_names({"bill.csv": TEXT})}), "nul_bytes",
        "the file is damaged or not a text", "/a.zip",
    ),
    "a name that leaves the folder": (
        ZIP, zipped_names({"../../bill.csv": TEXT}), "unsafe_name", "../../bill.csv", "",
    ),
    "an absolute name": (
        ZIP, zipped_names({"/etc/bill.csv": TEXT}), "unsafe_name", "/etc/bill.csv", "",
    ),
    "an empty file": (CSV, b"", "empty_file", "empty", ""),
    "an empty zip file": (ZIP, b"", "empty_file", "empty", ""),
    "an empty member": (ZIP, zipped_names({"a.csv": ""}), "empty_file", "empty", "/a.csv"),
    "a file of blank lines": (CSV, b"\n\r\n\n", "empty_file", "empty", ""),
    "a header without BilledCost": (
        CSV, TEXT.replace("BilledCost", "Cost").encode(), "no_focus_header", "no BilledCost", "",
    ),
    "a header without either column": (
        CSV, b"a,b\n1,2\n", "no_focus_header", "no BilledCost and no BillingPeriodStart", "",
    ),
    "an error page named .csv": (CSV, HTML.encode(), "no_focus_header", "<!DOCTYPE html>", ""),
    "GBK text": (CSV, GBK, "not_utf8", "line 3: not UTF-8; it reads as GBK", ""),
    "Latin-1 text": (
        CSV, bill(row(service="Caf\xe9 ")).encode("latin-1"), "not_utf8", "line 2: not UTF-8", "",
    ),
    "UTF-16 text": (CSV, TEXT.encode("utf-16"), "not_utf8", "UTF-16", ""),
    "NUL bytes": (
        CSV, bill(row(), row(), row(service="E\0CS")).encode(), "nul_bytes", "line 4", "",
    ),
    "a quote that is never closed": (
        CSV, bill(row(), row(service='"ECS'), *rows(9)).encode(), "broken_csv", "line 3", "",
    ),
    "a quote in the middle of a field": (
        CSV, bill(row(), row(service='EC"S')).encode(), "broken_csv", "line 3", "",
    ),
    "a column twice": (
        CSV, b"BilledCost,BillingPeriodStart,billedcost\n1,2026-01-01 00:00:00,1\n",
        "repeated_column", "BilledCost, billedcost", "",
    ),
    "a truncated gzip": (CSV, gzip.compress(TEXT.encode())[:-20], "broken_zip", "damaged", ""),
    "a gzip with a wrong checksum": (
        CSV, gzip.compress(TEXT.encode())[:-8] + b"\0" * 8, "broken_zip", "damaged", "",
    ),
}  # fmt: skip


BATCHES = {case: f"202601/2026013117{number:04d}" for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def done(tmp_path_factory, cluster) -> tuple[Job, Result]:
    """The job after one run on a batch of each case, with good ones before, between and after."""
    job = Job(tmp_path_factory.mktemp("wrong"), cluster)
    job.put(f"{GOOD}/1500_2_X_202512.csv", GOOD_BILL)
    for batch in (EARLY, LATE):
        job.put(f"{batch}/{CSV}", TEXT)
    for case, batch in BATCHES.items():
        job.put(f"{batch}/{CASES[case][0]}", CASES[case][1])
    return job, job.run()


@pytest.mark.parametrize("case", CASES)
def test_the_batch_is_rejected_with_file_and_reason(done, case):
    (job, result), batch = done, BATCHES[case]
    name, _, code, words, member = CASES[case]
    file = f"{batch}/{name}{member}"
    (line,) = [line for line in job.ledger() if line["batch_ts"] == batch[7:]]
    assert line["status"] == "rejected"
    assert [(reason["code"], reason["file"]) for reason in line["reasons"]] == [(code, file)]
    assert words in line["reasons"][0]["message"]
    assert result.line(f"refused    alibaba/{batch}: {code}: {file}: ")
    assert not job.is_stored(batch)
    assert not job.is_stored(batch, "rejected")


def test_the_others_go_on_and_the_exit_code_says_that_something_was_refused(done):
    job, result = done
    assert job.status("202512") == {"20260104120000": "published"}
    assert job.rows(GOOD, "BilledCost") == [(Decimal("7.25"),)]
    assert len(job.rows(EARLY)) == len(job.rows(LATE)) == 50
    assert result.code == 1
    assert result.last == f"3 published, 0 unchanged, 0 waiting, {len(CASES)} refused (alibaba)."
    assert not list(job.lake.glob("_scratch/*"))


def test_a_refused_batch_is_not_read_again_but_still_reported(job):
    job.put(f"{PUSH}/{CSV}", HTML)
    job.run()
    before = job.marks()
    result = job.run()
    assert (result.code, job.marks()) == (1, before)
    assert (
        f"refused    alibaba/{PUSH} earlier, unchanged: no_focus_header: {PUSH}/{CSV}: "
        in result.out
    )
    assert not [event for event in result.events if event["event"] == "reading"]


def test_a_refused_batch_is_history_once_a_newer_push_is_published(job):
    job.put(f"{PUSH}/{CSV}", HTML)
    assert job.run().code == 1
    job.put(f"{LATE}/{CSV}", TEXT)
    assert job.run().code == 0
    result = job.run()
    assert result.code == 0
    assert "(a newer push is published)" in result.line("refused")


def test_a_file_that_is_mended_is_read(job):
    job.put(f"{PUSH}/{ZIP}", zipped_names({"bill.csv": TEXT})[:150])
    assert job.run().code == 1
    job.put(f"{PUSH}/{ZIP}", zipped_names({"bill.csv": TEXT}))
    assert job.run().code == 0
    assert job.status() == {"20260131173000": "published"}
    assert len(job.rows(PUSH)) == 50


def test_the_last_good_push_stays_when_its_file_is_spoilt(job):
    job.put(f"{PUSH}/{ZIP}", zipped_names({"bill.csv": TEXT}))
    job.run()
    before = job.marks()
    job.put(f"{PUSH}/{ZIP}", b"")
    assert job.run().code == 1
    assert job.status() == {"20260131173000": "published rejected"}
    stored = {path: mark for path, mark in job.marks().items() if path.startswith("normalized")}
    assert stored == {path: mark for path, mark in before.items() if path.startswith("normalized")}


@pytest.mark.parametrize(
    "option", [{"max_unzip_gb": 0.000001}, {"max_unzip_ratio": 2}], ids=["size", "ratio"]
)
def test_a_zip_bomb_is_rejected(job, option):
    lines = f"{','.join(row())}\n" * 1_300_000  # 67 MB, past what any archive may unpack to
    job.put(f"{PUSH}/{ZIP}", zipped_names({"bill.csv": bill() + lines}, level=1))
    result = job.run(**option)
    (line,) = job.ledger()
    (reason,) = line["reasons"]
    assert (result.code, reason["code"], reason["file"]) == (
        1,
        "zip_bomb",
        f"{PUSH}/{ZIP}/bill.csv",
    )
    assert "--max_unzip_ratio or --max_unzip_gb" in reason["message"]
    assert not list(job.lake.glob("_scratch/*"))


def test_a_gzip_bomb_is_rejected(job):
    job.put(f"{PUSH}/{CSV}", gzip.compress((bill() + f"{','.join(row())}\n" * 3000).encode()))
    assert job.run(max_unzip_gb=0.0001).code == 1
    assert job.ledger()[0]["reasons"][0]["code"] == "zip_bomb"


def test_several_wrong_files_of_a_batch_are_all_named(job):
    job.put(f"{PUSH}/{NAME}_part_001.csv", HTML)
    job.put(f"{PUSH}/{NAME}_part_002.csv", TEXT)
    job.put(f"{PUSH}/{NAME}_part_003.csv", GBK)
    assert job.run().code == 1
    assert [reason["file"][-7:] for reason in job.ledger()[0]["reasons"]] == ["001.csv", "003.csv"]
