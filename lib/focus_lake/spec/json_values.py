"""JSON as bills have it: numbers keep their digits, what is nested becomes compact JSON text."""

from __future__ import annotations

import json


class _Number(str):
    """A JSON number as it was written: 1.10 stays 1.10."""


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# A repeated key: the last value wins, as in Spark, DuckDB and Python alike.
DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_refuse)


def as_text(value: object) -> str:
    """A value that DECODER read, as text: strings and numbers as they were, the rest as JSON."""
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        items = (f"{json.dumps(k, ensure_ascii=False)}:{_json(v)}" for k, v in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
