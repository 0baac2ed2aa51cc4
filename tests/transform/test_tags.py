"""Tag texts become maps and attributes; what is not a JSON object is kept aside."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_lake.transform import tags

BRAND = {"x_Brand": ("Brand", "brand-name", "品牌")}


def read(text: str) -> dict | None:
    """The map of one text, read between two others."""
    parsed = tags.parse(pa.array(['{"a":"1"}', text, None]), {})
    first, found, last = parsed.maps.to_pylist()
    assert (first, last) == ([("a", "1")], None)
    unparsed = parsed.unparsed.to_pylist() if parsed.unparsed else [None] * 3
    assert unparsed == [None, text if found is None else None, None]
    return None if found is None else dict(found)


@pytest.mark.parametrize(
    "text, tag",
    [
        ("{}", {}),
        (' {"a" : "b"}\n', {"a": "b"}),
        ('{"owner":"li","Owner":"Wang"}', {"owner": "li", "Owner": "Wang"}),
        ('{"a":"1","a":"2"}', {"a": "2"}),  # the last wins, as in Spark
        ('{"a":1,"b":-0.10,"c":1E+5}', {"a": "1", "b": "-0.10", "c": "1E+5"}),
        ('{"a":123456789012345678901234567890.5}', {"a": "123456789012345678901234567890.5"}),
        ('{"a":true,"b":false,"c":null}', {"a": "true", "b": "false", "c": None}),
        ('{"a":{"b":[1, 2.50,"三"],"c":null}}', {"a": '{"b":[1,2.50,"三"],"c":null}'}),
        ('{"a":[]}', {"a": "[]"}),
        ('{"":"no key"}', {"": "no key"}),
        ('{"a":""}', {"a": ""}),
        (r'{"\u54c1\u724c":"\ud83d\ude00 \"x\" \\ \/ \t"}', {"品牌": '😀 "x" \\ / \t'}),
        ('{"acs:ecs:payerId":"品牌"}', {"acs:ecs:payerId": "品牌"}),
    ],
)
def test_a_json_object_becomes_a_map_of_texts(text, tag):
    assert read(text) == tag


@pytest.mark.parametrize(
    "text",
    [
        "key:a value:b; key:c value:d",  # older bills
        "",
        "null",
        "[]",
        '"text"',
        "5",
        '{"a":"b"',
        '{"a":"b"} and more',
        '{"a":"b"}{"c":"d"}',
        "{'a':'b'}",
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":01}',
        '{"a":"b",}',
        '{"a":"line\nbreak"}',
        r'{"a":"\x"}',
        r'{"a":"\ud800"}',  # half a character: no engine could store it
        r'{"\udc00":"a"}',
        '{"a":' * 100_000,
        '{"a":' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
)
def test_a_text_that_is_no_json_object_is_null_and_kept(text):
    assert read(text) is None


@pytest.mark.parametrize("depth", [100, 300, 450, 800, 990])
def test_deep_nesting_is_read_or_refused_but_never_fatal(depth):
    text = '{"a":' + "[" * depth + "]" * depth + "}"
    assert read(text) in (None, {"a": "[" * depth + "]" * depth})


@pytest.mark.parametrize(
    "tag, brand",
    [
        ({"Brand": "exact", "brand-name": "alias", "BRAND": "case"}, "exact"),
        ({"BRAND": "case", "品牌": "second", "brand-name": "first"}, "first"),
        ({"brand": "case", "品牌": "second"}, "second"),
        ({"brand": "a", "BRAND": "b"}, "a"),  # as they are written in the text
        ({"BRAND-NAME": "alias", "bRaNd": "key"}, "key"),
        ({"Brand": None, "品牌": "second"}, "second"),
        ({"Brand": "", "brand": "case"}, "case"),
        ({"Brand": ""}, None),
        ({"Brand": None}, None),
        ({"Brands": "x"}, None),
        ({}, None),
    ],
)
def test_an_attribute_is_the_exact_key_then_an_alias_then_without_case(tag, brand):
    parsed = tags.parse(pa.array([None, json.dumps(tag), "no json"]), BRAND)
    assert parsed.attributes["x_Brand"].to_pylist() == [None, brand, None]


@pytest.mark.parametrize("words", [[], [None, None]])
def test_nothing_becomes_nothing(words):
    parsed = tags.parse(pa.array(words, pa.string()), BRAND)
    assert parsed.maps.to_pylist() == parsed.attributes["x_Brand"].to_pylist() == words
    assert parsed.unparsed is None
    assert parsed.maps.type == pa.map_(pa.string(), pa.string())


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.none() | st.dictionaries(texts, texts | st.none(), max_size=3), max_size=6))
def test_maps_come_back_row_by_row(rows):
    words = [None if row is None else json.dumps(row) for row in rows]
    maps = tags.parse(pa.array(words, pa.string()), {}).maps
    maps.validate(full=True)
    assert [None if found is None else dict(found) for found in maps.to_pylist()] == rows
