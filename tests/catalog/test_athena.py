"""The requests to Athena: what is asked, in which order, and what happens when it refuses."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal as D

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focus_lake.catalog import job, kept
from focus_lake.catalog.engines import athena, unloaded
from focus_lake.errors import CatalogError
from focus_lake.options import parse
from focus_lake.storage.local import LocalStore
from helpers.catalog import deploy_only, for_allocation, refresh
from helpers.fake_athena import FakeAthena
from helpers.lakes import Lake, charge
from helpers.rights import ASKS

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("few_views")]

FIRST, SECOND = "20260110173000", "20260111173000"
FOLDER = "yearmonth=202601/batch_ts={0}/publication={0}-202601"


@pytest.fixture
def fake(monkeypatch):
    server = FakeAthena("focus")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", server.url)
    # Waiting is not what is tested; how long it would be is.
    server.waits = []
    monkeypatch.setattr(athena.time, "sleep", server.waits.append)
    monkeypatch.setattr(athena, "POLL_SECONDS", 0)
    yield server
    server.close()


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.batch("alibaba", "202601", FIRST, [charge("2026-01-05", "10")])
    return lake


def deploy(lake: Lake, *more: str) -> int:
    return refresh(
        *("--engine", "athena", "--lake", str(lake.root), "--location", "s3://bucket/lake"),
        *("--workgroup", "finops", "--output_location", "s3://results/"),
        *("--providers", "alibaba", *more),
    )


def kinds(statements: list[str]) -> list[str]:
    return [" ".join(sql.split()[:3]) for sql in statements]


def test_everything_is_deployed_from_the_bottom_up_one_statement_a_call(every_view, fake, lake):
    assert deploy(lake) == 0
    made = [s for s in fake.statements if s.startswith("CREATE EXTERNAL TABLE")]
    tables, again = list(dict.fromkeys(made)), made[len(set(made)) :]
    with_new_files = [*(one.table for one in kept.every()), "focus_metric_history"]
    found = sorted(sql.split()[6] for sql in again)  # rows were kept, measures written meanwhile
    assert found == sorted(f"focus.{name}" for name in with_new_files)
    assert len(tables) >= 4  # the ledger's, exchange rates', normalized, rejected
    assert fake.statements[: len(tables)] == tables
    wanted = [
        "SHOW PARTITIONS focus.focus_alibaba_daily",
        "MSCK REPAIR TABLE",
        "SHOW PARTITIONS focus.focus_alibaba_normalized",
        "ALTER TABLE focus.focus_alibaba_normalized",
        "MSCK REPAIR TABLE",
        "MSCK REPAIR TABLE",
        "CREATE OR REPLACE VIEW focus.focus_alibaba AS",
    ]
    following = fake.statements[len(tables) :]
    pairs = zip(following, wanted, strict=False)
    found = [" ".join(sql.split()[: len(want.split())]) for sql, want in pairs]
    assert found == wanted
    views = [sql for sql in following[6:] if sql not in again and not sql.startswith(ASKS)]
    of_kept = [sql for sql in views if " focus.focus_kept_" in sql and "VIEW" not in sql]
    tables_of_kept = [f"focus.{one.table}" for one in kept.every()]
    assert sorted(kinds(of_kept)) == sorted(
        [f"SHOW PARTITIONS {name}" for name in tables_of_kept] * 2
        + [f"ALTER TABLE {name}" for name in tables_of_kept]
    )
    views = [sql for sql in views if sql not in of_kept]
    assert set(kinds(views)) == {"CREATE OR REPLACE"}
    assert not [sql for sql in fake.statements if sql.startswith("--") or sql.endswith(";")]


def test_workgroup_and_result_location_are_passed(fake, lake):
    assert deploy(lake) == 0
    request = fake.requests[0]
    assert request["WorkGroup"] == "finops"
    assert request["ResultConfiguration"]["OutputLocation"] == "s3://results/"
    assert request["QueryExecutionContext"]["Database"] == "focus"


def test_new_partitions_are_added_by_name_and_known_ones_are_not_added_again(fake, lake):
    assert deploy(lake) == 0
    assert (
        "ALTER TABLE focus.focus_alibaba_normalized ADD IF NOT EXISTS\n"
        f"PARTITION (yearmonth = '202601', batch_ts = '{FIRST}', publication = '{FIRST}-202601') "
        f"LOCATION 's3://bucket/lake/normalized/alibaba/{FOLDER.format(FIRST)}/'"
    ) in fake.statements
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    fake.statements.clear()
    assert deploy(lake) == 0
    (added,) = [sql for sql in fake.statements if "ADD IF NOT EXISTS\n" in sql]
    assert SECOND in added
    assert FIRST not in added


def test_kept_rows_are_a_partition_that_the_view_names(every_view, fake, lake, monkeypatch):
    deploy_only(monkeypatch, for_allocation)
    assert deploy(lake) == 0
    name = "allocation_shares"
    (path,) = lake.root.glob(f"kept/{name}/yearmonth=202601/*/part.parquet")
    revision = path.parent.name.removeprefix("revision=")
    assert (
        f"ALTER TABLE focus.focus_kept_{name} ADD IF NOT EXISTS\n"
        f"PARTITION (yearmonth = '202601', revision = '{revision}') "
        f"LOCATION 's3://bucket/lake/kept/{name}/yearmonth=202601/revision={revision}/'"
    ) in fake.statements
    before, after = [s for s in fake.statements if f"VIEW focus.focus_{name} " in s]
    assert "FROM focus.focus_allocated_now" in before
    assert f"WHERE (yearmonth, revision) IN (\n    ('202601', '{revision}')\n)" in after
    assert "focus_allocated_now" not in after


HALVES = [D("4.999999999999999999"), D("5.000000000000000001")]
HEAD = "UNLOAD (\nSELECT\n    yearmonth,\n    CAST(x_RuleSet AS varchar) AS x_RuleSet,\n"
TAIL = (
    "FROM focus.focus_allocated_now\nWHERE yearmonth IN ('202601')\n) TO '{0}' "
    "WITH (format = 'PARQUET', compression = 'SNAPPY')"
)


@pytest.fixture
def unloading(every_view, fake, lake, monkeypatch):
    """The views of who pays, on an Athena that unloads two files of a row each; where it did."""
    deploy_only(monkeypatch, for_allocation)
    sums = [("202601", "alibaba", "CNY", D(10), D(10))]
    ask = athena.Athena.query
    monkeypatch.setattr(
        athena.Athena, "query", lambda one, sql: sums if "focus_daily" in sql else ask(one, sql)
    )
    targets: list[str] = []

    def unload(sql: str, target: str) -> None:
        if "focus_allocated_now" not in sql:
            return
        targets.append(target)
        folder = lake.root / target.removeprefix("s3://bucket/lake/")
        assert not folder.exists(), "Athena refuses a folder that has files"
        folder.mkdir(parents=True)
        for number, half in enumerate(HALVES):
            pq.write_table(shares(half), folder / f"20260301_000000_00000_{number}")  # no ending

    fake.unload, fake.targets = unload, targets
    return fake


def shares(billed: D) -> pa.Table:
    """As Athena writes rows: names in lower case."""
    known = {"yearmonth": "202601", "x_ruleset": "active", "x_provider": "alibaba"}
    known |= {"billingcurrency": "CNY", "x_payer": "cc-0", "billedcost": billed}
    known["effectivecost"] = billed
    text, cost = pa.string(), pa.decimal128(38, 18)
    types = {"billedcost": cost, "effectivecost": cost, "x_allocationruleversion": pa.int64()}
    names = [name.lower() for name in kept.of_view("focus_allocation_shares").columns()]
    arrays = [pa.array([known.get(name)], types.get(name, text)) for name in names]
    return pa.table(dict(zip(names, arrays, strict=True)))


def test_kept_rows_are_unloaded_and_checked_before_a_view_names_them(unloading, lake):
    assert deploy(lake) == 0
    (target,) = unloading.targets
    assert re.fullmatch("s3://bucket/lake/kept/_unloaded/[0-9a-f]{32}/", target)
    (sql,) = [s for s in unloading.statements if "UNLOAD" in s and "focus_allocated_now" in s]
    assert sql.startswith(HEAD)
    assert sql.endswith(TAIL.format(target))
    (path,) = lake.root.glob("kept/allocation_shares/yearmonth=202601/*/part.parquet")
    rows = pq.read_table(path, partitioning=None).to_pylist()
    assert [(row["x_Payer"], row["BilledCost"]) for row in rows] == [
        ("cc-0", D("4.999999999999999999")),
        ("cc-0", D("5.000000000000000001")),
    ]


def test_an_unload_that_failed_is_made_again_into_an_empty_folder(unloading, lake):
    unloading.refuse["UNLOAD"] = ["Rate exceeded"]
    assert deploy(lake) == 0
    first, second = unloading.targets
    assert first != second
    (path,) = lake.root.glob("kept/allocation_shares/*/*/part.parquet")
    assert pq.read_metadata(path).num_rows == 2, "what the first try left is not read"


def test_rows_that_lost_a_cost_on_the_way_are_not_kept(unloading, lake, capsys):
    write = unloading.unload

    def loses(sql: str, target: str) -> None:
        write(sql, target)
        for path in lake.root.glob("kept/_unloaded/*/*_1"):
            path.unlink()

    unloading.unload = loses
    assert deploy(lake) == 1
    told = capsys.readouterr().out
    assert "billed differs by -5.000000000000000001" in told
    assert not list(lake.root.glob("kept/allocation_shares/*/*/part.parquet"))


def test_what_was_unloaded_is_read_in_the_types_of_the_table(tmp_path):
    schema = pa.schema([("x_At", pa.timestamp("us")), ("x_Cost", pa.decimal128(38, 18))])
    at, cost = (
        datetime(2026, 1, 5, 12, 30, 0, 125000),
        D("-12345678901234567890.000000000000000001"),
    )
    table = pa.table({"x_cost": pa.array([cost, None], schema.field(1).type), "x_at": [at, None]})
    store = LocalStore(str(tmp_path))
    folder = tmp_path / unloaded.new_folder()
    assert list(unloaded.batches(store, folder.name, schema)) == [], "no rows, no file"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "0", use_deprecated_int96_timestamps=True)
    path = str(folder.relative_to(tmp_path))
    (batch,) = unloaded.batches(store, path, schema)
    assert batch.schema == schema
    assert batch.to_pylist() == [{"x_At": at, "x_Cost": cost}, {"x_At": None, "x_Cost": None}]
    pq.write_table(table.drop_columns("x_cost"), folder / "1")
    with pytest.raises(CatalogError, match=rf"{path}/1: not what was asked of Athena: .*x_cost"):
        list(unloaded.batches(store, path, schema))


def test_a_missing_column_is_added_and_a_changed_type_is_refused(fake, lake, capsys):
    assert deploy(lake) == 0
    table = fake.tables["focus_alibaba_normalized"]
    del table["x_commoditycode"]
    assert deploy(lake) == 0
    change = "ALTER TABLE focus.focus_alibaba_normalized ADD COLUMNS (x_CommodityCode string)"
    assert change in fake.statements
    table["billedcost"] = "double"
    fake.statements.clear()
    assert deploy(lake) == 1
    out = capsys.readouterr().out
    assert "BilledCost is double in the catalog and decimal(38,18) in the declaration" in out
    assert not [sql for sql in fake.statements if "VIEW focus.focus_alibaba " in sql]


def test_throttled_requests_are_made_again(fake, lake):
    fake.throttle = 2
    assert deploy(lake) == 0


def test_a_statement_that_failed_for_a_passing_reason_is_run_again_with_back_off(fake, lake):
    fake.refuse["MSCK REPAIR TABLE focus.focus_alibaba_normalized"] = ["Rate exceeded"] * 2
    assert deploy(lake) == 0
    assert [wait for wait in fake.waits if wait >= 1] == [1, 2]


def refused(fake: FakeAthena) -> str:
    (sql,) = [sql for sql in fake.statements if "VIEW focus.focus_alibaba " in sql]
    return sql


def test_a_refused_statement_is_named_with_athenas_reason_and_query_id(fake, lake, capsys):
    fake.refuse["VIEW focus.focus_alibaba "] = ["COLUMN_NOT_FOUND: line 3:5"]
    assert deploy(lake) == 1
    said = capsys.readouterr()
    assert "FAILED alibaba" in said.out
    query = f"query-{fake.statements.index(refused(fake)) + 1}"
    assert f"workgroup finops, query {query}, refuses: COLUMN_NOT_FOUND: line 3:5" in said.out
    assert "statement: CREATE OR REPLACE VIEW focus.focus_alibaba AS SELECT" in said.out
    logged = [json.loads(text) for text in said.err.splitlines()]
    assert query in [event.get("query_id") for event in logged]


def test_after_a_failure_half_way_the_next_run_completes(every_view, fake, lake):
    fake.refuse["VIEW focus.focus_v1_2"] = ["INTERNAL: no"]
    assert deploy(lake) == 1
    assert "focus_v1_3" not in fake.tables
    assert deploy(lake) == 0
    assert "focus_tag_coverage" in fake.tables


def test_an_unknown_database_is_named(fake, lake, capsys):
    assert deploy(lake, "--database", "focsu") == 1
    out = capsys.readouterr().out
    assert "cannot list database focsu: " in out
    assert "CREATE DATABASE focsu" in out
    assert fake.statements == []


def test_missing_permission_is_named(fake, lake, capsys):
    denied = "Access denied when writing output to url: s3://results/"
    fake.refuse["CREATE EXTERNAL TABLE"] = [denied]
    assert deploy(lake) == 1
    assert denied in capsys.readouterr().out


def test_a_plan_reads_the_catalog_and_changes_nothing(fake, lake, capsys):
    assert deploy(lake, "--dry_run", "true") == 0
    assert fake.statements == []
    out = capsys.readouterr().out
    assert "MSCK REPAIR TABLE focus.focus_alibaba_rejected;" in out
    assert "ADD IF NOT EXISTS" in out


def test_what_the_views_named_until_now_stays_until_the_next_refresh(fake, lake):
    assert deploy(lake) == 0
    lake.batch(
        *("alibaba", "202601", FIRST, [charge("2026-01-05", "11")]), publication="20260302000000-b"
    )
    before = fake.partitions["focus_alibaba_normalized"] | set()
    ledger = lake.root / "ledger/alibaba/202601.jsonl"
    ledger.write_text(ledger.read_text().splitlines()[1] + "\n")  # the line that replaced the other
    fake.statements.clear()
    assert deploy(lake, "--expire_superseded_days", "1") == 0
    assert "SHOW CREATE VIEW focus.focus_alibaba" in fake.statements
    assert not [sql for sql in fake.statements if " DROP " in sql]
    assert before < fake.partitions["focus_alibaba_normalized"]
    assert deploy(lake, "--expire_superseded_days", "1") == 0
    (left,) = fake.partitions["focus_alibaba_normalized"]
    assert left.endswith("publication=20260302000000-b")
    assert len(list(lake.root.glob("normalized/alibaba/*/*/*"))) == 1


def test_a_table_of_the_former_layout_is_made_anew_and_its_files_stay(fake, lake):
    assert deploy(lake) == 0
    fake.keys["focus_alibaba_normalized"] = ["yearmonth", "batch_ts"]
    fake.partitions["focus_alibaba_normalized"] = {f"yearmonth=202601/batch_ts={FIRST}"}
    fake.statements.clear()
    assert deploy(lake) == 0
    drop = fake.statements.index("DROP TABLE IF EXISTS focus.focus_alibaba_normalized")
    create = fake.statements[drop + 1]
    assert create.startswith("CREATE EXTERNAL TABLE IF NOT EXISTS focus.focus_alibaba_normalized")
    assert fake.partitions["focus_alibaba_normalized"] == {FOLDER.format(FIRST)}
    assert list(lake.root.glob("normalized/alibaba/*/*/*/*.parquet"))


def test_expiry_drops_the_partitions_of_what_it_deletes(fake, lake):
    assert deploy(lake) == 0
    lake.batch("alibaba", "202601", SECOND, [charge("2026-01-05", "11")])
    assert deploy(lake) == 0
    assert deploy(lake, "--expire_superseded_days", "1") == 0
    drop = (
        "ALTER TABLE focus.focus_alibaba_normalized DROP IF EXISTS "
        f"PARTITION (yearmonth = '202601', batch_ts = '{FIRST}', publication = '{FIRST}-202601')"
    )
    assert [sql for sql in fake.statements if " DROP " in sql] == [drop]
    left = {FOLDER.format(SECOND)}
    assert fake.partitions["focus_alibaba_normalized"] == left
    assert deploy(lake) == 0
    assert fake.partitions["focus_alibaba_normalized"] == left, "what expired stays away"


def test_glues_own_arguments_are_passed_over():
    argv = ["--JOB_NAME", "x", "--TempDir", "s3://t/", "--enable-metrics", "true"]
    options = parse(job.RefreshOptions, [*argv, "--engine", "athena", "--lake", "s3://bucket/lake"])
    assert options.lake == "s3://bucket/lake"
