"""The audit job as a user has it: what it says, notes and leaves alone, and wrong input."""

from __future__ import annotations

import json
import os
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focus_lake.errors import OptionsError
from focus_lake.frames.options import AuditOptions
from focus_lake.options import parse
from helpers.audits import Audits

HEAD = "BilledCost,BillingCurrency,BillingPeriodStart,ServiceName\n"


def bill(*costs: str, month: str = "2026-01") -> str:
    return HEAD + "".join(f"{cost},CNY,{month}-01 00:00:00,ECS {cost}\n" for cost in costs)


AGREED, CHANGED, GONE, TOUCHED, OLDER = "202601", "202602", "202603", "202604", "202605"
MONTHS = (AGREED, CHANGED, GONE, TOUCHED, OLDER)


def place(month: str) -> str:
    return f"{month}/{month}28173000/1500_2_X_{month}.csv"


def batch(month: str) -> str:
    return f"{month}/{month}28173000"


def told(audited, month: str) -> str:
    """What was said of a month's batch."""
    return "\n".join(line for line in audited.out.splitlines() if f"alibaba/{month}/" in line)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, wide):
    """A month that agrees, one with another Parquet file, two with other raw files, an older."""
    lake = Audits(tmp_path_factory.mktemp("audited"), wide)
    for month in MONTHS:
        text = bill("1.50", "2", "-0.25", month=f"{month[:4]}-{month[4:]}")
        lake.put(f"alibaba/{place(month)}", text)
    assert lake.publish() == 0
    add_one_to_costs(*lake.lake.glob(f"normalized/alibaba/yearmonth={CHANGED}/**/*.parquet"))
    (lake.raw / "alibaba" / place(GONE)).unlink()
    touched = lake.raw / "alibaba" / place(TOUCHED)
    touched.write_text(touched.read_text() + "\n")
    [ledger] = lake.lake.glob(f"ledger/alibaba/{OLDER}.jsonl")
    ledger.write_text(json.dumps(json.loads(ledger.read_text()) | {"code_version": "0.0.9"}) + "\n")
    return lake


@pytest.fixture(scope="module")
def audited(lake):
    """The audit of all months, and of one that is not there; with what it wrote."""
    before = everything(lake)
    found = lake.audit(yearmonths=",".join(["202512", *MONTHS]))
    after = everything(lake)
    assert {name: after[name] for name in before} == before
    found.written = set(after) - set(before)
    return found


def add_one_to_costs(file) -> None:
    rows = pq.read_table(file, partitioning=None)
    costs = pa.array([value + 1 for value in rows["BilledCost"].to_pylist()], pa.decimal128(38, 18))
    number = rows.schema.get_field_index("BilledCost")
    pq.write_table(rows.set_column(number, "BilledCost", costs), file, store_schema=False)


def everything(lake) -> dict[str, bytes]:
    files = [path for path in lake.lake.rglob("*") if path.is_file()]
    return {str(p.relative_to(lake.lake)): p.read_bytes() for p in files if p.name[0] != "."}


@pytest.mark.slow
def test_what_agrees_is_told_and_noted(audited):
    assert audited.code == 1
    assert told(audited, AGREED) == (
        "agrees             alibaba/202601/20260128173000: 3 rows, 84 columns, billed CNY 3.25"
    )
    line = audited.lines[batch(AGREED)]
    assert (line["verdict"], line["rows_raw"], line["rows_published"]) == ("agrees", 3, 3)
    [sums] = line["cost_sums"]
    assert (sums["BilledCost_raw"], sums["EffectiveCost_published"]) == (
        "3.250000000000000000",
        None,
    )
    assert line["code_version"] == line["published_code_version"]


@pytest.mark.slow
def test_nothing_is_written_but_audits_and_the_run(audited):
    runs = {name for name in audited.written if name.startswith("runs/audit_focus/")}
    assert len(runs) == 1
    assert audited.written - runs == {f"audits/alibaba/{month}.jsonl" for month in MONTHS}


@pytest.mark.slow
def test_a_parquet_file_that_was_changed_is_found_with_file_line_and_both_values(audited):
    line = audited.lines[batch(CHANGED)]
    assert (line["verdict"], line["columns_that_differ"]) == ("differs", ["BilledCost"])
    [difference] = line["differences"]
    assert difference["row_count"] == 3
    examples = {(e["line"], e["raw"], e["published"]) for e in difference["examples"]}
    assert (2, "1.500000000000000000", "2.500000000000000000") in examples
    assert {example["file"] for example in difference["examples"]} == {place(CHANGED)}
    assert f"BilledCost in 3 rows; {place(CHANGED)} line" in told(audited, CHANGED)
    [sums] = line["cost_sums"]
    assert (sums["BilledCost_raw"], sums["BilledCost_published"]) == (
        "3.250000000000000000",
        "6.250000000000000000",
    )


@pytest.mark.slow
def test_raw_files_that_are_gone_or_changed_are_named_and_the_others_audited(audited):
    assert f"{place(GONE)}: the raw file is gone" in told(audited, GONE)
    assert f"{place(TOUCHED)}: the raw file changed since" in told(audited, TOUCHED)
    verdicts = [audited.lines[batch(month)]["verdict"] for month in MONTHS]
    unaudited = "cannot be audited"
    assert verdicts == ["agrees", "differs", unaudited, unaudited, "agrees"]
    assert audited.last == "2 agree, 1 differs, 2 cannot be audited; FAILED: alibaba."


@pytest.mark.slow
def test_another_versions_batch_is_audited_and_both_versions_are_told(audited):
    line = audited.lines[batch(OLDER)]
    assert (line["verdict"], line["published_code_version"]) == ("agrees", "0.0.9")
    assert line["code_version"] != "0.0.9"


@pytest.mark.slow
def test_months_and_providers_that_are_not_there_are_no_success(audited, lake):
    assert "nothing is published of 202512" in audited.out
    none = lake.audit("aws")
    assert none.code == 1
    assert "FAILED             aws: cannot be audited: the lake has no ledger of it" in none.out
    assert none.last.endswith("FAILED: aws.")
    none = lake.audit("nobody")
    assert (none.code, "no provider is called 'nobody'" in none.out) == (1, True)


@pytest.mark.slow
def test_a_second_audit_adds_a_line_and_changes_none(audited, lake):
    file = lake.lake / f"audits/alibaba/{GONE}.jsonl"
    first = file.read_bytes()
    lake.audit(yearmonths=GONE)
    assert file.read_bytes().startswith(first)
    assert len(file.read_bytes().splitlines()) == 2 * len(first.splitlines()) == 2


@pytest.mark.slow
def test_a_lake_that_may_only_be_read_is_audited_and_the_missing_note_is_told(audits):
    audits.put(f"alibaba/{place(AGREED)}", bill("1.50"))
    assert audits.publish() == 0
    for folder in ("audits", "runs"):  # root may write where nobody may, but not below a file
        here = audits.lake / folder
        if here.is_dir():
            here.rename(here.with_suffix(".before"))
        here.write_text("")
    audited = audits.audit()
    assert audited.code == 1
    agrees, failed, last = audited.out.splitlines()
    assert agrees.startswith(f"agrees             alibaba/{batch(AGREED)}: 1 row, ")
    assert failed.startswith(
        "FAILED             alibaba: its verdicts stand above and are not noted"
    )
    assert failed.endswith("; let the audit write to audits/ and runs/, or keep what it printed")
    assert f"audits/alibaba/{AGREED}.jsonl: cannot " in failed
    assert last == "1 agrees, 0 differ, 0 cannot be audited; FAILED: alibaba."


def test_a_broken_ledger_line_is_named(audited, lake):
    [ledger] = lake.lake.glob(f"ledger/alibaba/{OLDER}.jsonl")
    good = ledger.read_text()
    ledger.write_text(good + "{}\n")
    try:
        broken = lake.audit()
    finally:
        ledger.write_text(good)
    assert broken.code == 1
    assert f"{ledger} line 2: not a ledger line" in broken.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--raw", "r", "--lake", " "], "--lake: must not be empty"),
        (["--raw", "r"], "--lake is missing"),
        (["--raw", "r", "--lake", "l", "--yearmonths", "2026-01"], "must be YYYYMM"),
        (["--raw", "r", "--lake", "l", "--providers", "aws,aws"], "aws is named twice"),
        (["--raw", "r", "--lake", "l", "--providers", ","], "name at least one"),
    ],
)
def test_wrong_options_are_named(options, says):
    with pytest.raises(OptionsError, match=says):
        parse(AuditOptions, options)


@pytest.mark.slow
def test_a_place_that_is_not_there_is_a_wrong_option(lake, tmp_path):
    with pytest.raises(OptionsError, match="--lake .*: there is no such folder"):
        lake.audit(lake=tmp_path / "nowhere")
    assert not os.path.exists(tmp_path / "nowhere")


def test_last_is_the_month_before_this_one():
    options = parse(AuditOptions, ["--raw", "r", "--lake", "l", "--yearmonths", "last,202510"])
    assert options.months(date(2026, 1, 31)) == ("202510", "202512")
