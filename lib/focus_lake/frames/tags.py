"""JSON texts to maps and tag attributes in Spark SQL: from_json, held to strict JSON.

from_json alone is too kind: it takes text behind an object, single quotes and NaN, keeps both of
two equal keys, and writes 1.10 as 1.1. Each of these is settled here, by expressions around it.
"""

from __future__ import annotations

from collections.abc import Iterable

from focus_lake.frames.sql import first_of, fold, let, matches, text, texts

MAP = "MAP<STRING,STRING>"
_STRICT = (
    "map('mode', 'PERMISSIVE', 'allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false', "
    "'allowUnquotedFieldNames', 'false', 'allowNumericLeadingZeros', 'false', "
    "'allowBackslashEscapingAnyCharacter', 'false', 'allowUnquotedControlChars', 'false', "
    "'allowComments', 'false')"
)
_GAP = r"[ \t\n\r]*+"
# An escape of a surrogate goes the longer way: half of a pair is not text.
_STRING = r'"(?:[^"\\\x{00}-\x{1f}]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*+"'
_PAIR = rf"{_GAP}{_STRING}{_GAP}:{_GAP}{_STRING}{_GAP}"
_FLAT = rf"{_GAP}\{{(?:{_PAIR}(?:,{_PAIR})*+|{_GAP})\}}{_GAP}"  # an object of texts alone
_TOKEN = r'"(?:[^"\\]++|\\.)*+"|[^\s"{}\[\]:,]+|[{}\[\]:,]'
_KEY_VALUE = r"key:((?:(?! value:)[^;])+) value:((?:(?! value:)[^;])*)"
_PAIRS_TEXT = rf"\s*{_KEY_VALUE}(?:;\s*{_KEY_VALUE})*;?\s*"
_HALF_PAIR = r"\\u[dD][89a-fA-F]"
_PIECE = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\.|[^\\]+"
_PAIRS = r"\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_BACKSLASH = text(chr(92))
_MARK = "\ufdd0"  # no character; numbers are texts behind it while from_json looks at them


def parse(word: str) -> str:
    """The map of a JSON object's text, null for any other text.

    Strings as they are; numbers, true and false as written; null is null; what is nested is JSON
    text without spaces. Of two equal keys the last wins, at the place of the first.
    """
    return (
        f"CASE WHEN {word} IS NULL THEN CAST(NULL AS {MAP}) "
        f"WHEN {matches(word, _FLAT)} THEN {_last_wins(_from_json(word))} "
        f"WHEN {_is_object(word)} THEN {_last_wins(_exact(word))} END"
    )


def is_key_value(word: str) -> str:
    """Whether the whole text is ``key:a value:b; key:c value:d``."""
    return matches(word, _PAIRS_TEXT)


def key_value(word: str) -> str:
    """The map of such a text, null for any other; of two equal keys the last wins."""
    pairs = f"regexp_extract_all({word}, {text(_KEY_VALUE)}, 0)"
    key, value = (f"trim(regexp_extract(p, {text(_KEY_VALUE)}, {n}))" for n in (1, 2))
    entries = f"transform({pairs}, p -> struct({key} AS key, {value} AS value))"
    last = (
        "map_from_entries(transform(array_distinct(transform(all, e -> e.key)), k -> struct(k AS "
        "key, element_at(filter(all, e -> e.key = k), -1).value AS value)))"
    )
    return f"CASE WHEN {is_key_value(word)} THEN {let(entries, 'all', last)} END"


def combine(single: dict[str, str], maps: Iterable[str]) -> str:
    """One map of columns with a tag each (key -> word) and of whole maps; the first to have a key
    wins. Null where there is no tag at all."""
    alone = [f"struct({text(key)} AS key, {word} AS value)" for key, word in single.items()]
    parts = [f"filter(array({', '.join(alone)}), e -> e.value IS NOT NULL)"] if alone else []
    parts += [f"coalesce(map_entries({each}), array())" for each in maps]
    some = f"CASE WHEN size(all) > 0 THEN {_first_wins('all')} END"
    return let(f"concat({', '.join(parts)})", "all", some)


def ordered(tags: str) -> str:
    """The entries of a map by key: what two maps are compared by."""
    return f"sort_array(map_entries({tags}))"


def folded(tags: str, exact: Iterable[str] = ()) -> str:
    """The tags that have a value, by folded key, the first of equal keys.

    exact: the keys that are asked for. Null where a tag has one of them in another case nowhere,
    so that by_fold has nothing to add; this is most rows, and costs less to see than to work out.
    """
    present = f"filter(map_entries({tags}), e -> e.value <> '')"
    entries = f"transform({present}, e -> struct({fold('e.key')} AS key, e.value AS value))"
    made = let(entries, "all", _first_wins("all"))
    keys = list(dict.fromkeys(exact))
    folds = {one.casefold() for one in keys}
    if len(folds) < len(keys) or not keys:  # two of them differ in case alone
        return made
    odd = f"k NOT IN ({texts(keys)}) AND {fold('k')} IN ({', '.join(fold(text(k)) for k in keys)})"
    return f"CASE WHEN exists(map_keys({tags}), k -> {odd}) THEN {made} END"


def present(tags: str) -> str:
    """The tags that have a value."""
    some_empty = f"array_contains(map_values({tags}), '')"
    return f"CASE WHEN {some_empty} THEN map_filter({tags}, (k, v) -> v <> '') ELSE {tags} END"


def attribute(there: str, by_fold: str, keys: Iterable[str]) -> str:
    """The value of the first key that has one: exactly, then without regard to case.

    there: the tags that are present(); by_fold: the same as folded() gives them.
    """
    keys = list(keys)
    exact = [f"try_element_at({there}, {text(key)})" for key in keys]
    loose = [f"try_element_at({by_fold}, {fold(text(key))})" for key in keys]
    return first_of([*exact, *loose])


def _from_json(word: str, kind: str = MAP) -> str:
    return f"from_json({word}, {text(kind.lower())}, {_STRICT})"


def _first_wins(entries: str) -> str:
    """A map of entries, the first of equal keys."""
    keys = f"transform({entries}, e -> e.key)"
    chosen = (
        f"transform(array_distinct({keys}), k -> "
        f"struct(k AS key, filter({entries}, e -> e.key = k)[0].value AS value))"
    )
    repeats = f"size(array_distinct({keys})) < size({entries})"
    return f"map_from_entries(CASE WHEN {repeats} THEN {chosen} ELSE {entries} END)"


def _last_wins(tags: str) -> str:
    chosen = (
        "map_from_entries(transform(array_distinct(map_keys(m)), k -> struct(k AS key, "
        "element_at(filter(map_entries(m), e -> e.key = k), -1).value AS value)))"
    )
    repeats = "size(array_distinct(map_keys(m))) < size(m)"
    return let(tags, "m", f"CASE WHEN {repeats} THEN {chosen} ELSE m END")


def _is_object(word: str) -> str:
    """Whether the text is one strict JSON object and nothing else.

    from_json stops where a value ends; inside a list, and inside an object, it cannot.
    """
    opens = text(rf"\A{_GAP}\{{")
    halves = f"regexp_replace({word}, {text(_PAIRS)}, '') RLIKE {text(_HALF_PAIR)}"
    listed = _from_json(f"concat('[', {word}, ']')", f"ARRAY<{MAP}>")
    inside = _from_json("concat('{\"x\":', " + word + ", '}')")
    return (
        f"({word} RLIKE {opens} AND NOT {halves} AND size({listed}) = 1 "
        f"AND {listed}[0] IS NOT NULL AND {inside} IS NOT NULL)"
    )


def _exact(word: str) -> str:
    """The map of a strict object that holds more than texts: numbers stay as they are written.

    What is nested is written anew by some releases of Spark and copied by others: its texts are
    therefore written in one way before.
    """
    tokens = f"regexp_extract_all({word}, {text(_TOKEN)}, 0)"
    number = "concat('\"" + _MARK + "', t, '\"')"
    written = "to_json(from_json(concat('[', t, ']'), 'array<string>'))"
    written = f"substring({written}, 2, length({written}) - 2)"
    one = (
        f"CASE WHEN t RLIKE '^-?[0-9]' THEN {number} "
        f"WHEN t LIKE '\"%' AND contains(t, {_BACKSLASH}) THEN {written} ELSE t END"
    )
    tags = _from_json(f"array_join(transform({tokens}, t -> {one}), '')")
    plain = text(f'"{_MARK}([^"]*)"')
    value = f"replace(regexp_replace(v, {plain}, '$1'), '{_MARK}', '')"
    return f"transform_values({tags}, (k, v) -> {_as_python_writes(value)})"


def _as_python_writes(value: str) -> str:
    """Nested JSON text as Python writes it: whole characters, control characters in lower case.

    Spark writes what lies beyond the first 65,536 characters as two escapes, and hex in capitals.
    """
    digits = [
        ("0B", "0b"),
        ("0E", "0e"),
        ("0F", "0f"),
        *((f"1{d}", f"1{d.lower()}") for d in "ABCDEF"),
    ]
    changed = "x"
    for upper, lower in digits:
        found, told = rf"(?<!\\)((?:\\\\)*)\\u00{upper}", rf"$1\\u00{lower}"
        changed = f"regexp_replace({changed}, {text(found)}, {text(told)})"
    controls = text(r"(?s)\A[\[{].*\\u00[01][A-F]")  # (?s): a text may hold U+0085 or U+2028
    halves = text(rf"(?s)\A[\[{{].*{_HALF_PAIR}")
    pieces = f"regexp_extract_all(y, {text(_PIECE)}, 0)"
    read = "from_json(concat('[\"', t, '\"]'), 'array<string>')[0]"
    whole = f"CASE WHEN t RLIKE {text('^' + _HALF_PAIR)} THEN {read} ELSE t END"
    whole = f"array_join(transform({pieces}, t -> {whole}), '')"
    lowered = let(value, "x", f"CASE WHEN x RLIKE {controls} THEN {changed} ELSE x END")
    return let(lowered, "y", f"CASE WHEN y RLIKE {halves} THEN {whole} ELSE y END")
