"""Values that a source leaves out or misspells: filled and repaired by rules that are data.

Every function takes the columns made so far (name -> one value a row), changes them in place and
gives the notes for x_SourceChanges: arrays with one text a row, null where nothing was changed.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.declare.defaults import value_of as default_of
from focus_lake.declare.model import Declaration
from focus_lake.resources import data
from focus_lake.spec import columns as column_table
from focus_lake.spec import source_changes
from focus_lake.spec.columns import arrow_type

STRING = arrow_type("string")
NULL = pa.nulls(1, STRING)[0]  # pa.scalar would load pandas, half a second of every start
CATEGORY, SUBCATEGORY = "ServiceCategory", "ServiceSubcategory"


def enrich(
    values: dict[str, pa.Array], declaration: Declaration, groups: dict[str, str] | None = None
) -> list[pa.Array]:
    """All of them, in the order in which they build on each other.

    groups: of the file's path and name, by the declaration's layout.
    """
    return [
        *_spellings(values),
        *_constants(values, declaration),
        *_from_path(values, declaration, groups or {}),
        *_from_columns(values, declaration),
        *_fills(values),
        *_services(values, declaration),
    ]


@cache
def _allowed() -> dict[str, dict[str, str]]:
    """Column with allowed values -> casefolded value -> value as FOCUS spells it."""
    return {
        column.name: {value.casefold(): value for value in column.allowed_values}
        for column in column_table.focus()
        if column.allowed_values
    }


def _spellings(values: dict[str, pa.Array]) -> list[pa.Array]:
    """Allowed values in the wrong case; any other value is kept for the conformance checks."""
    notes = []
    for column, allowed in _allowed().items():
        words = values[column]
        if words.null_count == len(words):
            continue
        encoded = words.dictionary_encode()
        old = encoded.dictionary.to_pylist()
        new = [allowed.get(word.casefold(), word) for word in old]
        if new != old:
            pairs = zip(old, new, strict=True)
            changed = [f"{column}: {a} -> {b}" if a != b else None for a, b in pairs]
            values[column] = pa.array(new, STRING).take(encoded.indices)
            notes.append(pa.array(changed, STRING).take(encoded.indices))
    return notes


def _constants(values: dict[str, pa.Array], declaration: Declaration) -> list[pa.Array]:
    """[defaults], and the constants of [fills]."""
    notes, known = [], {column.name: column for column in declaration.columns}
    for column, text in declaration.constants.items():
        missing = pc.is_null(values[column])
        if pc.any(missing).as_py():
            value = default_of(known[column], text)
            filled = pa.scalar(value, values[column].type)
            values[column] = pc.if_else(missing, filled, values[column])
            notes.append(_note(missing, f"{column}: {text} by declaration"))
    return notes


def _from_path(
    values: dict[str, pa.Array], declaration: Declaration, groups: dict[str, str]
) -> list[pa.Array]:
    notes = []
    for column, fill in declaration.fills.items():
        text = "" if fill.path is None else path_text(fill.path, groups)
        missing = pc.is_null(values[column])
        if text and pc.any(missing).as_py():
            values[column] = pc.if_else(missing, pa.scalar(text, STRING), values[column])
            notes.append(_note(missing, f"{column}: {text} by path"))
    return notes


def path_text(pattern: str, groups: dict[str, str]) -> str:
    """A text with groups of the layout filled in; a group that took no part is empty."""
    return pattern.format_map(defaultdict(str, groups)).strip()


def _from_columns(values: dict[str, pa.Array], declaration: Declaration) -> list[pa.Array]:
    """Columns that the declaration fills from others; a value filled so fills no other."""
    notes, before = [], dict(values)
    for column, fill in declaration.fills.items():
        if fill.column is None:
            continue
        source = before[fill.column]
        fillable = pc.and_(pc.is_null(values[column]), pc.is_valid(source))
        if pc.any(fillable).as_py():
            values[column] = pc.if_else(fillable, source, values[column])
            notes.append(_note(fillable, f"{column}: filled from {fill.column} by declaration"))
    return notes


@cache
def fill_rules() -> tuple[tuple[str, str, str], ...]:
    """(column, the column it is filled from where it is null, last FOCUS version of a source for
    which that is done or ""), in order."""
    rows = csv.DictReader(data("spec", "fills.csv").read_text(encoding="utf-8").splitlines())
    return tuple((row["column"], row["from"], row["until"]) for row in rows)


def _fills(values: dict[str, pa.Array]) -> list[pa.Array]:
    notes, before = [], dict(values)  # a filled value fills no other
    for column, source, until in fill_rules():
        fillable = pc.and_(pc.is_null(values[column]), pc.is_valid(before[source]))
        if until:
            fillable = pc.and_(fillable, _is_until(until, values["x_SourceFocusVersion"]))
        if pc.any(fillable).as_py():
            values[column] = pc.if_else(fillable, before[source], values[column])
            notes.append(_note(fillable, f"{column}: filled from {source}"))
    return notes


def _is_until(until: str, versions: pa.Array) -> pa.Array:
    """Whether the source of each row is of a FOCUS version up to this one."""
    older = column_table.VERSIONS[: column_table.VERSIONS.index(until) + 1]
    named = pc.unique(versions).to_pylist()
    fit = [text for text in named if column_table.version_in(text) in older]
    return pc.is_in(versions, pa.array(fit, STRING))


@cache
def _catalog(provider: str) -> dict[str, tuple[str, str | None]]:
    """Casefolded service of a provider -> (ServiceCategory, ServiceSubcategory)."""
    rows = csv.DictReader(
        data("spec", "service_catalog.csv").read_text(encoding="utf-8").splitlines()
    )
    return {
        row["service"].casefold(): (row[CATEGORY], row[SUBCATEGORY] or None)
        for row in rows
        if row["provider"] == provider
    }


def _services(values: dict[str, pa.Array], declaration: Declaration) -> list[pa.Array]:
    """Categories from the catalogue of services where the source has none.

    A subcategory is filled only below the category that the catalogue has it under: of AWS's EC2
    some rows are Storage by AWS, and a virtual machine is not storage.
    """
    known, notes = _catalog(declaration.name), []
    for source in declaration.services.columns:
        encoded = values[source].dictionary_encode()
        found = [
            known.get(word.casefold(), (None, None)) for word in encoded.dictionary.to_pylist()
        ]
        category, subcategory = (
            pa.array([pair[place] for pair in found], STRING).take(encoded.indices)
            for place in (0, 1)
        )
        notes += _offer(values, CATEGORY, category, source, pc.is_valid(category))
        fits = pc.equal(values[CATEGORY], category)
        notes += _offer(values, SUBCATEGORY, subcategory, source, fits)
    return notes


def _offer(
    values: dict[str, pa.Array], column: str, offered: pa.Array, source: str, fits: pa.Array
) -> list[pa.Array]:
    """Fill the column where it is null, something is offered and it fits."""
    here = pc.and_(pc.is_null(values[column]), pc.and_(pc.is_valid(offered), fits.fill_null(False)))
    if not pc.any(here).as_py():
        return []
    values[column] = pc.if_else(here, offered, values[column])
    return [_note(here, source_changes.by_catalogue(column, source))]


def _note(where: pa.Array, text: str) -> pa.Array:
    return pc.if_else(where, pa.scalar(text, STRING), NULL)
