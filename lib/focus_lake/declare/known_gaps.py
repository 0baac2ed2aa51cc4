"""What a provider is known to leave out or do otherwise: (rule, column) by its declaration.

A finding that is among them is known upstream; any other one is new.
"""

from __future__ import annotations

from collections.abc import Iterator

from focus_lake.declare.model import Declaration, Time
from focus_lake.spec import columns, rules

_ABSENCE = ("required", "not_null", "unit", "needs")  # kinds of rules that a null breaks
_TIMES = ("time_format", "time_zone")
_ISO = "yyyy-MM-dd'T'HH:mm:ss"  # FOCUS's own notation, as declarations write it


def known(declaration: Declaration) -> list[tuple[str, str]]:
    """(rule id, column or header), sorted: listed as gaps, or plain from other settings."""
    return sorted(set(_known(declaration)))


def _known(declaration: Declaration) -> Iterator[tuple[str, str]]:
    gaps = declaration.gaps
    for rule in rules.table():
        yield from ((rule.id, column) for column in gaps.rules.get(rule.id, ()))
        if rule.kind in _ABSENCE:
            # A column that is null in some rows only should at least be there.
            some = () if rule.kind == "required" else gaps.sometimes_null
            absent = (*gaps.always_null, *declaration.constants, *declaration.fills, *some)
            yield from ((rule.id, column) for column in absent)
        if rule.kind in _TIMES and _is_known_of_times(rule.kind, declaration.time):
            times = (c.name for c in columns.focus() if c.data_type == "datetime")
            yield from ((rule.id, column) for column in times)
        if rule.kind == "not_number":
            yield from ((rule.id, column) for column in declaration.repairs)
        if rule.kind == "prefix":
            heads = [x.source for x in declaration.extra_columns.values() if x.source is not None]
            heads += [*declaration.renames, *declaration.tags.columns]
            heads += [f"{prefix}*" for prefix in declaration.tags.every_prefix]
            yield from ((rule.id, head) for head in heads if not head.startswith("x_"))


def _is_known_of_times(kind: str, how: Time) -> bool:
    """Declared to be in another zone, or in notations of which none is FOCUS's."""
    return how.zone != "UTC" or (kind == "time_format" and _ISO not in how.formats)
