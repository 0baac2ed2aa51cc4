"""Values that a source leaves out or misspells, in Spark SQL: the rules are the data files'.

Each function gives a step: SQL by column for what changes, and SQL of notes, texts that say what
was changed and are null where nothing was. Its SQL reads the columns as the step before left them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime

from focus_lake.declare.model import Declaration, Repair
from focus_lake.frames.files import spelled
from focus_lake.frames.sql import first_of, fold, let, look_up, matches, name, text, texts
from focus_lake.resources import data
from focus_lake.spec.columns import VERSIONS, focus

CATEGORY, SUBCATEGORY = "ServiceCategory", "ServiceSubcategory"
OFFERED = "_offered"  # columns between two steps, what the catalogue has for a service:
_AND = "\ufdd3"  # category, this (which is no character), subcategory


@dataclass
class Step:
    """changes: column -> its new value; notes: in the order in which they are told."""

    changes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def repaired(word: str, repair: Repair) -> str:
    """A word as the declaration repairs it: a number where a name should stand."""
    named = [look_up(repair.table, word), *([text(repair.value)] if repair.value else [])]
    number = matches(word, r"\p{Nd}+")
    return f"CASE WHEN {number} THEN {first_of([*named, word])} ELSE {word} END"


def spellings() -> Step:
    """Allowed values in the wrong case; any other value stays."""
    step = Step()
    for column in focus():
        if not column.allowed_values:
            continue
        old = name(column.name)
        by_fold = {value.casefold(): value for value in column.allowed_values}
        wrong = f"{old} NOT IN ({texts(column.allowed_values)})"
        right = look_up(by_fold, fold(old))
        step.changes[column.name] = (
            f"CASE WHEN {wrong} THEN coalesce({right}, {old}) ELSE {old} END"
        )
        told = f"concat({text(column.name + ': ')}, {old}, ' -> ', {right})"
        step.notes.append(f"CASE WHEN {wrong} THEN {told} END")
    return step


def defaults(declaration: Declaration) -> Step:
    """Constants where the source has nothing: of [defaults] and of [fills]."""
    step = Step()
    kinds = {column.name: column.stored for column in declaration.columns}
    constants = dict(declaration.defaults)
    for column, fill in declaration.fills.items():
        if fill.constant is not None:
            constants[column] = str(fill.constant)
    for column, value in constants.items():
        typed = text(value)
        if kinds[column] == "decimal":
            typed = f"CAST({typed} AS DECIMAL(38,18))"
        elif kinds[column] == "timestamp":  # has its zone with it
            moment = datetime.fromisoformat(value).astimezone(UTC)
            typed = f"TIMESTAMP_NTZ'{moment:%Y-%m-%d %H:%M:%S.%f}'"
        step.changes[column] = f"coalesce({name(column)}, {typed})"
        step.notes.append(_note(f"{name(column)} IS NULL", f"{column}: {value} by declaration"))
    return step


def from_path(declaration: Declaration) -> Step:
    """Texts made of groups of the file's path, where the source has nothing."""
    step = Step()
    for column, fill in declaration.fills.items():
        if fill.path is not None:
            made = f"nullif({spelled(declaration.layout, fill.path, '_file')}, '')"
            fires = f"{name(column)} IS NULL AND {made} IS NOT NULL"
            step.changes[column] = f"coalesce({name(column)}, {made})"
            told = f"concat({text(column + ': ')}, {made}, ' by path')"
            step.notes.append(f"CASE WHEN {fires} THEN {told} END")
    return step


def from_columns(declaration: Declaration) -> Step:
    """Columns that the declaration fills from others; all are filled at once."""
    step = Step()
    for column, fill in declaration.fills.items():
        if fill.column is not None:
            fires = f"{name(column)} IS NULL AND {name(fill.column)} IS NOT NULL"
            step.changes[column] = f"coalesce({name(column)}, {name(fill.column)})"
            told = f"{column}: filled from {fill.column} by declaration"
            step.notes.append(_note(fires, told))
    return step


def fills() -> Step:
    """Columns of one FOCUS version from those of another; a filled value fills no other."""
    step = Step()
    before: dict[str, list[str]] = {}
    for row in csv.DictReader(data("spec", "fills.csv").read_text(encoding="utf-8").splitlines()):
        column, source, until = row["column"], row["from"], row["until"]
        fits = f"{name(source)} IS NOT NULL" + (f" AND {_is_until(until)}" if until else "")
        earlier = before.setdefault(column, [])
        fires = f"{name(column)} IS NULL AND {fits}"
        fires += "".join(f" AND NOT ({other})" for other in earlier)
        earlier.append(fits)
        here = f"CASE WHEN {fires} THEN {name(source)} END"
        step.changes[column] = f"coalesce({step.changes.get(column, name(column))}, {here})"
        step.notes.append(_note(fires, f"{column}: filled from {source}"))
    return step


def _is_until(version: str) -> str:
    older = VERSIONS[: VERSIONS.index(version) + 1]
    number = text("^v?([0-9]+[.][0-9]+)")
    named = f"regexp_extract(`x_SourceFocusVersion`, {number}, 1)"
    return f"coalesce({named} IN ({texts(older)}), false)"


def offers(declaration: Declaration) -> Step:
    """What the catalogue of services has for each column that may name a service."""
    step, known = Step(), dict[str, str | None]()
    for row in csv.DictReader(
        data("spec", "service_catalog.csv").read_text(encoding="utf-8").splitlines()
    ):
        if row["provider"] == declaration.name:
            known[row["service"].casefold()] = f"{row[CATEGORY]}{_AND}{row[SUBCATEGORY]}"
    for number, source in enumerate(declaration.services.columns):
        found = let(fold(name(source)), "service", look_up(known, "service"))
        step.changes[f"{OFFERED}{number}"] = found
    return step


def services(declaration: Declaration) -> Step:
    """Categories from the catalogue where the source has none; a subcategory only below its own."""
    step, category, subcategory = Step(), name(CATEGORY), name(SUBCATEGORY)
    for number, source in enumerate(declaration.services.columns):
        both, between = name(f"{OFFERED}{number}"), text(_AND)
        offer = f"substring_index({both}, {between}, 1)"
        below = f"nullif(substring_index({both}, {between}, -1), '')"
        told = f"{CATEGORY}: by catalogue from {source}"
        step.notes.append(_note(f"{category} IS NULL AND {offer} IS NOT NULL", told))
        category = f"coalesce({category}, {offer})"
        told = f"{SUBCATEGORY}: by catalogue from {source}"
        fits = f"{subcategory} IS NULL AND {below} IS NOT NULL AND {category} = {offer}"
        step.notes.append(_note(fits, told))
        subcategory = f"CASE WHEN {fits} THEN {below} ELSE {subcategory} END"
    step.changes = {CATEGORY: category, SUBCATEGORY: subcategory}
    return step


def _note(condition: str, told: str) -> str:
    return f"CASE WHEN {condition} THEN {text(told)} END"
