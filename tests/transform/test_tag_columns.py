"""Tags that come in columns of their own: one column a tag, or several columns of maps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from focus_lake import declare
from focus_lake.declare.model import ExtraColumn
from focus_lake.errors import BatchRejected
from focus_lake.transform import tags
from focus_lake.transform.select import Origin, Transform

ALIBABA = declare.load("alibaba")
PREFIXED = replace(ALIBABA, tags=replace(ALIBABA.tags, prefix="tag/"))
MAPPED = replace(ALIBABA, tags=replace(ALIBABA.tags, columns=("labels", "x_more")))
STRINGS = pa.map_(pa.string(), pa.string())


def typed(declared: declare.Declaration, **given: list):
    text = pa.table({head: pa.array(words, pa.string()) for head, words in given.items()})
    return Transform(declared, tuple(given))(text, Origin("file", "export"))


def maps(result, column: str = "Tags") -> list:
    found = result.rows[column].to_pylist()
    return [None if one is None else dict(one) for one in found]


def test_two_headers_for_one_tag_are_refused():
    with pytest.raises(BatchRejected, match="both tag/a and  TAG/a  are the tag a") as got:
        Transform(PREFIXED, ("tag/a", "BilledCost", " TAG/a "))
    assert got.value.code == "repeated_column"


def test_columns_of_single_tags_join_the_column_of_all_tags_and_come_first():
    given = {"Tags": ['{"a":"1","b":"2"}', None, "no json"], "tag/b": ["3", None, "4"]}
    result = typed(PREFIXED, **given, BilledCost=["1", "2", "3"])
    assert maps(result) == [{"a": "1", "b": "3"}, None, None]
    assert maps(result, "x_Other") == [None, None, {"Tags": "no json"}]
    assert result.tags_unparsed == 1
    alone = typed(PREFIXED, **{"tag/品牌": ["x"]})
    assert maps(alone) == [{"品牌": "x"}]


def test_a_column_after_one_of_maps_is_still_read():
    result = typed(MAPPED, labels=['{"a":"1"}'], x_more=['{"a":"2","c":"3"}'], BilledCost=["7"])
    assert maps(result) == [{"a": "1", "c": "3"}]
    assert result.rows["BilledCost"].to_pylist() == [Decimal(7)]
    assert result.rows["x_Other"].to_pylist() == [None]


def test_joined_tags_are_compact_json_with_their_own_letters():
    joined = tags.combine([pa.array(['{"品牌": "云", "n": null}'])], {"é": pa.array(["ü"])})
    assert joined.to_pylist() == ['{"品牌":"云","n":null,"é":"ü"}']
    empty = tags.combine([pa.array([None, "{}"], pa.string())], {})
    assert empty.to_pylist() == [None, None]


def test_of_several_texts_one_that_is_not_an_object_is_kept_as_it_is():
    columns = [pa.array(['{"a":"1"}']), pa.array(["no json"]), pa.array(['{"b":"2"}'])]
    assert tags.combine(columns, {"c": pa.array(["3"])}).to_pylist() == ["no json"]


def test_maps_lists_and_structs_of_parquet_are_json():
    pairs = pa.array([[("k", "v"), ("k2", None)], None], STRINGS)
    assert tags.plain(pairs).to_pylist() == ['{"k":"v","k2":null}', None]
    nested = pa.array([{"d": date(2026, 1, 2), "名": Decimal("1.50")}])
    assert tags.plain(nested).to_pylist() == ['{"d":"2026-01-02","名":"1.50"}']


def test_only_tags_and_only_where_declared_are_read_as_key_value_text():
    own = {"x_Map": ExtraColumn("map", "Pairs.", "Pairs")}
    pairs = "key:a value:b"
    declared = replace(ALIBABA, extra_columns=ALIBABA.extra_columns | own)
    assert ALIBABA.tags.key_value
    result = typed(declared, Tags=[pairs], Pairs=[pairs])
    assert (maps(result), maps(result, "x_Map")) == ([{"a": "b"}], [None])
    plain = replace(declared, tags=replace(declared.tags, key_value=False))
    result = typed(plain, Tags=[pairs], Pairs=[pairs])
    assert maps(result) == [None]
    assert maps(result, "x_Other") == [{"Tags": pairs, "x_Map": pairs}]
    assert result.tags_unparsed == 2, "those of both columns"


@pytest.mark.parametrize("text", ["no json", "5"])
def test_where_no_text_is_tags_each_is_told(text):
    parsed = tags.parse(pa.array([text, text]), {}, key_value=True)
    assert parsed.unparsed.to_pylist() == parsed.no_json.to_pylist() == [text, text]
    read = tags.parse(pa.array([json.dumps({"a": "b"})]), {}, key_value=True)
    assert (read.unparsed, read.no_json) == (None, None)
