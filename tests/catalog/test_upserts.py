"""Rows that come again with newer values: LiteLLM's hourly files, exact in every view.

Expected values are added up by hand from the rows below.
"""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal as D

import duckdb
import pytest

from focus_lake import declare, options, storage
from focus_lake.catalog import job as catalog_job
from focus_lake.errors import DeclarationError
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from helpers.catalog import deploy, deploy_only, for_allocation

pytestmark = pytest.mark.thorough

HEAD = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart"),
    *("BillingPeriodEnd", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd"),
    *("EffectiveCost", "ProviderName", "ResourceId", "ServiceName", "SubAccountId", "Tags"),
)


def call(day: str, cost: str, key: str = "k1", model: str = "gpt", user: str = "u1") -> dict:
    start, end = f"{day}T00:00:00Z", f"{day}T23:59:59Z"
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "BillingAccountId": key,
        "BillingCurrency": "USD",
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ChargeCategory": "Usage",
        "ProviderName": "openai",
        "ResourceId": model,
        "ServiceName": model,
        "SubAccountId": "team",
        "Tags": f'{{"user_id": "{user}"}}',
    }


# Each hour's file holds the day's totals of the rows that changed.
HOURS = {
    ("2026-01-05", "01"): [call("2026-01-05", "1"), call("2026-01-05", "0.5", user="u2")],
    ("2026-01-05", "02"): [call("2026-01-05", "3")],
    # Within one file a row repeats: the last is right.
    ("2026-01-05", "03"): [call("2026-01-05", "4"), call("2026-01-05", "6")],
    ("2026-01-31", "23"): [call("2026-01-31", "10"), call("2026-01-31", "2", model="claude")],
    # A late change of the last day of January, in February's first file, and a credit.
    ("2026-02-01", "00"): [call("2026-01-31", "10.25"), call("2026-02-01", "0.000001")],
    ("2026-02-02", "09"): [call("2026-01-05", "5.75")],
}
# 2026-01-05: u1 6 then 5.75, u2 0.5; 2026-01-31: gpt 10.25, claude 2; 2026-02-01: 0.000001.
JANUARY, FEBRUARY = D("18.5"), D("0.000001")


def write(raw, hours: dict) -> None:
    for (day, hour), rows in hours.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        stamp, digits = day.replace("-", ""), int(hour)
        name = f"usage_{stamp}T{digits:02}0000Z_{stamp}T{digits:02}5959Z.csv"
        path = raw / "litellm" / f"exports/date={day}/hour={hour}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.getvalue(), encoding="utf-8")


def run(raw, lake, *words: str) -> int:
    places = [f"--raw={raw}", f"--lake={lake}", "--providers=litellm", "--quiet_minutes=0"]
    return normalize(options.parse(NormalizeOptions, [*places, *words]))


def refreshed(lake) -> duckdb.DuckDBPyConnection:
    words = ["--engine=duckdb", f"--lake={lake}"]
    assert catalog_job.main(options.parse(catalog_job.RefreshOptions, words)) == 0
    return duckdb.connect(str(lake / "focus.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("upserts")


@pytest.fixture(scope="module")
def printed(base):
    """What the job says; as a file, for the other fixture must not print it away."""
    import contextlib

    write(base / "raw", HOURS)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert run(base / "raw", base / "lake") == 0
    return told.getvalue()


@pytest.fixture(scope="module")
def lake(base, printed):
    with refreshed(base / "lake") as connection:
        yield connection


@pytest.mark.parametrize(
    "view", ["focus_litellm", "focus_unified", "focus_daily", "focus_monthly_cost"]
)
def test_every_view_shows_the_newest_of_each_row_alone(lake, view):
    found = lake.sql(f"SELECT x_BillingMonth, SUM(BilledCost) FROM {view} GROUP BY 1 ORDER BY 1")
    assert found.fetchall() == [("202601", JANUARY), ("202602", FEBRUARY)]


def test_the_newest_is_that_of_the_latest_batch_then_of_the_last_row(lake):
    rows = lake.sql("""
        SELECT CAST(ChargePeriodStart AS date)::varchar, ResourceId, x_UserId, BilledCost, batch_ts
        FROM focus_litellm ORDER BY 1, 2 DESC, 3
    """).fetchall()
    assert rows == [
        ("2026-01-05", "gpt", "u1", D("5.75"), "20260202095959"),
        ("2026-01-05", "gpt", "u2", D("0.5"), "20260105015959"),
        ("2026-01-31", "gpt", "u1", D("10.25"), "20260201005959"),
        ("2026-01-31", "claude", "u1", D("2"), "20260131235959"),
        ("2026-02-01", "gpt", "u1", D("0.000001"), "20260201005959"),
    ]


def test_days_are_those_of_the_charges(lake):
    rows = lake.sql("""
        SELECT x_ChargeDate::varchar, SUM(EffectiveCost), CAST(SUM(x_RowCount) AS int)
        FROM focus_daily WHERE x_Provider = 'litellm' GROUP BY 1 ORDER BY 1
    """).fetchall()
    assert rows == [
        ("2026-01-05", D("6.25"), 2),
        ("2026-01-31", D("12.25"), 2),
        ("2026-02-01", D("0.000001"), 1),
    ]


def test_a_filter_on_the_month_gives_that_month(lake):
    query = "SELECT SUM(BilledCost) FROM focus_litellm WHERE x_BillingMonth = '202601'"
    assert lake.sql(query).fetchall() == [(JANUARY,)]


def test_a_filter_on_the_month_opens_no_file_of_another(lake):
    query = "EXPLAIN SELECT SUM(BilledCost) FROM focus_litellm WHERE x_BillingMonth = '202602'"
    ((_, plan),) = lake.sql(query).fetchall()
    # January's files, and February's that hold January's late rows.
    assert sorted(re.findall(r"Scanning Files: (\d+/\d+)", plan)) == ["0/6", "1/6"]


def test_restatements_tell_what_each_delivery_changed(lake):
    rows = lake.sql("""
        SELECT batch_ts, ServiceName, x_BilledCostChange, BilledCost, x_RowCount
        FROM focus_restatements
        WHERE x_Provider = 'litellm' AND x_BillingMonth = '202601' AND x_Delivery = 'upsert'
        ORDER BY 1, 2
    """).fetchall()
    assert rows == [
        ("20260105025959", "gpt", D("2"), D("3.5"), 2),
        ("20260105035959", "gpt", D("3"), D("6.5"), 2),
        ("20260131235959", "claude", D("2"), D("2"), 1),
        ("20260131235959", "gpt", D("10"), D("16.5"), 3),
        ("20260201005959", "gpt", D("0.25"), D("16.75"), 3),
        ("20260202095959", "gpt", D("-0.25"), D("16.5"), 3),
    ]


def test_the_measures_count_the_live_rows(lake):
    rows = lake.sql("""
        SELECT metric, value FROM focus_pipeline_metrics
        WHERE provider = 'litellm' AND x_BillingMonth = '202601' AND metric = 'M1'
    """).fetchall()
    assert rows == [("M1", D(1))]  # every row has an owner: the user


def test_a_row_that_repeats_within_a_batch_is_named_with_its_sum(printed):
    (line,) = [line for line in printed.splitlines() if line.startswith("WARNING")]
    assert "litellm/202601/20260105035959: 1 of 2 rows, billed USD 4, repeat a key within" in line
    assert "k1, 2026-01-05" in line


def test_the_same_files_as_increments_are_warned_of_with_the_sum_in_question(
    base, printed, tmp_path, capsys
):
    own = tmp_path / "own"
    own.mkdir()
    text = (declare_file()).read_text(encoding="utf-8")
    text = text.replace('delivery = "upsert"', 'delivery = "increment"')
    text = text.replace("key = [", "key_was = [")
    text = "\n".join(line for line in text.splitlines() if "deliveries" not in line)
    start, end = text.index("key_was = ["), text.index("]", text.index("key_was = [")) + 1
    (own / "hourly.toml").write_text(
        (text[:start] + text[end:]).replace('"litellm"', '"hourly"').replace("every_hours = 24", "")
    )
    (base / "raw" / "hourly").symlink_to(base / "raw" / "litellm")
    words = [f"--raw={base / 'raw'}", f"--lake={tmp_path / 'lake'}", "--providers=hourly"]
    words += ["--quiet_minutes=0", f"--declarations={own}"]
    assert normalize(options.parse(NormalizeOptions, words)) == 0
    warned = [x for x in capsys.readouterr().out.splitlines() if x.startswith("WARNING")]
    # 3 of the second hour, 4 and 6 of the third; 10.25 lies in the folder of February.
    assert [line.split(",")[1].strip() for line in warned] == ["billed USD 3", "billed USD 10"]
    assert 'declare delivery = "upsert" with its key' in warned[0]


def declare_file():
    from focus_lake.resources import data

    return data("declare", "providers", "litellm.toml")


@pytest.mark.parametrize(
    "change, words",
    [
        ('key = ["BilledCosts"]', "did you mean 'BilledCost'"),
        ('key = ["Tags"]', "declare its key as a column"),
        ('key = ["x_Export"]', "'x_Export' is not a column that a file fills"),
        ("key = []", "upsert needs the columns that tell one row from another"),
        ('delivery = "snapshot"', "a snapshot replaces the month as a whole"),
    ],
)
def test_a_key_that_tells_nothing_apart_is_refused(tmp_path, change, words):
    (tmp_path / "litellm.toml").write_text(change, encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        declare.load("litellm", storage.at(str(tmp_path)))
    assert words in str(error.value)


def test_what_was_kept_of_a_month_follows_a_row_that_another_folder_replaced(tmp_path, monkeypatch):
    deploy_only(monkeypatch, for_allocation)
    sums = "SELECT SUM(BilledCost) FROM focus_allocated_cost"

    def pushed(hours: dict) -> list[tuple]:
        write(tmp_path / "raw", hours)
        assert run(tmp_path / "raw", tmp_path / "lake") == 0
        with refreshed(tmp_path / "lake") as lake:
            return lake.sql(sums).fetchall()

    assert pushed(HOURS) == [(JANUARY + FEBRUARY,)]
    # February's folder held charges of January before, so the text of the views is as it was.
    late = {("2026-02-03", "01"): [call("2026-01-31", "3", model="claude")]}
    assert pushed(late) == [(JANUARY + FEBRUARY + 1,)]  # 3 in the place of 2


@pytest.mark.trino
def test_trino_shows_the_same(request, tmp_path, tmp_path_factory):
    def fill(lake) -> dict:
        write(tmp_path / "raw", HOURS)
        assert run(tmp_path / "raw", lake.root) == 0
        return {}

    deployed = deploy("trino", request, tmp_path_factory, fill, "upserts")
    for view in ("focus_litellm", "focus_daily"):
        query = f"SELECT x_BillingMonth, SUM(BilledCost) FROM {view} GROUP BY 1 ORDER BY 1"
        assert deployed.query(query) == [("202601", JANUARY), ("202602", FEBRUARY)]
    changed = deployed.query(
        "SELECT batch_ts, x_BilledCostChange FROM focus_restatements "
        "WHERE x_BillingMonth = '202601' AND ServiceName = 'gpt' ORDER BY 1"
    )
    assert [change for _, change in changed] == [D("2"), D("3"), D("10"), D("0.25"), D("-0.25")]
