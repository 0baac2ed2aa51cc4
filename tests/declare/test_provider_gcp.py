"""What is known of Google Cloud's FOCUS export, as its declaration says it."""

from __future__ import annotations

import pytest

from focus_lake import declare, storage
from focus_lake.raw.find import find


@pytest.fixture(scope="module")
def gcp():
    return declare.load("gcp")


@pytest.mark.parametrize(
    "path, export, yearmonth, batch_ts",
    [
        ("202601/20260131173000/000000000000.parquet", None, "202601", "20260131173000"),
        ("focus/a/202601/20260131T173000Z/000000000001.parquet",
         "focus/a", "202601", "20260131T173000Z"),
    ],
)  # fmt: skip
def test_a_path_tells_table_month_and_time(gcp, path, export, yearmonth, batch_ts):
    match = gcp.layout.path.fullmatch(path)
    assert (match["export"], match["yearmonth"]) == (export, yearmonth)
    assert match["batch_ts"] == batch_ts
    assert gcp.layout.file.fullmatch(match["file"])


@pytest.mark.parametrize(
    "path",
    [
        "202613/20260131173000/a.parquet",
        "202601/a.parquet",
        "202601/20260131/a.parquet",
        "202601/20260131173000/deeper/a.parquet",
        "x202601/20260131173000",
    ],
)
def test_a_path_of_another_shape_is_no_export(gcp, path):
    assert gcp.layout.path.fullmatch(path) is None


def test_a_time_in_either_notation_makes_the_same_kind_of_batch(gcp, tmp_path):
    for folder in ("202601/20260131173000", "b/202601/20260131T173001Z"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "000000000000.parquet").write_bytes(b"PAR1")
    batches, strays = find(storage.at(str(tmp_path)), gcp)
    assert [(batch.batch_ts, batch.exports) for batch in batches] == [
        ("20260131173000", ["gcp"]),
        ("20260131173001", ["b"]),
    ]
    assert strays == []


def test_the_nearest_label_wins_and_system_labels_come_last(gcp):
    assert gcp.tags.columns == ("x_Labels", "x_Tags", "x_ProjectLabels", "x_SystemLabels")


@pytest.mark.parametrize(
    "header, column, stored",
    [
        ("x_Labels", "x_Labels", "map"),
        ("x_Tags", "x_Tags", "map"),
        ("x_Project", "x_GcpProject", "string"),
        ("x_Credits", "x_Credits", "string"),
        ("x_ExportTime", "x_ExportTime", "timestamp"),
        ("x_CurrencyConversionRate", "x_CurrencyConversionRate", "decimal"),
        ("EffectiveCost", "EffectiveCost", "decimal"),
    ],
)
def test_googles_columns_have_a_place_and_a_type(gcp, header, column, stored):
    assert gcp.headers[header.casefold()] == column
    assert {c.name: c.stored for c in gcp.columns}[column] == stored


def test_the_export_has_none_of_these_columns(gcp):
    assert "ServiceCategory" in gcp.gaps.always_null
    assert len(gcp.gaps.always_null) == 10


def test_a_month_is_exported_whole(gcp):
    assert (gcp.delivery, gcp.layout.batch_ts, gcp.time.zone) == ("snapshot", "path", "UTC")
