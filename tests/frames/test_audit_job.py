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

HEAD = "BilledCost,BillingCurrency,BillingPeriodStart,ServiceName\n"
FILE = "alibaba/202601/20260131173000/1500_2_X_202601.csv"


def bill(*costs: str, month: str = "2026-01") -> str:
    return HEAD + "".join(f"{cost},CNY,{month}-01 00:00:00,ECS {cost}\n" for cost in costs)


@pytest.fixture
def published(audits):
    """A lake with one batch of three rows."""
    audits.put(FILE, bill("1.50", "2", "-0.25"))
    assert audits.publish() == 0
    return audits


def everything(audits) -> dict[str, bytes]:
    files = [path for path in audits.lake.rglob("*") if path.is_file()]
    return {str(p.relative_to(audits.lake)): p.read_bytes() for p in files if p.name[0] != "."}


def test_what_agrees_is_told_and_noted_and_nothing_else_is_written(published):
    before = everything(published)
    audited = published.audit()
    assert audited.code == 0
    assert audited.out == (
        "agrees             alibaba/202601/20260131173000: 3 rows, 84 columns, billed CNY 3.25\n"
        "1 agrees, 0 differ, 0 cannot be audited.\n"
    )
    after = everything(published)
    assert set(after) - set(before) == {"audits/alibaba/202601.jsonl"}
    assert {name: after[name] for name in before} == before
    line = audited.lines["202601/20260131173000"]
    assert (line["verdict"], line["rows_raw"], line["rows_published"]) == ("agrees", 3, 3)
    [sums] = line["cost_sums"]
    assert (sums["BilledCost_raw"], sums["EffectiveCost_published"]) == (
        "3.250000000000000000",
        None,
    )
    assert line["code_version"] == line["published_code_version"]
    published.audit()
    assert len(after["audits/alibaba/202601.jsonl"].splitlines()) == 1
    again = everything(published)["audits/alibaba/202601.jsonl"]
    assert len(again.splitlines()) == 2
    assert again.startswith(after["audits/alibaba/202601.jsonl"])


def test_a_parquet_file_that_was_changed_is_found_with_file_line_and_both_values(published):
    [file] = published.lake.glob("normalized/alibaba/**/*.parquet")
    rows = pq.read_table(file, partitioning=None)
    costs = pa.array([value + 1 for value in rows["BilledCost"].to_pylist()], pa.decimal128(38, 18))
    place = rows.schema.get_field_index("BilledCost")
    pq.write_table(rows.set_column(place, "BilledCost", costs), file, store_schema=False)
    audited = published.audit()
    assert audited.code == 1
    assert audited.last == "0 agree, 1 differs, 0 cannot be audited."
    line = audited.lines["202601/20260131173000"]
    assert line["columns_that_differ"] == ["BilledCost"]
    [difference] = line["differences"]
    assert difference["row_count"] == 3
    examples = {(e["line"], e["raw"], e["published"]) for e in difference["examples"]}
    assert (2, "1.500000000000000000", "2.500000000000000000") in examples
    assert difference["examples"][0]["file"] == FILE.removeprefix("alibaba/")
    assert "BilledCost in 3 rows; 202601/20260131173000/1500_2_X_202601.csv line" in audited.out


def test_raw_files_that_are_gone_or_changed_are_named_and_the_others_audited(audits):
    months = ("202601", "202602", "202603")
    for month in months:
        place = f"alibaba/{month}/{month}28173000/1500_2_X_{month}.csv"
        audits.put(place, bill("1", month=f"{month[:4]}-{month[4:]}"))
    assert audits.publish() == 0
    (audits.raw / "alibaba/202601/20260128173000/1500_2_X_202601.csv").unlink()
    changed = audits.raw / "alibaba/202602/20260228173000/1500_2_X_202602.csv"
    changed.write_text(changed.read_text() + "\n")
    audited = audits.audit()
    assert audited.code == 1
    assert audited.last == "1 agrees, 0 differ, 2 cannot be audited."
    assert "1500_2_X_202601.csv: the raw file is gone" in audited.out
    assert "1500_2_X_202602.csv: the raw file changed since it was published" in audited.out
    verdicts = [audited.lines[f"{month}/{month}28173000"]["verdict"] for month in months]
    assert verdicts == ["cannot be audited", "cannot be audited", "agrees"]


def test_another_versions_batch_is_audited_and_both_versions_are_told(published):
    [ledger] = published.lake.glob("ledger/alibaba/*.jsonl")
    line = json.loads(ledger.read_text()) | {"code_version": "0.0.9"}
    ledger.write_text(json.dumps(line) + "\n")
    noted = published.audit().lines["202601/20260131173000"]
    assert (noted["verdict"], noted["published_code_version"]) == ("agrees", "0.0.9")
    assert noted["code_version"] != "0.0.9"


def test_months_and_providers_that_are_not_there_are_no_success(published):
    audited = published.audit(yearmonths="202512,202601")
    assert (audited.code, "nothing is published of 202512" in audited.out) == (1, True)
    assert audited.lines["202601/20260131173000"]["verdict"] == "agrees"
    audited = published.audit("aws")
    assert audited.code == 1
    assert "FAILED             aws: cannot be audited: the lake has no ledger of it" in audited.out
    assert audited.last.endswith("FAILED: aws.")
    audited = published.audit("nobody")
    assert (audited.code, "no provider is called 'nobody'" in audited.out) == (1, True)


def test_a_broken_ledger_line_is_named(published):
    [ledger] = published.lake.glob("ledger/alibaba/*.jsonl")
    ledger.write_text(ledger.read_text() + "{}\n")
    audited = published.audit()
    assert audited.code == 1
    assert f"{ledger} line 2: not a ledger line" in audited.out


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


def test_a_place_that_is_not_there_is_a_wrong_option(published, tmp_path):
    with pytest.raises(OptionsError, match="--lake .*: there is no such folder"):
        published.audit(lake=tmp_path / "nowhere")
    assert not os.path.exists(tmp_path / "nowhere")


def test_last_is_the_month_before_this_one():
    options = parse(AuditOptions, ["--raw", "r", "--lake", "l", "--yearmonths", "last,202510"])
    assert options.months(date(2026, 1, 31)) == ("202510", "202512")
