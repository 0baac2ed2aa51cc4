"""Read a declaration's TOML files into dataclasses; every error names the file and the key."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from focus_lake.declare.model import Constant
from focus_lake.errors import DeclarationError
from focus_lake.spec.columns import did_you_mean

Key = tuple[str | int, ...]

_KINDS = {
    dict: "a table",
    list: "a list",
    str: "a text",
    date: "a date",
    int: "a whole number",
    bool: "true or false",
}


class _Fraction(Decimal):
    """A number of the file with all its digits; told in messages as it is written."""

    def __repr__(self) -> str:
        return str(self)


@dataclass
class Settings:
    """The keys of one declaration, merged from one or more files.

    files: which file set a key and all keys below it that have no entry of their own.
    """

    tables: dict[str, Any] = field(default_factory=dict)
    files: dict[Key, str] = field(default_factory=dict)

    def add(self, file: str, text: str) -> None:
        """Lay the keys of another file over these: tables key by key, all else as a whole."""
        try:
            added = tomllib.loads(text, parse_float=_Fraction)
        except tomllib.TOMLDecodeError as error:
            raise DeclarationError(f"{file}: not a TOML file: {error}") from error
        self.files.setdefault((), file)
        self._lay(added, self.tables, (), file)

    def _lay(self, over: dict, under: dict, at: Key, file: str) -> None:
        for name, value in over.items():
            key = (*at, name)
            below = under.get(name)
            if isinstance(value, dict) and isinstance(below, dict):
                self._lay(value, below, key, file)
            else:
                under[name] = value
                self.files[key] = file

    def error(self, key: Key, problem: str) -> DeclarationError:
        """An error that names the file to blame and the key, such as layout.refuse[0].reason."""
        known = next(key[:end] for end in range(len(key), -1, -1) if key[:end] in self.files)
        return DeclarationError(f"{self.files[known]}: {spelled(key)}: {problem}")

    def fingerprint(self, leave_out: tuple[str, ...]) -> str:
        """16 hex digits that change with any key but the top ones left out."""
        kept = {name: value for name, value in self.tables.items() if name not in leave_out}
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def spelled(key: Key) -> str:
    """A key as one reads it in TOML: ``layout.refuse[0].reason``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


def build(kind: type, settings: Settings, **given: Any) -> Any:
    """The dataclass of this kind, its fields taken from the keys of the same names.

    given: fields that are not keys of the file.

    DeclarationError for a key that is not a field, a field without key or default, and a value of
    another type than the field's.
    """
    return _table(kind, settings.tables, (), settings, **given)


def _table(kind: type, value: Any, key: Key, settings: Settings, **given: Any) -> Any:
    _expect(value, dict, key, settings)
    hints = get_type_hints(kind)
    settable = {one.name: one for one in fields(kind) if one.name not in given}
    for name in value:
        if name not in settable:
            raise settings.error((*key, name), f"unknown key{did_you_mean(name, settable)}")
    for name, one in settable.items():
        required = one.default is MISSING and one.default_factory is MISSING
        if required and name not in value:
            raise settings.error((*key, name), f"missing key{_meaning(kind, name)}")
    read = {n: _value(hints[n], inner, (*key, n), settings) for n, inner in value.items()}
    return kind(**read, **given)


def _meaning(kind: type, name: str) -> str:
    """What a key means, as the docstring of its class says: name: words; next: ..."""
    found = re.search(rf"^ *{name}: (.+?)(?:;\n|\.\n|\Z)", kind.__doc__ or "", re.S | re.M)
    return ": " + " ".join(found[1].split()) if found else ""


def _value(hint: Any, value: Any, key: Key, settings: Settings) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is UnionType:
        (hint,) = (one for one in args if one is not NoneType)
        return _value(hint, value, key, settings)
    if origin is Literal:
        return _one_of(args, value, key, settings)
    if origin is tuple:
        _expect(value, list, key, settings)
        return tuple(_value(args[0], one, (*key, n), settings) for n, one in enumerate(value))
    if origin is dict:
        _expect(value, dict, key, settings)
        return {name: _value(args[1], one, (*key, name), settings) for name, one in value.items()}
    if origin is re.Pattern:
        return _pattern(value, key, settings)
    if hint is Constant:
        return _constant(value, key, settings)
    if isinstance(hint, type) and is_dataclass(hint):
        return _table(hint, value, key, settings)
    return _expect(value, hint, key, settings)


def _expect(value: Any, kind: type, key: Key, settings: Settings) -> Any:
    if type(value) is not kind:  # no isinstance: true is not a number, a time is not a date
        raise settings.error(key, f"{value!r} is not {_KINDS[kind]}")
    return value


def _constant(value: Any, key: Key, settings: Settings) -> Constant:
    """A constant as the text that [defaults] would have: 1.50, true, 2026-01-31T00:00:00+00:00."""
    if isinstance(value, dict | list):
        raise settings.error(key, f"{value!r} is not text, number, time, true or false")
    if isinstance(value, bool):
        return Constant("true" if value else "false")
    if isinstance(value, Decimal):
        return Constant(f"{value:f}")
    return Constant(value.isoformat() if isinstance(value, date | datetime | time) else value)


def _one_of(choices: tuple[str, ...], value: Any, key: Key, settings: Settings) -> str:
    if value not in choices:
        near = did_you_mean(str(value), choices)
        raise settings.error(key, f"{value!r} is not one of {', '.join(choices)}{near}")
    return value


def _pattern(value: Any, key: Key, settings: Settings) -> re.Pattern[str]:
    try:
        return re.compile(_expect(value, str, key, settings))
    except re.error as error:
        raise settings.error(key, f"{value!r} is not a regular expression: {error}") from error
