"""Rows that cannot be read: kept whole with line, column, value and reason; never a null."""

from __future__ import annotations

from decimal import Decimal

import pytest

from helpers.exports import JANUARY, NAME, PUSH, SHORT, bill, row, zipped_names
from helpers.job_runs import Job, Result

CSV = f"{PUSH}/{NAME}.csv"


CASES = [
    ("BilledCost", "free", "is not a number"),
    ("BilledCost", "1.2.3", "is not a number"),
    ("BilledCost", '"1,234.50"', "is not a number"),
    ("BilledCost", "NaN", "is not a number"),
    ("BilledCost", "Infinity", "is not a number"),
    ("BilledCost", "0x1F", "is not a number"),
    ("BilledCost", "100000000000000000000", "does not fit decimal(38,18)"),
    ("BilledCost", "1e300", "does not fit decimal(38,18)"),
    ("BilledCost", "0.1234567890123456789", "more than 18 decimals"),
    ("BillingPeriodStart", "2026-02-30 00:00:00", "is not a time as declared"),
    ("BillingPeriodStart", "01/02/2026", "is not a time as declared"),
    ("BillingPeriodStart", "soon", "is not a time as declared"),
    ("ChargePeriodStart", "2026-01-01 24:30:00", "is not a time as declared"),
    ("ChargePeriodStart", "2026-01-01", "is not a time as declared"),
    ("ChargePeriodStart", "1767225600", "is not a time as declared"),
]


@pytest.fixture(scope="module")
def done(tmp_path_factory, cluster) -> tuple[Job, Result]:
    """The job after one run on a batch of each case: a wrong row between two good ones."""
    job = Job(tmp_path_factory.mktemp("wrong"), cluster)
    for number, (column, value, _) in enumerate(CASES):
        job.put(file_of(number), bill(row(), wrong_row(column, value), row()))
    return job, job.run()


def file_of(number: int) -> str:
    return f"202601/2026013117{number:04d}/{NAME}.csv"


def wrong_row(column: str, value: str) -> list:
    wrong = list(row(service="Fünf"))
    wrong[SHORT.index(column)] = value
    return wrong


@pytest.mark.parametrize("number, column, value, reason", [(n, *c) for n, c in enumerate(CASES)])
def test_a_value_that_cannot_be_read_rejects_its_row(done, number, column, value, reason):
    (job, result), file = done, file_of(number)
    batch, value = file.rpartition("/")[0], value.strip('"')
    assert result.code == 1
    assert not job.is_stored(batch)
    (line,) = [line for line in job.ledger() if line["batch_ts"] == batch[7:]]
    assert (line["rows_in"], line["rows_out"], line["rows_rejected"]) == (3, 2, 1)
    assert [r["code"] for r in line["reasons"]] == ["rejected_rows"]
    assert f"{file} line 3: {column} " in result.line(f"refused    alibaba/{batch}")
    ((line, name, text, why),) = job.rejected(batch)
    assert (line, name, text) == (3, column, value)
    assert reason in why
    ((source, export, record),) = job.rejected(batch, "x_SourceFile, x_Export, record")
    assert (source, export) == (file, "1500_2")
    assert record == dict(zip(SHORT, wrong_row(column, value), strict=True))


def test_every_reason_of_a_row_is_kept(job):
    job.put(CSV, bill(("x", "CNY", "y", "z", "ECS")))
    job.run()
    ((reasons,),) = job.rejected(PUSH, "reasons")
    assert [reason.split()[0] for reason in reasons] == [
        "BilledCost",
        "BillingPeriodStart",
        "ChargePeriodStart",
    ]


@pytest.mark.parametrize(
    "wrong", ["1.00,CNY", "1.00,CNY,2026-01-01 00:00:00,2026-01-05 10:00:00,ECS,more", "  ", "x"]
)
def test_a_row_with_another_number_of_fields_is_kept_as_it_stands(job, wrong):
    text = bill(row()) + wrong + "\n" + bill(row())[len(bill()) :]
    job.put(CSV, text)
    result = job.run(max_rejected_rows=1)
    assert result.code == 0
    assert len(job.rows(PUSH)) == 2
    assert job.rejected(PUSH, "line, column_name, value, record") == [(3, None, None, {"": wrong})]
    assert job.rejected(PUSH, "reason") == [("does not have the header's 5 fields",)]


def test_tolerated_rows_leave_the_batch_published(job):
    job.put(CSV, bill(row("1.10"), row("bad"), row("2.20"), row("worse")))
    assert job.run(max_rejected_rows=1).code == 1
    assert job.status() == {"20260131173000": "rejected"}
    result = job.run(max_rejected_rows=2)
    assert result.code == 0
    assert job.status() == {"20260131173000": "published"}
    assert job.rows(PUSH, "BilledCost") == [(Decimal("1.1"),), (Decimal("2.2"),)]
    assert [text for _, _, text, _ in job.rejected(PUSH)] == ["bad", "worse"]
    assert "2 rows, 2 rejected" in result.line("published")


def test_rejected_rows_keep_the_last_good_push_live(job):
    job.put(f"202601/20260115173000/{NAME}.csv", bill(row("1.10"), row(day=6)))
    assert job.run().code == 0
    job.put(CSV, bill(row("1.10"), row("bad", day=6), row(day=7)))
    assert job.run().code == 1
    assert job.status() == {"20260115173000": "published", "20260131173000": "rejected"}


def test_rejected_rows_are_gone_when_the_file_is_mended(job):
    job.put(CSV, bill(row("bad")))
    job.run()
    assert job.is_stored(PUSH, "rejected")
    job.put(CSV, bill(row("1.00")))
    assert job.run().code == 0
    assert not job.is_stored(PUSH, "rejected")
    assert len(job.rows(PUSH)) == 1


def test_lines_are_those_of_the_text_as_an_editor_counts_them(job):
    text = bill(row(service='"two\nlines"'), row("bad"), end="\r\n") + "\r\n" + "1.00,CNY\r\n"
    text += bill(row("worse"), end="\r\n")[len(bill(end="\r\n")) :]
    job.put(f"{PUSH}/{NAME}.zip", zipped_names({"bill.csv": text}))
    job.run()
    assert job.rejected(PUSH, "line, value") == [(4, "bad"), (6, None), (7, "worse")]


def test_a_decimal_too_long_can_be_rounded_by_declaration(job, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "alibaba.toml").write_text('[format]\nmax_decimals = "round"\n')
    job.put(CSV, bill(row("0.1234567890123456785"), row("0.1234567890123456775")))
    assert job.run(declarations=tmp_path / "own").code == 0
    assert job.rows(PUSH, "BilledCost") == [
        (Decimal("0.123456789012345678"),),
        (Decimal("0.123456789012345678"),),
    ]


def test_equal_rows_are_all_kept(job):
    job.put(CSV, bill(row("0.10"), row("0.10"), row("0.10")))
    assert job.run().code == 0
    assert job.rows(PUSH, "count(*), sum(BilledCost)") == [(3, Decimal("0.3"))]


def test_rows_of_another_month_are_named(job):
    job.put(CSV, bill(row(), row(start="2025-12-01 00:00:00"), (1, "CNY", JANUARY, JANUARY, "")))
    result = job.run()
    assert result.code == 1
    assert "the folder is 202601" in result.line("refused")
    assert "1 of 202512" in result.line("refused")
