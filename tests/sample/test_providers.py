"""What holds for every provider's sample: exact truth, the same bytes, a layout as declared."""

import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from focus_lake import declare, options, storage
from focus_lake.raw import find
from focus_lake.raw.batch import Batch
from focus_lake.sample.__main__ import PROVIDERS, main
from focus_lake.sample.options import SampleOptions
from helpers.sample_exports import digests, make, paths, rows_of, sums, truth

pytestmark = pytest.mark.thorough

OTHERS = ("aws", "azure", "gcp", "oci", "datacenter", "ai_spend")
GIVEN = {"rows": 2000, "pushes": 2, "parts": 300}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    for name in OTHERS:
        make(folder / name, name, **GIVEN)
    return folder


@pytest.fixture(params=OTHERS)
def provider(request):
    return request.param


def found(folder, provider) -> list[Batch]:
    batches, strays = find.find(storage.at(str(folder)), declare.load(provider))
    assert strays == []
    return batches


def test_the_truth_equals_sums_of_the_raw_files_by_the_batches_that_the_job_finds(base, provider):
    currency = "USD" if provider == "ai_spend" else None
    expected = {}
    for batch in found(base / provider / provider, provider):
        assert (batch.reasons, batch.waits) == ([], [])
        rows = defaultdict(list)
        for file in batch.files:
            rows[file.export] += rows_of(base / provider / provider / file.path)
        for export, of_export in rows.items():
            expected[(*batch.key, export)] = (len(of_export), sums(of_export, currency))
    told = truth(base / provider)
    assert {key: (line["rows"], line["sums"]) for key, line in told.items()} == expected
    assert {line["provider"] for line in told.values()} == {provider}


def test_every_month_has_money_in_it(base, provider):
    billed = defaultdict(Decimal)
    for (month, _, _), line in truth(base / provider).items():
        billed[month] += sum(columns["BilledCost"] for columns in line["sums"].values())
    assert sorted(billed) == ["202512", "202601"]
    assert all(billed.values())


def test_the_same_options_give_the_same_bytes_and_another_seed_gives_others(
    tmp_path, base, provider
):
    before = digests(base / provider / provider)
    assert digests(make(tmp_path / "again", provider, **GIVEN)) == before
    other = digests(make(tmp_path / "other", provider, **GIVEN, seed=2))
    assert other.keys() == before.keys()
    changed = {path for path in before if other[path] != before[path]}
    # AWS's manifests tell names and times, which are no matter of the seed.
    assert set(before) - changed == {path for path in before if "/metadata/" in path}


def test_a_second_run_changes_no_file_that_is_the_same(base, provider):
    folder = base / provider / provider
    before = {path: (folder / path).stat().st_mtime_ns for path in paths(folder)}
    make(base / provider, provider, **GIVEN)
    assert {path: (folder / path).stat().st_mtime_ns for path in paths(folder)} == before


def test_a_smaller_sample_leaves_no_part_of_a_larger_one_and_no_file_of_others(tmp_path, provider):
    folder = make(tmp_path, provider, rows=8000, pushes=3, parts=300)
    (folder / "other/202601").mkdir(parents=True)
    (folder / "other/202601/mine.csv").touch()
    make(tmp_path, provider, rows=1000, pushes=1)
    left = make(tmp_path / "alone", provider, rows=1000, pushes=1)
    assert paths(folder) == sorted([*paths(left), "other/202601/mine.csv"])


def test_rows_are_the_same_in_other_processes(tmp_path, monkeypatch, base):
    monkeypatch.setattr("focus_lake.sample.__main__.FEW_ROWS", 0)
    for name in ("aws", "azure"):  # the one with times of files, and the one with their sizes
        folder = make(tmp_path / name, name, **GIVEN, workers=2)
        assert digests(folder) == digests(base / name / name)


def test_a_month_that_has_not_come_to_its_end_has_its_first_pushes_only(tmp_path, provider):
    make(tmp_path, provider, rows=2000, pushes=3, arrived=1)
    months = [month for month, _, _ in truth(tmp_path)]
    expected = {  # batches of December, and of January until the 12th
        "aws": (4, 2),
        "azure": (6, 2),
        "gcp": (3, 1),
        "oci": (31, 11),
        "datacenter": (4, 0),
        "ai_spend": (3, 1),
    }
    assert (months.count("202512"), months.count("202601")) == expected[provider]


def test_one_command_makes_all_seven(tmp_path):
    names = ",".join(PROVIDERS)
    words = [f"--out={tmp_path}/raw", f"--providers={names}", f"--truth={tmp_path}/truth.json"]
    assert (
        main(
            options.parse(
                SampleOptions, [*words, "--rows=200", "--pushes=1", "--workers=1", "--until=202601"]
            )
        )
        == 0
    )
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == sorted(PROVIDERS)
    lines = json.loads((tmp_path / "truth.json").read_text())
    assert {line["provider"] for line in lines} == set(PROVIDERS)
    rows = defaultdict(int)
    for line in lines:
        rows[line["provider"]] += line["rows"]
    assert rows["alibaba"] == 400
    assert all(0 < rows[name] < 400 for name in OTHERS)


@pytest.mark.parametrize(
    "today, month",
    [("20261112", "202611"), ("20261202", "202611"), ("20261205", "202612")],
)
def test_nothing_of_a_sample_is_of_the_day_it_is_made_or_later(tmp_path, today, month):
    """And a month that was whole by then has the bytes that it has with --until."""
    yesterday = f"{datetime.strptime(today, '%Y%m%d') - timedelta(days=1):%Y%m%d}"
    names = ",".join(PROVIDERS)
    given = {"providers": names, "rows": 700, "until": "", "today": today}
    make(tmp_path / "now", "", **given)
    batches = truth(tmp_path / "now")
    times = [batch_ts[:8] for _, batch_ts, _ in batches]
    assert max(times) < today and max(times) == yesterday
    assert min(times) < max(times)
    assert max(yearmonth for yearmonth, _, _ in batches) == month
    if today == "20261112":  # the month before is whole by then
        make(tmp_path / "then", "", **{**given, "until": "202610", "months": 1, "today": ""})
        now, then = digests(tmp_path / "now"), digests(tmp_path / "then")
        other = ("truth.json", "azure/", "aws/", "ai_spend/", "litellm/")  # last month differs
        same = {path for path in then if not path.startswith(other)}
        assert same and {path: now[path] for path in same} == {p: then[p] for p in same}
