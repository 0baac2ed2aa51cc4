"""Tag texts to maps and attributes; each distinct text is parsed once."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from focus_lake.spec.columns import arrow_type
from focus_lake.spec.json_values import DECODER, as_text

MAP, STRING = arrow_type("map"), arrow_type("string")
Reader = Callable[[str], tuple[dict[str, str | None] | None, list[str | None]]]
# Alibaba Cloud's older form; neither key nor value holds a semicolon or the word that comes next.
_PAIR = re.compile(r"key:((?:(?! value:)[^;])+) value:((?:(?! value:)[^;])*)")
_PAIRS = re.compile(rf"\s*{_PAIR.pattern}(?:;\s*{_PAIR.pattern})*;?\s*")
REMEMBERED = 50_000  # tag texts; bills repeat the same few thousand every hour


@dataclass
class Parsed:
    """maps: one map a row; attributes: our column -> one value a row; unparsed: texts that are
    no tags, one a row and null elsewhere (None if there are none); no_json: the same of texts that
    are no JSON object, tags or not."""

    maps: pa.Array
    attributes: dict[str, pa.Array]
    unparsed: pa.Array | None
    no_json: pa.Array | None


def parse(
    text: pa.Array, attributes: dict[str, tuple[str, ...]], key_value: bool = False
) -> Parsed:
    """Tags of an array of JSON texts. attributes: our column -> tag key and its aliases.

    key_value: a text that is wholly ``key:a value:b; key:c value:d`` is tags, too.
    """
    encoded = text.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    read = _reader(tuple(attributes.items()), key_value)
    found = [read(word) for word in words]
    parsed = [tags for tags, _ in found]
    wrong = [word if tags is None else None for word, tags in zip(words, parsed, strict=True)]
    odd = wrong
    if key_value:
        odd = [
            word if bad or is_key_value(word) else None
            for word, bad in zip(words, wrong, strict=True)
        ]
    chosen = {
        column: pa.array([values[place] for _, values in found], STRING).take(encoded.indices)
        for place, column in enumerate(attributes)
    }
    unparsed, no_json = (
        pa.array(texts, STRING).take(encoded.indices) if any(t is not None for t in texts) else None
        for texts in (wrong, odd)
    )
    return Parsed(_maps(parsed).take(encoded.indices), chosen, unparsed, no_json)


@functools.cache
def _reader(attributes: tuple[tuple[str, tuple[str, ...]], ...], key_value: bool) -> Reader:
    """A function from a tag text to its tags and attributes; it remembers those seen last."""

    @functools.lru_cache(REMEMBERED)
    def read(text: str) -> tuple[dict[str, str | None] | None, list[str | None]]:
        tags = parse_one(text)
        if tags is None and key_value:
            tags = key_value_tags(text)
        present = {key: value for key, value in (tags or {}).items() if value}
        folded = {key.casefold(): value for key, value in reversed(present.items())}
        return tags, [_choose(present, folded, keys) for _, keys in attributes]

    return read


def parse_one(text: str) -> dict[str, str | None] | None:
    """The tags of one text, or None if it is not a JSON object.

    Strings stay as they are; numbers, true and false keep their text, null is null, and what is
    nested becomes compact JSON.
    """
    try:
        tags = DECODER.decode(text)
        if not isinstance(tags, dict):
            return None
        found = {key: value if value is None else as_text(value) for key, value in tags.items()}
    except (ValueError, RecursionError):
        return None
    return found if "\\u" not in text or _is_unicode(found) else None


def is_key_value(text: str) -> bool:
    """Whether the whole text is of the form ``key:a value:b; key:c value:d``."""
    return _PAIRS.fullmatch(text) is not None


def key_value_tags(text: str) -> dict[str, str | None] | None:
    """The tags of a text of that form, None for any other; of two equal keys the last wins."""
    if not is_key_value(text):
        return None
    return {key.strip(): value.strip() for key, value in _PAIR.findall(text)}


def _is_unicode(tags: dict[str, str | None]) -> bool:
    """Whether UTF-8 can hold it: an escape may be half of a surrogate pair."""
    try:
        "".join([*tags, *filter(None, tags.values())]).encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(values: pa.Array) -> pa.Array:
    """Values of any type as text: maps, key/value lists and structs become JSON."""
    kind = values.type
    if pa.types.is_string(kind):
        return values
    if not pa.types.is_nested(kind):
        return values.cast(STRING)
    pairs = _pair_names(kind)
    return pa.array([_object(value, pairs) for value in values.to_pylist()], STRING)


def _pair_names(kind: pa.DataType) -> tuple | None:
    """How to get key and value out of an item of a map (a tuple) or of a list of structs with
    both, such as Google's Key and Value; None for any other type."""
    if pa.types.is_map(kind):
        return 0, 1
    if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)):
        return None
    names = {field.name.casefold(): field.name for field in kind.value_type}
    return (names["key"], names["value"]) if {"key", "value"} <= names.keys() else None


def _object(value: Any, pairs: tuple | None = None) -> str | None:
    """One nested value as JSON; lists of pairs as an object."""
    if value is None:
        return None
    if pairs:
        key, inner = pairs
        value = {item[key]: item[inner] for item in value}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def combine(maps: list[pa.Array], single: dict[str, pa.Array]) -> pa.Array:
    """One JSON object a row from several columns of tags; the first to have a key wins.

    maps: columns that hold whole maps; single: tag key -> column with its values. A row without
    any tag gives null, and a text that is not an object stays as it is, for the count of those.
    """
    texts = [plain(column).to_pylist() for column in maps]
    values = {key: plain(column).to_pylist() for key, column in single.items()}
    rows = []
    for row in range(len(next(iter(texts or values.values())))):
        found = {key: column[row] for key, column in values.items() if column[row] is not None}
        for text in (column[row] for column in texts if column[row] is not None):
            parsed = parse_one(text)
            if parsed is None:
                found = text
                break
            found = {**parsed, **found}
        rows.append(found if isinstance(found, str) else _object(found) if found else None)
    return pa.array(rows, STRING)


def _choose(present: dict, folded: dict, keys: tuple[str, ...]) -> str | None:
    """The attribute's value: the exact key, then its aliases in order, then without case.

    A key without a value, null or "", says nothing: absence is null.
    present: the tags that have a value; folded: the same by casefolded key.
    """
    for key in keys:
        if key in present:
            return present[key]
    return next((folded[key.casefold()] for key in keys if key.casefold() in folded), None)


def _maps(parsed: list[dict | None]) -> pa.Array:
    offsets: list[int | None] = []
    keys: list[str] = []
    values: list[str | None] = []
    for tags in parsed:
        offsets.append(None if tags is None else len(keys))
        keys.extend(tags or ())
        values.extend((tags or {}).values())
    ends = pa.array([*offsets, len(keys)], pa.int32())
    return pa.MapArray.from_arrays(ends, pa.array(keys, STRING), pa.array(values, STRING)).cast(MAP)
