"""sql/ as a whole: names, order, first lines, size; and what rendering makes of it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from focus_lake import declare, storage
from focus_lake.catalog import live_views, render, sources
from focus_lake.errors import CatalogError, OptionsError
from focus_lake.lake import ledger
from focus_lake.lake.live import Live
from focus_lake.lake.publications import Key
from focus_lake.spec import columns

PLACE = render.CatalogPlace("focus", "s3://bucket/lake")
ALIBABA = declare.load("alibaba")
LIVE = Live((Key("202601", "20260131173000", "20260201030405-0a1b2c3d"),))


def everything(live: Live = LIVE) -> list[render.Statement]:
    return [
        *render.shared_tables(PLACE),
        *render.of_provider(ALIBABA, live, PLACE),
        *render.shared_views([ALIBABA], PLACE),
    ]


@pytest.mark.parametrize("statement", everything(), ids=lambda statement: statement.path)
def test_file_name_is_the_objects_name(statement):
    made = re.search(
        r"(?:EXTERNAL TABLE IF NOT EXISTS|REPLACE VIEW|REPAIR TABLE) focus\.(\w+)", statement.sql
    )
    assert made[1] == statement.name


@pytest.mark.parametrize("source", sources.tree(), ids=lambda source: source.path)
def test_the_first_line_says_what_a_row_is(source):
    assert source.text.startswith("-- One row is ")


@pytest.mark.thorough
@pytest.mark.parametrize("statement", everything(), ids=lambda statement: statement.path)
def test_a_view_reads_only_from_lower_folders(statement):
    folders = {
        item.name: number(item) for item in everything() if item.folder != sources.PARTITIONS
    }
    parsed = parse_one(statement.sql, read="athena")
    if not isinstance(parsed, exp.Create) or parsed.kind != "VIEW":
        return
    read = [table.name for table in parsed.expression.find_all(exp.Table) if table.db == "focus"]
    assert read, "a view reads something"
    assert all(folders[name] < number(statement) for name in read), read


def number(statement: render.Statement) -> int:
    return int(statement.folder.split("_")[0])


def test_folders_are_deployed_by_number_and_ten_comes_after_nine():
    numbers = [source.order for source in sources.tree()]
    assert numbers == sorted(numbers)
    made = sources.Source("10_later_views", "mine", "")
    assert made.order > sources.Source("9_metric_views", "other", "").order  # not as text


def test_nothing_in_sql_runs_on_one_engine_only():
    for source in sources.tree():
        assert not re.search(r'\$(path|partitions)|"', source.text), source.path


def test_every_column_of_the_table_has_its_type_and_comment():
    (ddl,) = (s for s in everything() if s.path == "1_tables/focus_alibaba_normalized.sql")
    assert "    BilledCost decimal(38,18) COMMENT '" in ddl.sql
    assert "    Tags map<string,string> COMMENT '" in ddl.sql
    assert "    x_CommodityCode string COMMENT '" in ddl.sql
    assert ddl.sql.count(" COMMENT '") == len(ALIBABA.columns) + 3  # three partition columns


def test_comments_fit_the_glue_catalog():
    for statement in everything():
        for comment in re.findall(r"COMMENT '((?:[^'\\]|\\.)*)'", statement.sql):
            assert len(comment.replace("\\'", "'")) <= 255


@pytest.mark.parametrize("version", columns.VERSIONS)
def test_a_version_view_has_exactly_that_versions_columns(version):
    name = f"focus_v{version.replace('.', '_')}"
    (view,) = (item for item in everything() if item.name == name)
    select = parse_one(view.sql, read="athena").expression
    shared = ["BilledCost", "ChargePeriodStart", "Tags"]
    counts = {"1.0": 43, "1.1": 50, "1.2": 57, "1.3": 65, "1.4": 65}  # the specification's
    assert len(select.named_selects) == counts[version]
    assert set(shared) < set(select.named_selects)
    assert ("ProviderName" in select.named_selects) == (version != "1.4")
    assert ("ServiceProviderName" in select.named_selects) == (version in ("1.3", "1.4"))
    assert not [x for x in select.named_selects if x.startswith("x_")]


def test_the_ledger_table_has_every_key_of_a_ledger_line():
    keys = [field.name for field in dataclasses.fields(ledger.Line)]
    assert [field.name for field in sources.fields("focus_batches")] == keys


def test_the_rejected_table_has_every_column_that_is_written():
    names = [field.name for field in sources.fields("rejected")]
    assert names == [
        *("x_SourceFile", "x_Export", "line", "column_name", "value", "reason", "reasons", "record")
    ]


def test_live_batches_are_literal_triples():
    triples = (("202601", "20260131173000", "a-1"), ("202602", "20260131173000", "a-2"))
    assert live_views.predicate(Live(triples)) == (
        "(yearmonth, batch_ts, publication) IN (\n"
        "    ('202601', '20260131173000', 'a-1'),\n"
        "    ('202602', '20260131173000', 'a-2')\n"
        ")"
    )


def test_a_superseded_export_is_taken_out_by_name_and_quoted():
    hidden = (("202601", "20260131173000", "o'neil"),)
    text = live_views.predicate(Live(LIVE.batches, hidden))
    assert text.endswith(
        "AND (yearmonth, batch_ts, COALESCE(x_Export, '')) NOT IN (\n"
        "    ('202601', '20260131173000', 'o''neil')\n)"
    )


def test_without_a_published_batch_the_view_is_empty():
    assert live_views.predicate(Live()) == "1 = 0"


def history(days: int) -> Live:
    """One batch a day from 2000 on, 28 days a month."""
    made = []
    for day in range(days):
        month = day // 28
        yearmonth = f"{2000 + month // 12}{month % 12 + 1:02d}"
        batch_ts = f"{yearmonth}{day % 28 + 1:02d}000000"
        made.append(Key(yearmonth, batch_ts, "20260201030405-0a1b2c3d"))
    return Live(tuple(made))


def test_ten_years_of_daily_batches_fit_into_one_view():
    views = [s for s in everything(history(3650)) if s.folder == sources.PROVIDER_VIEWS]
    assert [view.name for view in views] == [
        "focus_alibaba",
        "focus_alibaba_by_day",
        "focus_alibaba_live",
    ]


def test_a_month_is_always_in_the_part_of_its_name():
    """Else it could be seen twice, or not at all, while one part is replaced after the other."""
    long, names = history(8_000), []
    for cut in live_views.cuts(long):
        names.append(list(cut))
        for name, part in cut.items():
            start = name.removeprefix("_part_").removesuffix("0s")
            assert all(key.yearmonth.startswith(start) for key in part.batches)
        assert [key for part in cut.values() for key in part.batches] == list(long.batches)
    whole, decades, years, months = names
    assert (whole, decades) == ([""], ["_part_2000s", "_part_2010s", "_part_2020s"])
    assert (years[0], len(years), months[0]) == ("_part_2000", 24, "_part_200001")


def test_a_longer_history_goes_into_parts_of_whole_months_below_athenas_limit():
    long = history(20_000)
    views = [s for s in everything(long) if s.folder == sources.PROVIDER_VIEWS]
    *parts, whole = [view for view in views if not re.search("_by_day|_live", view.name)]
    assert [part.name for part in parts] == [f"focus_alibaba_part_{n}0s" for n in range(200, 206)]
    assert whole.name == "focus_alibaba"
    assert whole.sql.startswith("-- One row is ")
    assert max(len(view.sql.encode()) for view in views) <= 262_144
    found = [re.findall(r"\('(\d{6})', '(\d{14})', '([\w-]+)'\)", part.sql) for part in parts]
    assert [pair for part in found for pair in part] == list(long.batches)
    months = [{month for month, _, _ in part} for part in found]
    assert sum(map(len, months)) == len(set().union(*months)), "no month is in two parts"
    for part in parts:
        assert f"FROM focus.{part.name}" in whole.sql
    days = [view.name for view in views if "_by_day" in view.name]
    assert days == [
        *(f"focus_alibaba_by_day_part_{n}0s" for n in range(200, 206)),
        "focus_alibaba_by_day",
    ]


def test_a_database_name_that_athena_cannot_have_is_refused():
    with pytest.raises(OptionsError, match="--database Focus-DB: use lower-case"):
        render.CatalogPlace("Focus-DB", "s3://bucket/lake")


def test_an_unknown_placeholder_names_the_file():
    source = sources.Source("4_unified_views", "mine", "SELECT ${colums}")
    with pytest.raises(CatalogError, match="sql/4_unified_views/mine.sql.*'colums'"):
        source.fill({"columns": "a"})


def test_every_provider_has_its_view_from_one_template():
    (template,) = (s.text for s in sources.tree() if s.path.endswith("views/focus_{provider}.sql"))
    for name in ("alibaba", "acme"):
        views = {view.stem: view.text for view in sources.provider_views(name)}
        assert views[f"focus_{name}"] == template


def test_a_view_says_in_its_first_line_which_batches_it_shows():
    names = {"alibaba": "Alibaba Cloud in the newest", "oci": "Oracle Cloud Infrastructure in any"}
    for name, said in names.items():
        made = render.of_provider(declare.load(name), LIVE, PLACE)
        (view,) = (statement.sql for statement in made if statement.name == f"focus_{name}")
        assert view.startswith(f"-- One row is one charge of {said} published batch")


def test_a_file_with_the_providers_own_name_replaces_the_template(monkeypatch):
    mine = sources.Source(sources.PROVIDER_VIEWS, "focus_acme", "-- One row is mine.\n")
    files = (*sources.tree(), mine)
    monkeypatch.setattr(sources, "tree", lambda: files)
    texts = {view.stem: view.text for view in sources.provider_views("acme")}
    assert texts["focus_acme"] == "-- One row is mine.\n"
    assert "mine" not in str(sources.provider_views("alibaba"))


def test_a_users_view_replaces_both_and_is_named_when_it_is_wrong(tmp_path):
    (tmp_path / "focus_acme.sql").write_text("-- One row is ${mine}.\n")
    own = storage.at(str(tmp_path))
    (view,) = (v for v in sources.provider_views("acme", own) if v.stem == "focus_acme")
    with pytest.raises(CatalogError, match=f"{tmp_path}/focus_acme.sql: unknown placeholder"):
        view.fill({})
    (tmp_path / "focus_acme.sql").write_bytes(b"-- \xff")
    with pytest.raises(CatalogError, match="focus_acme.sql: not UTF-8"):
        sources.provider_views("acme", own)


def test_quotes_and_backslashes_in_the_lakes_path_stay_inside_the_literal():
    tables = render.shared_tables(render.CatalogPlace("focus", "/data/o'neil"))
    batches = next(table for table in tables if table.name == "focus_batches")
    assert "LOCATION '/data/o\\'neil/ledger/'" in batches.sql


def test_a_changed_contract_is_in_the_changelog():
    """The deliberate step: scripts/record_contract.py prints the line that is asked for here."""
    root = Path(__file__).parents[2]
    mark = hashlib.sha256((root / "sql" / "contract.csv").read_bytes()).hexdigest()[:12]
    assert f"view contract {mark}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
