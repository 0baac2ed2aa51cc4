"""JSON texts of tags in Spark SQL: strict, whatever from_json lets pass; held to Python's json."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focus_lake.frames import tags
from focus_lake.transform import tags as other_road

pytestmark = pytest.mark.thorough

BY_HAND = {
    '{"a": ["\u0085\\u001f"]}': {"a": '["\u0085\\u001f"]'},
    '{"a": ["\u2028\\ud83d\\ude00"]}': {"a": '["\u2028😀"]'},
    "{}": {},
    ' { "a" : "b" } \n': {"a": "b"},
    '{"a": 1.10, "b": 1e5, "c": -0, "d": 12345678901234567890123}': {
        "a": "1.10",
        "b": "1e5",
        "c": "-0",
        "d": "12345678901234567890123",
    },
    '{"a": true, "b": false, "c": null}': {"a": "true", "b": "false", "c": None},
    '{"a": {"x": [1.10, "y", null, {"z": 2}]}, "b": []}': {
        "a": '{"x":[1.10,"y",null,{"z":2}]}',
        "b": "[]",
    },
    '{"a": "first", "b": "x", "a": "last"}': {"a": "last", "b": "x"},
    '{"a": "1", "\\u0061": "2"}': {"a": "2"},
    '{"\\u5e02": "\\ud83d\\ude00 \\" \\\\ \\/ \\n"}': {"市": '😀 " \\ / \n'},
    '{"a": {"b": "\\u001f\\u000b \\u00e9\\/\\\\u001F"}}': {
        "a": '{"b":"\\u001f\\u000b é/\\\\u001F"}'
    },
    '{"a": "\\ud800"}': None,
    '{"a": "\\ud800\\ud800\\udc00"}': None,
    '{"a": "\\\\ud800"}': {"a": "\\ud800"},
    '{"a": "b"} x': None,
    '{"a": {"b": 1}} x': None,
    '{"a": 1}, {"b": 2}': None,
    '{"a": 1}], [{"b": 2}': None,
    '{"a": 1}}, {"x": {"b": 2}': None,
    '{"a": "b",}': None,
    "{'a': 'b'}": None,
    "{a: 1}": None,
    '{"a": NaN}': None,
    '{"a": 01}': None,
    '{"a": "tab\there"}': None,
    '[{"a": 1}]': None,
    '"text"': None,
    "key:a value:b": None,
    '{"a": "b"': None,
    "/* no */ {}": None,
    '\ufeff{"a": "b"}': None,
}


def test_only_strict_objects_are_tags_and_numbers_keep_their_text(asked):
    found = asked(tags.parse("word"), list(BY_HAND))
    assert dict(zip(BY_HAND, found, strict=True)) == BY_HAND


def test_no_text_is_no_map(asked):
    assert asked(tags.parse("word"), [None]) == [None]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=5), values, max_size=4)
texts = st.one_of(
    objects.map(json.dumps),
    objects.map(lambda value: json.dumps(value, ensure_ascii=False)),
    objects.map(lambda value: json.dumps(value, indent=1)),
    st.builds(lambda a, b: json.dumps(a)[:-1] + "," + json.dumps(b)[1:], objects, objects),
    st.builds(lambda a, at, c: json.dumps(a)[:at] + c + json.dumps(a)[at:], objects,
              st.integers(0, 20), st.sampled_from(list('{}[]",:\\ 0e'))),
)  # fmt: skip


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=st.lists(texts, min_size=100))
def test_both_roads_read_the_same_tags(asked, words):
    words = [word for word in words if _is_utf8(word)]
    found = asked(tags.parse("word"), words)
    for word, here in zip(words, found, strict=True):
        assert here == other_road.parse_one(word), word


def _is_utf8(word: str) -> bool:
    try:
        return bool(word.encode())
    except UnicodeEncodeError:
        return False


KEYS = ("Owner", "owner-email", "团队")
WHOSE = {
    '{"Owner": "a", "owner-email": "b"}': "a",
    '{"owner-email": "b", "Owner": "a"}': "a",
    '{"OWNER": "c", "owner-email": "b"}': "b",
    '{"OWNER": "c", "oWner": "d"}': "c",
    '{"Owner": "", "owner-email": null, "团队": "e"}': "e",
    '{"Owner": "", "OWNER-EMAIL": "f"}': "f",
    '{"OWNER-EMAIL": "f", "owner": "g"}': "g",
    '{"other": "x"}': None,
    "{}": None,
}


def test_the_first_key_wins_exactly_then_without_case_and_empty_says_nothing(wide):
    rows = wide.createDataFrame(list(enumerate(WHOSE)), "place INT, word STRING")
    rows = rows.selectExpr("place", f"{tags.parse('word')} AS tags")
    rows = rows.selectExpr(  # a step each, as frames does
        "*",
        f"{tags.present('tags')} AS there",
        f"{tags.folded('tags')} AS every",
        f"{tags.folded('tags', KEYS)} AS needed",
    )
    ways = [f"{tags.attribute('there', one, KEYS)} AS by_{one}" for one in ("every", "needed")]
    found = sorted(rows.selectExpr("place", *ways).collect(), key=lambda row: row.place)
    assert [row.by_every for row in found] == list(WHOSE.values())
    assert [row.by_needed for row in found] == list(WHOSE.values())


def test_case_is_folded_as_python_folds_it(asked):
    words = ["STRASSE", "straße", "ΟΔΟΣ", "οδος", "ſ", "İ", "I", "ı", "i", "ÅÄÖ", "ǅ"]
    from focus_lake.frames.sql import fold

    found = asked(fold("word"), words)
    for one, here in zip(words, found, strict=True):
        for other, there in zip(words, found, strict=True):
            assert (here == there) == (one.casefold() == other.casefold()), (one, other)


def test_of_several_columns_of_tags_the_first_to_have_a_key_wins(asked):
    both = tags.combine({"a": "nullif(word, '')"}, ["map('a', 'x', 'b', 'y')", "map('b', 'z')"])
    assert asked(both, ["w", ""]) == [{"a": "w", "b": "y"}, {"a": "x", "b": "y"}]
    none = tags.combine({"a": "nullif(word, '')"}, [f"CAST(NULL AS {tags.MAP})"])
    assert asked(none, ["", "w"]) == [None, {"a": "w"}]
