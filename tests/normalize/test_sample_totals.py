"""The sample through the job: rows and sums of every live batch, to the last digit."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from decimal import Decimal, localcontext

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from focus_lake.sample.__main__ import main
from focus_lake.sample.options import SampleOptions
from helpers.job_runs import Job

pytestmark = pytest.mark.thorough

NULLS = {"", "-", "null", "NULL", "\\N"}
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
# What the options below give: two accounts and two months, two pushes of each.
LIVE = [("202512", 2), ("202601", 2)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(params=["two folders", "one folder"])
def sample(request, base, cluster) -> Job:
    """The job after its run on a sample: accounts apart, or in the same second's folder."""
    job = Job(base / request.param, cluster)
    done = job.raw.with_name("done")
    if not done.exists():
        shared = request.param == "one folder"
        settings = {"rows": 3000, "months": 2, "pushes": 2, "parts": 700, "members": 2}
        settings |= {"shared_folder": shared, "line_breaks": shared, "workers": 1}
        settings |= {"until": "202601"}
        assert main(SampleOptions(out=str(job.raw), **settings)) == 0
        result = job.run()
        assert (result.code, result.err.count('"error"')) == (0, 0), result.out
        done.touch()
    return job


def truth(job: Job) -> dict:
    """(month, batch_ts, export) -> [rows, {(currency, cost): sum}], from the text alone."""
    found: dict = defaultdict(lambda: [0, defaultdict(lambda: None)])
    for path in sorted(job.raw.glob("alibaba/*/*/*.zip")):
        month, batch_ts, name = path.parts[-3:]
        entry = found[month, batch_ts, "_".join(name.split("_")[:2])]
        with zipfile.ZipFile(path) as archive, localcontext(prec=60):
            for member in archive.namelist():
                text = io.StringIO(archive.read(member).decode("utf-8"), newline="")
                for row in csv.DictReader(text):
                    entry[0] += 1
                    add(entry[1], row)
    return {key: [rows, dict(sums)] for key, (rows, sums) in found.items()}


def add(sums: dict, row: dict) -> None:
    for cost in COSTS:
        key = row["BillingCurrency"], cost
        if row[cost] in NULLS:
            sums[key] = sums[key]
        else:
            sums[key] = (sums[key] or Decimal(0)) + Decimal(row[cost])


def live(keys) -> list[tuple]:
    """The newest push of each export and month, by the names of the raw folders."""
    newest: dict = {}
    for month, batch_ts, export in sorted(keys):
        newest[month, export] = (month, batch_ts, export)
    return sorted(newest.values())


def stored(job: Job, key: tuple) -> list:
    """What DuckDB finds in the lake, in the shape of truth()."""
    month, batch_ts, export = key
    files = f"{job.folder(f'{month}/{batch_ts}')}/*.parquet"
    sums = ", ".join(f"sum({cost})" for cost in COSTS)
    select = f"SELECT BillingCurrency, count(*), {sums} FROM read_parquet('{files}') "
    result = duckdb.sql(f"{select} WHERE x_Export = '{export}' GROUP BY 1").fetchall()
    found = {}
    for currency, _, *totals in result:
        found |= {(currency, cost): total for cost, total in zip(COSTS, totals, strict=True)}
    return [sum(line[1] for line in result), found]


def test_live_batches_have_the_rows_and_sums_of_the_text(sample):
    expected = truth(sample)
    chosen = live(expected)
    assert [(month, len([k for k in chosen if k[0] == month])) for month, _ in LIVE] == LIVE
    for key in chosen:
        assert stored(sample, key) == expected[key], key
        assert expected[key][1]["CNY" if "15000" in key[2] else "USD", "BilledCost"] != 0


def test_arrow_reads_the_same_sums(sample):
    expected = truth(sample)
    for month, batch_ts in {key[:2] for key in expected}:
        table = pq.read_table(sample.folder(f"{month}/{batch_ts}"), partitioning=None)
        for export in table["x_Export"].unique().to_pylist():
            rows, sums = expected[month, batch_ts, export]
            part = table.filter(pc.equal(table["x_Export"], export))
            assert len(part) == rows
            for (currency, cost), total in sums.items():
                chosen = part.filter(pc.equal(part["BillingCurrency"], currency))
                assert pc.sum(chosen[cost]).as_py() == total, (month, batch_ts, export, cost)


def test_the_ledger_tells_the_rows_and_sums_of_the_text(sample):
    expected = truth(sample)
    for month, _ in LIVE:
        for line in sample.ledger(month):
            mine = {key: value for key, value in expected.items() if key[1] == line["batch_ts"]}
            assert line["status"] == "published"
            assert line["rows_in"] == line["rows_out"] == sum(v[0] for v in mine.values())
            assert line["export_rows"] == {key[2]: value[0] for key, value in mine.items()}
            for sums in line["cost_sums"]:
                for cost in COSTS:
                    wanted = [v[1].get((sums["BillingCurrency"], cost)) for v in mine.values()]
                    (total,) = [t for t in wanted if t is not None] or [None]
                    assert (sums[cost] and Decimal(sums[cost])) == total


def test_no_row_is_rejected_and_nothing_is_left_in_scratch(sample):
    assert not (sample.lake / "rejected").exists()
    assert not list(sample.lake.glob("_scratch/*"))
