"""The kinds of reference data: one TOML file each in kinds/, read into these classes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from focus_lake import resources
from focus_lake.reference.types import TYPES

DERIVED = "derived"  # of a kind that follows from others and has no files


@dataclass(frozen=True)
class Column:
    """One column. type: a name of types.TYPES; one_of: the only values allowed, if any are named;
    default: text that an empty cell stands for."""

    name: str
    type: str
    description: str
    required: bool = False
    one_of: tuple[str, ...] = ()
    default: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"{self.name}: type {self.type!r} is not one of {', '.join(TYPES)}")
        object.__setattr__(self, "one_of", tuple(self.one_of))


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    name: folder under reference/; called: the NAME of focus_NAME and focus_reference_NAME;
    one_row: what a row is, for the first line of the view;
    set: kinds of one set keep or change their revisions together;
    key: columns that tell rows apart; period: the two columns from and until, if rows of one key
    may follow each other in time;
    format: csv; or toml with `rows` as name of its [[tables]]; or derived, with `rows` as the
    function (rows of every other kind, months of the ledger) that makes its rows.
    """

    name: str
    one_row: str
    set: str
    columns: tuple[Column, ...]
    called: str = ""
    format: str = "csv"
    rows: str = ""
    key: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    placeholders: str = ""
    remedy: str = field(default="")

    @property
    def folder(self) -> str:
        return f"reference/{self.name}"

    @property
    def checked(self) -> str:
        return f"checked/{self.name}"

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]


@cache
def table() -> dict[str, Kind]:
    """Every kind by name, sorted."""
    files = sorted(resources.data("reference", "kinds").iterdir(), key=lambda file: file.name)
    found = [_kind(file.read_text(encoding="utf-8")) for file in files if _is_toml(file.name)]
    return {kind.name: kind for kind in found}


def of_set(name: str) -> list[Kind]:
    """The kinds that move together."""
    return [kind for kind in table().values() if kind.set == name]


def sets() -> list[str]:
    """The names of all sets, sorted."""
    return sorted({kind.set for kind in table().values()})


def function(path: str) -> Callable:
    """The function that a kind names as ``module:function``."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _kind(text: str) -> Kind:
    data = tomllib.loads(text)
    columns = tuple(Column(**item) for item in data.pop("column"))
    data.setdefault("called", data["name"])
    lists: dict[str, Any] = {
        key: tuple(data[key]) for key in ("key", "period", "checks") if key in data
    }
    return Kind(**{**data, **lists, "columns": columns})
