"""Text to decimal(38,18) in Spark SQL: exact, where Spark's own cast would round in silence."""

from __future__ import annotations

from focus_lake.frames.sql import SPACES, let, matches, text

DECIMAL = "DECIMAL(38,18)"
SCALE, WHOLE = 18, 20  # digits behind the point, and before it
# What a cast reads exactly, whatever its digits are.
_PLAIN = rf"[+-]?(?:[0-9]{{1,{WHOLE}}}(?:\.[0-9]{{0,{SCALE}}})?|\.[0-9]{{1,{SCALE}}})"
_NONE = f"named_struct('value', CAST(NULL AS {DECIMAL}), 'rounded', false)"
_ENDS = text(rf"\A{SPACES}+|{SPACES}+\z")
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"


def parse(word: str, rounds: bool) -> str:
    """struct<value: decimal(38,18), rounded: boolean> of a text; value is null if it is no number.

    rounds: whether a number with more decimals is rounded, half to even; if not, it is refused.
    """
    cast = f"try_cast({word} AS {DECIMAL})"
    plain = f"named_struct('value', {cast}, 'rounded', false)"
    return f"CASE WHEN {word} IS NULL OR {matches(word, _PLAIN)} THEN {plain} ELSE " + (
        f"{_odd(word, rounds)} END"
    )


def _odd(word: str, rounds: bool) -> str:
    """Numbers with exponents, many digits or spaces: cut into digits and put together again."""
    bare = f"regexp_replace({word}, {_ENDS}, '')"
    whole, behind = _group("t", r"\A[+-]?([0-9]*)"), _group("t", r"\A[+-]?[0-9]*[.]([0-9]*)")
    exponent = f"coalesce(try_cast({_group('t', '[eE]([+-]?[0-9]+)$')} AS INT), 0)"
    cut = (
        f"named_struct('sign', CASE WHEN t LIKE '-%' THEN '-' ELSE '' END, "
        f"'digits', concat({whole}, {behind}), 'point', length({whole}) + {exponent})"
    )
    number = let(cut, "n", let(_placed(), "p", _value(rounds)))
    return let(bare, "t", f"CASE WHEN {matches('t', _NUMBER)} THEN {number} ELSE {_NONE} END")


def _group(value: str, pattern: str) -> str:
    return f"regexp_extract({value}, {text(pattern)}, 1)"


def _placed() -> str:
    """The digits before and behind the point, without zeros that say nothing."""
    long = "length(n.digits)"
    whole = (
        f"CASE WHEN n.point <= 0 THEN '' WHEN n.point >= {long} "
        f"THEN rpad(n.digits, n.point, '0') ELSE substring(n.digits, 1, n.point) END"
    )
    behind = (
        f"CASE WHEN n.point <= 0 THEN concat(repeat('0', -n.point), n.digits) "
        f"WHEN n.point >= {long} THEN '' ELSE substring(n.digits, n.point + 1) END"
    )
    return (
        f"named_struct('whole', regexp_replace({whole}, '^0+', ''), "
        f"'behind', regexp_replace({behind}, '0+$', ''))"
    )


def _value(rounds: bool) -> str:
    kept = f"rpad(substring(p.behind, 1, {SCALE}), {SCALE}, '0')"
    exact = f"try_cast(concat(n.sign, '0', p.whole, '.', {kept}) AS {DECIMAL})"
    rest = f"substring(p.behind, {SCALE + 1})"
    up = (
        f"({rest} > '5' OR ({rest} = '5' AND "
        f"substring(concat(p.whole, {kept}), -1) IN ('1', '3', '5', '7', '9')))"
    )
    # In units of the last decimal, so that one more can be added without a rounding of Spark's.
    units = f"try_cast(concat('0', p.whole, {kept}) AS DECIMAL(38,0))"
    next_up = f"lpad(CAST(try_add({units}, CAST(1 AS DECIMAL(38,0))) AS STRING), 39, '0')"
    higher = (
        f"try_cast(concat(n.sign, substring({next_up}, 1, 21), '.', substring({next_up}, 22)) "
        f"AS {DECIMAL})"
    )
    rounded = (
        let(
            f"CASE WHEN {up} THEN {higher} ELSE {exact} END",
            "v",
            "named_struct('value', v, 'rounded', v IS NOT NULL)",
        )
        if rounds
        else _NONE
    )
    return (
        f"CASE WHEN length(p.whole) > {WHOLE} THEN {_NONE} "
        f"WHEN length(p.behind) <= {SCALE} THEN named_struct('value', {exact}, 'rounded', false) "
        f"ELSE {rounded} END"
    )
