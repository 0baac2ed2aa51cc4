"""Kept views: rows are worked out once by the refresh, and again only for a month that changed."""

from __future__ import annotations

import os
import re
import time
from decimal import Decimal

import pytest

from focus_lake.catalog import keeping, kept, revisions, sources
from focus_lake.errors import StorageError
from focus_lake.storage.local import LocalStore
from helpers.catalog import deploy_only, for_allocation, on_duckdb, refresh
from helpers.lakes import Lake, charge

SHOWN = "yearmonth, x_Payer, BilledCost"
RULE = """[[rule]]
id = "r"
version = 1
title = "r"
owner = "me"
why = "agreed"
status = "active"
[rule.match]
x_CostCenter = { is_null = true }
[rule.split]
method = "even"
targets = ["cc-0", "cc-1"]
"""


@pytest.fixture
def lake(tmp_path, monkeypatch) -> Lake:
    """Two months of charges and one rule, deployed with the views of who pays alone."""
    deploy_only(monkeypatch, for_allocation)
    made = Lake(tmp_path / "lake")
    made.batch("alibaba", "202512", "20251231173000", [charge("2025-12-05", "9")])
    made.batch(
        "alibaba", "202601", "20260131173000", [charge("2026-01-05", "10.000000000000000001")]
    )
    (made.root / "reference" / "allocation").mkdir(parents=True)
    (made.root / "reference" / "cost_centers").mkdir()
    (made.root / "reference" / "allocation" / "a.toml").write_text(RULE)
    (made.root / "reference" / "cost_centers" / "a.csv").write_text(
        "cost_center,department,business_unit\ncc-0,A,U\ncc-1,B,U\n"
    )
    return made


def run(lake: Lake, *more: str) -> int:
    return refresh("--engine", "duckdb", "--lake", str(lake.root), "--providers", "alibaba", *more)


def files(lake: Lake) -> dict[str, list[str]]:
    """Month -> revisions that lie in the lake."""
    found: dict[str, list[str]] = {}
    for path in sorted(lake.root.glob("kept/allocation_shares/*/*/part.parquet")):
        month, revision = (part.split("=")[1] for part in path.parts[-3:-1])
        found.setdefault(month, []).append(revision)
    return found


def shown(lake: Lake) -> str:
    ((text,),) = on_duckdb(
        lake.root, "SELECT sql FROM duckdb_views() WHERE view_name = 'focus_allocation_shares'"
    )
    return text


@pytest.mark.thorough
def test_a_month_is_worked_out_again_only_when_something_below_it_changed(lake):
    assert run(lake) == 0
    first = files(lake)
    assert {month: len(of) for month, of in first.items()} == {"202512": 1, "202601": 1}
    rows = on_duckdb(lake.root, f"SELECT {SHOWN} FROM focus_allocated_cost ORDER BY 1, 2")
    half = Decimal("4.500000000000000000")
    assert rows[:2] == [("202512", "cc-0", half), ("202512", "cc-1", half)]
    assert sum(row[2] for row in rows[2:]) == Decimal("10.000000000000000001")
    assert "focus_allocated_now" not in shown(lake), "nothing is worked out by a query"

    assert run(lake) == 0
    assert files(lake) == first, "nothing changed"

    lake.batch("alibaba", "202601", "20260201173000", [charge("2026-01-05", "12")])
    assert run(lake) == 0
    second = files(lake)
    assert second["202512"] == first["202512"]
    assert len(second["202601"]) == 2
    total = "SELECT SUM(BilledCost) FROM focus_allocated_cost WHERE yearmonth = '202601'"
    assert on_duckdb(lake.root, total) == [(Decimal(12),)]

    rule = lake.root / "reference" / "allocation" / "a.toml"
    rule.write_text(
        RULE.replace('["cc-0", "cc-1"]', '["cc-0"]').replace("version = 1", "version = 2")
    )
    assert run(lake) == 0
    assert {month: len(of) for month, of in files(lake).items()} == {"202512": 2, "202601": 3}
    payers = on_duckdb(lake.root, "SELECT DISTINCT x_Payer FROM focus_allocated_cost")
    assert payers == [("cc-0",)]


@pytest.mark.thorough
def test_where_the_lake_takes_no_file_the_view_works_it_out_and_the_run_says_so(
    lake, monkeypatch, capsys
):
    put = LocalStore.put_if

    def refuses(store, path, data, version):
        if path.startswith("kept/"):
            raise StorageError(f"{path}: cannot write: Access Denied")
        return put(store, path, data, version)

    monkeypatch.setattr(LocalStore, "put_if", refuses)
    assert run(lake) == 1
    told = capsys.readouterr().out
    assert re.search(r"FAILED kept focus_allocation_shares: kept/.*Access Denied; until it", told)
    assert f"may read and write {lake.root}/kept/allocation_shares/" in told
    assert "focus_allocated_now" in shown(lake)
    assert on_duckdb(lake.root, "SELECT SUM(BilledCost) FROM focus_allocated_cost") == [
        (Decimal("19.000000000000000001"),)
    ]
    monkeypatch.undo()
    deploy_only(monkeypatch, for_allocation)
    assert run(lake) == 0, "the next run keeps it"
    assert "focus_allocated_now" not in shown(lake)


@pytest.mark.thorough
def test_where_the_engine_refuses_all_other_views_are_deployed(lake, monkeypatch, capsys):
    def refuses(engine, sql, schema):
        engine.query("SELECT 1 / (yearmonth = 'x')")  # breaks off the open transaction
        yield

    monkeypatch.setattr("focus_lake.catalog.engines.duckdb.DuckDB.stream", refuses)
    assert run(lake) == 1
    assert "FAILED kept focus_allocation_shares: DuckDB refuses" in capsys.readouterr().out
    assert on_duckdb(lake.root, "SELECT COUNT(*) FROM focus_chargeback") == [(4,)]
    assert files(lake) == {}


@pytest.mark.thorough
def test_a_month_whose_cost_does_not_come_out_again_is_not_kept(lake, monkeypatch, capsys):
    stream = keeping.kept.computed

    def loses(one, database, months=None):
        sql = stream(one, database, months)
        if months is None:
            return sql
        return f"SELECT * FROM ({sql}) AS x WHERE yearmonth <> '202601' OR x_Payer <> 'cc-1'"

    monkeypatch.setattr(keeping.kept, "computed", loses)
    assert run(lake) == 1
    told = capsys.readouterr().out
    assert re.search(
        r"FAILED kept focus_allocation_shares: what was .* 202601 alibaba CNY: billed differs by "
        r"-5\.00000000000000000\d, effective by -5\.00000000000000000\d from focus_daily",
        told,
    )
    assert set(files(lake)) == {"202512"}


@pytest.mark.thorough
def test_expired_revisions_go_one_refresh_after_the_view_left_them(lake):
    assert run(lake) == 0
    (old,) = files(lake)["202601"]
    lake.batch("alibaba", "202601", "20260201173000", [charge("2026-01-05", "12")])
    for path in lake.root.glob("kept/**/part.parquet"):
        os.utime(path, (time.time() - 9 * 86_400,) * 2)
    assert run(lake, "--expire_superseded_days", "7") == 0
    assert old in files(lake)["202601"], "a query that began before may be reading it"
    assert run(lake, "--expire_superseded_days", "10") == 0
    assert old in files(lake)["202601"], "too young"
    assert run(lake, "--expire_superseded_days", "7") == 0
    assert old not in files(lake)["202601"]
    assert len(files(lake)["202601"]) == len(files(lake)["202512"]) == 1
    assert on_duckdb(lake.root, "SELECT SUM(BilledCost) FROM focus_allocated_cost") == [
        (Decimal(21),)
    ]


@pytest.mark.thorough
def test_the_refresh_names_a_rule_that_matches_nothing_with_its_last_match(lake, capsys):
    other = RULE.replace('"r"', '"ghost"').replace("is_null = true", 'prefix = "x"')
    (lake.root / "reference" / "allocation" / "a.toml").write_text(RULE + other)
    lake.batch(
        "alibaba", "202602", "20260228173000", [charge("2026-02-05", "1", x_CostCenter="cc-0")]
    )
    assert run(lake) == 0
    told = capsys.readouterr().out
    file = "reference/allocation/a.toml line"
    assert (
        f"note: {file} 1: rule r (version 1) matches nothing in 202602; "
        "its last match was in 202601" in told
    )
    assert (
        f"note: {file} 13: rule ghost (version 1) matches nothing in 202602; it never matched"
        in told
    )


def test_a_plan_keeps_nothing_and_names_the_months(lake, capsys):
    assert run(lake, "--dry_run", "true") == 0
    assert "-- keep: 202512, 202601 of focus.focus_allocated_now" in capsys.readouterr().out
    assert files(lake) == {}


def below(tmp_path, **more) -> revisions.Below:
    given = {
        "views": {
            "focus_x_now": "SELECT * FROM focus.focus_daily JOIN focus.focus_fx_rates",
            "focus_daily": "SELECT * FROM focus.focus_p_by_day",
            "focus_other": "SELECT 1",
        },
        "tables": {"focus_fx_rates": "rates"},
        "providers": {
            "p": ["SELECT a WHERE (y) IN (\n('202601', '1', 'a'),\n('202602', '2', 'b'))"]
        },
        **more,
    }
    return revisions.Below("focus", "s3://l", store=LocalStore(str(tmp_path)), **given)


def test_a_revision_is_of_what_its_rows_rest_on_and_of_nothing_else(tmp_path, monkeypatch):
    one = kept.Kept("x", "focus_x_now", "month")
    monkeypatch.setattr(kept.Kept, "fields", lambda _: ())
    was = below(tmp_path).revisions(one)
    assert set(was) == {"202601", "202602"}

    def now(**more) -> dict:
        return below(tmp_path, **more).revisions(one)

    views = below(tmp_path).views
    assert now(views={**views, "focus_other": "SELECT 2"}) == was
    assert now(views={**views, "focus_daily": "SELECT b FROM focus.focus_p_by_day"}) != was
    rows = "('202601', '1', 'a'),\n('202602', '2', 'c'),\n('202603', '3', 'd')"
    pushed = f"SELECT a WHERE (y) IN (\n{rows})"
    later = now(providers={"p": [pushed]})
    assert later["202601"] == was["202601"] and later["202602"] != was["202602"]
    assert now(providers={"p": [pushed], "q": ["SELECT c"]})["202601"] != was["202601"]
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "a.csv").write_text("USD,CNY,7.1,2026-01-01")
    assert now() != was, "exchange rates are read as they lie"
    today = now(views={**views, "focus_x_now": "SELECT CURRENT_DATE"})
    monkeypatch.setattr(revisions, "datetime", _Tomorrow)
    assert now(views={**views, "focus_x_now": "SELECT CURRENT_DATE"}) != today


UPSERT = """SELECT * FROM (
SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x_BillingMonth, k) AS n FROM (
SELECT a, yearmonth AS x_BillingMonth FROM t WHERE (y) IN (
    ('202601', '1', 'a'), ('202602', '2', 'b'), ('202603', '3', 'c'))
UNION ALL
SELECT a, {} AS x_BillingMonth FROM t WHERE (y) IN (
    ('202602', '2', 'b'))) AS x) WHERE n = 1"""


@pytest.mark.parametrize(
    ("month", "changed"),
    [
        ("CASE yearmonth WHEN '202602' THEN '202601' END", {"202601", "202602"}),
        ("COALESCE(DATE_FORMAT(b, '%Y%m'), yearmonth)", {"202601", "202602", "202603"}),
    ],
)
def test_a_month_rests_on_the_folders_that_may_replace_its_rows(
    tmp_path, monkeypatch, month, changed
):
    one = kept.Kept("x", "focus_x_now", "month")
    monkeypatch.setattr(kept.Kept, "fields", lambda _: ())
    text = UPSERT.format(month)
    was = below(tmp_path, providers={"p": [text]}).revisions(one)
    pushed = text.replace("('202602', '2', 'b')", "('202602', '2', 'b'), ('202602', '4', 'd')")
    now = below(tmp_path, providers={"p": [pushed]}).revisions(one)
    assert {each for each in was if was[each] != now[each]} == changed


def test_what_is_of_the_moment_has_a_revision_for_each_refresh_and_settled_tables_none(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(kept.Kept, "fields", lambda _: ())
    moment, settled = (
        kept.Kept("x", "focus_x_now", "refresh"),
        kept.Kept("x", "focus_x_now", "month", settled=("focus_fx_rates",)),
    )
    first, second = (below(tmp_path, run=run).revisions(moment) for run in "ab")
    assert first == second, "nothing asks what time it is"
    views = {"focus_x_now": "SELECT CURRENT_TIMESTAMP"}
    first, second = (below(tmp_path, run=run, views=views).revisions(moment) for run in "ab")
    assert first != second
    was = below(tmp_path).revisions(settled)
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "a.csv").write_text("USD,CNY,7.1,2026-01-01")
    assert below(tmp_path).revisions(settled) == was


class _Tomorrow:
    @staticmethod
    def now(_):
        import datetime

        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)


def test_what_is_kept_is_listed_with_all_that_it_needs():
    files = {source.stem: source for source in sources.tree()}
    for one in kept.every():
        assert f"${{kept_{one.name}}}" in files[one.view].text
        assert files[one.computed_by].order < files[one.view].order
        assert one.fields() and one.by in ("month", "whole", "refresh")
        assert all(keeping._arrow(field.type) for field in one.fields())
